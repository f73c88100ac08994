"""The console, an app of its own within monitoring."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    name = "monitoring.console"
    label = "console"
    verbose_name = _("Console")

    def ready(self) -> None:
        from eduhu import companions
        from monitoring.console import failures, logbook

        companions.register(logbook.Logbook)
        logbook.keep_celery()
        failures.note_failures()
