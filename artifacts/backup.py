"""Artifacts in backups."""

from collections.abc import Mapping

from artifacts.documents import recognise
from artifacts.models import Artifact
from chats.backup import CHAT_LABELS
from eduhu.mirror.backup.tables import Link, Parent, Table, Values


def _mend(values: Values, parents: Mapping[str, Parent]) -> list[str]:
    """Content says itself what kind it is; an artifact is in the chat of its message."""
    if "content" in values and "artifact_type" in values:
        values["kind"] = recognise(values["content"], values["artifact_type"])
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
        "chat_id", "message_id", "title", "content", "kind", "artifact_type", "created_at",
        "teacher_id",
    ),
    times=("created_at",),
    links={"chat_id": Link("chats"), "message_id": Link("messages")},
    namespaces=("artifacts",),
    labels={
        "chat_id": CHAT_LABELS,
        "message_id": ("message_id", "message"),
        "teacher_id": ("teacher_id", "teacher"),
    },
    mend=_mend,
)  # fmt: skip
