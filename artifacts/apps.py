"""Material that comes out of chats."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate
from django.utils.translation import gettext_lazy as _


class ArtifactsConfig(AppConfig):
    name = "artifacts"
    verbose_name = _("Artifacts")

    def ready(self) -> None:
        from artifacts.backup import ARTIFACTS
        from artifacts.cached import warm_up, watch_writes
        from artifacts.generation.make import keep, make
        from artifacts.insights import checks  # noqa: F401 (registers itself)
        from artifacts.queries import artifact_row, mirrored_artifacts
        from chats.replies import makers
        from eduhu import events
        from eduhu.cache import warming
        from eduhu.mirror import capture
        from eduhu.mirror.backup import tables

        makers.register(make, keep)
        watch_writes()
        warming.foresee(warm_up)
        post_migrate.connect(_install_triggers, sender=self)
        events.register_table("artifacts", artifact_row)
        capture.register(
            capture.Source(self.get_model("Artifact"), mirrored_artifacts, "created_at")
        )
        tables.register(ARTIFACTS)
        # A chat takes its artifacts with it, so deletions are told from the model.
        post_delete.connect(_tell_deleted, sender=self.get_model("Artifact"))


def _tell_deleted(instance: Any, **_kwargs: Any) -> None:
    from eduhu import events

    events.row_changed(instance.teacher_id, "artifacts", instance.pk)


def _install_triggers(using: str, **_kwargs: Any) -> None:
    from artifacts.triggers import install

    install(using)
