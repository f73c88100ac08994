"""The library, an app of its own within artifacts."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class LibraryConfig(AppConfig):
    name = "artifacts.library"
    label = "library"
    verbose_name = _("Library")

    def ready(self) -> None:
        from artifacts.library.sharing import welcome

        post_migrate.connect(_install_triggers, sender=self)
        post_save.connect(welcome, sender="teachers.Teacher")


def _install_triggers(using: str, **_kwargs: Any) -> None:
    from artifacts.library import triggers
    from artifacts.library.search import triggers as search_triggers

    triggers.install(using)
    search_triggers.install(using)
