"""Alerts, an app of its own within monitoring."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    name = "monitoring.alerts"
    label = "alerts"
    verbose_name = _("Alerts")

    def ready(self) -> None:
        from eduhu import companions
        from monitoring.alerts import checks, watch  # noqa: F401 (the checks register themselves)

        companions.register(watch.Watch)
        watch.watch_celery()
