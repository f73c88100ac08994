"""The app that holds what no single product app owns: commands, checks, translations."""

from django.apps import AppConfig


class EduhuConfig(AppConfig):
    name = "eduhu"
    verbose_name = "eduhu"

    def ready(self) -> None:
        from eduhu import checks, telemetry, tracing  # noqa: F401 (registers the checks)

        telemetry.start_sentry()
        tracing.start_tracing()
