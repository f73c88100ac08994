"""E-mails, an app of its own within teachers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailConfig(AppConfig):
    name = "teachers.mail"
    label = "mail"
    verbose_name = _("E-mails")
