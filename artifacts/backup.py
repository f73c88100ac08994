"""Artifacts in backups."""

from collections.abc import Mapping

from artifacts.models import Artifact
from chats.backup import CHAT_LABELS
from eduhu.mirror.backup.tables import Link, Parent, Table, Values


def _keep_with_message(values: Values, parents: Mapping[str, Parent]) -> list[str]:
    """An artifact is in the chat of its message, or has none."""
    message = parents.get("message_id")
    if message is None:
        return []
    if values.get("chat_id") is None:
        values["chat_id"] = message.links["chat_id"]
    if values["chat_id"] == message.links["chat_id"]:
        return []
    values["message_id"] = None
    return ["message_id was cut: that row is of another chat"]


ARTIFACTS = Table(
    model=Artifact,
    columns=(
        "chat_id", "message_id", "title", "content", "artifact_type", "created_at", "teacher_id",
    ),
    times=("created_at",),
    links={"chat_id": Link("chats"), "message_id": Link("messages")},
    namespaces=("artifacts",),
    labels={
        "chat_id": CHAT_LABELS,
        "message_id": ("message_id", "message"),
        "teacher_id": ("teacher_id", "teacher"),
    },
    mend=_keep_with_message,
)  # fmt: skip
