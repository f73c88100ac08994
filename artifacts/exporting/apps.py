"""Long exports, an app of its own within artifacts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportingConfig(AppConfig):
    name = "artifacts.exporting"
    label = "exporting"
    verbose_name = _("Exports")
