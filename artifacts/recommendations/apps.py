"""Recommendations, an app of its own within artifacts."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class RecommendationsConfig(AppConfig):
    name = "artifacts.recommendations"
    label = "recommendations"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        from artifacts.recommendations.tasks import embed_waiting
        from chats import tasks

        post_migrate.connect(_install_triggers, sender=self)
        tasks.also_wake(embed_waiting)


def _install_triggers(using: str, **_kwargs: Any) -> None:
    from artifacts.recommendations import triggers

    triggers.install(using)
