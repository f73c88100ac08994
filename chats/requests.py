"""From a client's JSON to a Question: the shapes that `/api/chat` and the socket accept."""

import uuid
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from chats.actions import Question
from chats.models import Role
from eduhu.errors import EmptyMessage, InvalidInput, MessageTooLong

MAX_TURNS = 500


def parse_question(data: dict[str, Any]) -> Question:
    """Read `{"messages": [...], …}` or the short form `{"content": …}`.

    Raises InvalidInput, EmptyMessage or MessageTooLong.
    """
    turns = _turns(data)
    content = turns[-1]["content"]
    if not content.strip():
        raise EmptyMessage
    return Question(
        content=content,
        chat_id=parse_id(data, "chat_id"),
        message_id=parse_id(data, "message_id"),
        model=optional_text(data, "model"),
        context=[turn for turn in turns[:-1] if turn["content"]],
    )


def _turns(data: dict[str, Any]) -> list[dict[str, str]]:
    if "messages" not in data:
        return [{"role": Role.USER.value, "content": _content(data, "content")}]
    turns = data["messages"]
    if not isinstance(turns, list) or not 0 < len(turns) <= MAX_TURNS:
        raise _invalid("messages", _("A list of 1 to 500 messages is needed."))
    parsed = [_turn(turn) for turn in turns]
    if parsed[-1]["role"] != Role.USER:
        raise _invalid("messages", _("The last message must be the teacher's (role `user`)."))
    return parsed


def _turn(turn: Any) -> dict[str, str]:
    if not isinstance(turn, dict):
        raise _invalid("messages", _("Each message is an object with `role` and `content`."))
    role = turn.get("role")
    if role not in Role.values:
        raise _invalid("role", _("The role must be user, assistant or system."))
    return {"role": role, "content": _content(turn, "content")}


def _content(data: dict[str, Any], name: str) -> str:
    content = data.get(name)
    if content is None:
        raise EmptyMessage
    if not isinstance(content, str):
        raise _invalid(name, _("This must be text."))
    if len(content) > settings.MAX_MESSAGE_CHARACTERS:
        raise MessageTooLong
    return content


def parse_id(data: dict[str, Any], name: str) -> uuid.UUID | None:
    """Read an optional UUID. Raises InvalidInput."""
    value = data.get(name)
    if value is None:
        return None
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise _invalid(name, _("This must be a UUID.")) from error


def optional_text(data: dict[str, Any], name: str) -> str | None:
    """Read an optional text. Raises InvalidInput."""
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise _invalid(name, _("This must be text."))
    return value


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors={field: [message]})
