"""Kill switches."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SwitchesConfig(AppConfig):
    name = "eduhu.switches"
    label = "switches"
    verbose_name = _("Switches")

    def ready(self) -> None:
        from eduhu import companions
        from eduhu.switches.reader import Reader

        companions.register(Reader)
