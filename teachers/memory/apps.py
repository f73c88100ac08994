"""Memory, an app of its own within teachers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MemoryConfig(AppConfig):
    name = "teachers.memory"
    label = "memory"
    verbose_name = _("Memory")
