"""The app that holds what no single product app owns: commands, checks, translations."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class EduhuConfig(AppConfig):
    name = "eduhu"
    verbose_name = "eduhu"

    def ready(self) -> None:
        from eduhu import checks, environments, roles, telemetry, tracing  # noqa: F401 (has its own checks)

        pre_migrate.connect(environments.before_migrate, sender=self)
        post_migrate.connect(environments.after_migrate, sender=self)
        post_migrate.connect(roles.install, sender=roles.last_app())

        telemetry.start_sentry()
        tracing.start_tracing()
