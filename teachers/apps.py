"""Who is asking."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeachersConfig(AppConfig):
    name = "teachers"
    verbose_name = _("Teachers")

    def ready(self) -> None:
        from eduhu import events
        from teachers import schema  # noqa: F401 (registers itself)
        from teachers.queries import preferences_row

        events.register_table("teacher_preferences", preferences_row)
