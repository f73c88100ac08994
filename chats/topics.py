"""The topics of a chat: stable codes, with names in German and English."""

from django.utils.translation import gettext_lazy as _

TOPICS = {
    "lesson_planning": _("Lesson planning"),
    "classroom_management": _("Classroom management"),
    "assessment": _("Assessment"),
    "differentiation": _("Differentiation"),
    "parent_communication": _("Parent communication"),
    "curriculum": _("Curriculum"),
    "worksheets": _("Worksheets"),
    "special_needs": _("Special needs"),
    "digital_media": _("Digital media"),
    "other": _("Other"),
}

TOPIC_CHOICES = list(TOPICS.items())
