"""The schema and the permissions of our app in InstantDB.

Flat tables; what is queried or ordered by is indexed and typed. Nobody may write but
the administrator, and a teacher sees only what is theirs.
"""

from dataclasses import dataclass
from typing import Any

from eduhu.mirror.client import InstantClient
from eduhu.mirror.documents import REVISION
from eduhu.mirror.failures import Closed


@dataclass(frozen=True, slots=True)
class _Attribute:
    """An attribute; only what an index holds is bounded in size (1024 bytes).

    None is required: InstantDB adds no such attribute to a namespace that has rows.
    """

    type: str
    indexed: bool = False
    unique: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as InstantDB writes it."""
        config = {"indexed": self.indexed, "unique": self.unique}
        return {"valueType": self.type, "required": False, "config": config}


_TEXT, _NUMBER = _Attribute("string"), _Attribute("number")
_FLAG, _JSON = _Attribute("boolean"), _Attribute("json")
_ID, _TIME = _Attribute("string", indexed=True), _Attribute("number", indexed=True)
_REVISION = {REVISION: _Attribute("number", indexed=True)}

TABLES: dict[str, dict[str, _Attribute]] = {
    "chats": {
        "teacher_id": _ID,
        "title": _TEXT,
        "created_at": _TIME,
        "updated_at": _TIME,
        "topic_category": _TEXT,
        "message_count": _NUMBER,
        "is_archived": _FLAG,
        **_REVISION,
    },
    "messages": {
        "teacher_id": _ID,
        "chat_id": _ID,
        "content": _TEXT,
        "role": _TEXT,
        "timestamp": _TIME,
        "content_type": _TEXT,
        "token_count": _NUMBER,
        "response_time_ms": _NUMBER,
        "educational_topics": _JSON,
        **_REVISION,
    },
    "artifacts": {
        "teacher_id": _ID,
        "chat_id": _ID,
        "message_id": _TEXT,
        "title": _TEXT,
        "content": _TEXT,
        "artifact_type": _TEXT,
        "created_at": _TIME,
        **_REVISION,
    },
    "teacher_preferences": {
        "teacher_id": _Attribute("string", indexed=True, unique=True),
        "grade_level": _TEXT,
        "subject_areas": _JSON,
        "ai_model_preference": _TEXT,
        "notification_settings": _JSON,
        "updated_at": _TIME,
        **_REVISION,
    },
}


def schema() -> dict[str, Any]:
    """Return the schema, as it is pushed."""
    entities = {
        table: {"attrs": {name: each.as_json() for name, each in attributes.items()}}
        for table, attributes in TABLES.items()
    }
    return {"entities": entities, "links": {}}


def permissions() -> dict[str, Any]:
    """Return the permissions, as they are pushed: without them an app is open to everybody."""
    # Two nulls are equal, so that rows of nobody would belong to whoever is not signed in.
    is_mine = {"isMine": "auth.id != null && auth.id == data.teacher_id"}
    nobody = {"create": "false", "update": "false", "delete": "false"}
    return {
        "$default": {"allow": {"$default": "false"}},
        "attrs": {"allow": {"create": "false"}},
        "$users": {"allow": {"view": "auth.id == data.id", **nobody}},
        **{table: {"allow": {"view": "isMine", **nobody}, "bind": is_mine} for table in TABLES},
    }


def differences(client: InstantClient) -> list[str]:
    """Return what the app lacks or holds otherwise, one line each. Raises MirrorError."""
    lines = missing_in(client.schema())
    found = client.permissions()
    for name, rules in permissions().items():
        if found.get(name) != rules:
            lines.append(f"the permissions of {name} are not ours")
    return lines


def demand(client: InstantClient) -> None:
    """Raise MirrorError unless the app has all of ours: without it everybody could read all."""
    if lines := differences(client):
        raise Closed(f"run `manage.py mirror_schema` ({len(lines)} differences: {lines[0]}, …)")


def missing_in(found: dict[str, Any]) -> list[str]:
    """Return what a pulled schema lacks or holds otherwise, one line each."""
    lines = []
    for table, wanted in schema()["entities"].items():
        attributes = found.get("entities", {}).get(table, {}).get("attrs", {})
        for name, attribute in wanted["attrs"].items():
            if name not in attributes:
                lines.append(f"{table}.{name} is missing")
            elif differs := _difference(attribute, attributes[name]):
                lines.append(f"{table}.{name}: {differs}")
    return lines


def _difference(wanted: dict[str, Any], found: dict[str, Any]) -> str:
    """Untyped attributes are stored as `any`, whatever they were pushed as."""
    type_there = "json" if found.get("valueType") == "any" else found.get("valueType")
    there = {"required": False, **found, "valueType": type_there}
    names = ("valueType", "required", "config")
    return ", ".join(
        f"{name} is {there.get(name)}, not {wanted[name]}"
        for name in names
        if there.get(name) != wanted[name]
    )
