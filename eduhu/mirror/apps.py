"""The mirror to InstantDB."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MirrorConfig(AppConfig):
    name = "eduhu.mirror"
    label = "mirror"
    verbose_name = _("Mirror")

    def ready(self) -> None:
        from eduhu import writes
        from eduhu.mirror import capture, checks  # noqa: F401 (the checks register themselves)

        writes.observe(capture.OBSERVER)
