"""Which teacher a bearer token belongs to: one query, or none for a token seen just now.

What is known is kept for at most `KEPT_SECONDS`, in this process only. It is
dropped at once when the token is revoked or the teacher changes here; other
processes notice when their entry is too old.
"""

import copy
import time
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from knox.crypto import hash_token
from knox.models import AuthToken

from eduhu.compiled import Param, Select
from eduhu.db import now
from eduhu.errors import NotAuthenticated
from eduhu.named_queries import named_query
from eduhu.threads import in_thread
from teachers.models import Teacher

KEPT_SECONDS = 5.0
MAX_ENTRIES = 10_000
MAX_TOKEN_LENGTH = 256


@dataclass(frozen=True, slots=True)
class _Entry:
    auth: AuthToken
    until: float


_entries: dict[str, _Entry] = {}
_TOKEN = Select(AuthToken.objects.select_related("user").filter(digest=Param(AuthToken, "digest")))


def find_token(token: str) -> AuthToken:
    """Return the token with its teacher. Raises NotAuthenticated: unknown, expired, inactive."""
    digest = _digest(token)
    return _remembered(digest) or _look_up(digest)


def _digest(token: str) -> str:
    if not token.isascii() or len(token) > MAX_TOKEN_LENGTH:
        raise NotAuthenticated
    return str(hash_token(token))


def _remembered(digest: str) -> AuthToken | None:
    entry = _entries.get(digest)
    if entry is None or entry.until < time.monotonic():
        return None
    return _own_copy(_checked(entry.auth))


def _own_copy(auth: AuthToken) -> AuthToken:
    # What one request loads onto its teacher must not be seen by the next.
    mine = copy.copy(auth)
    mine.user = copy.copy(auth.user)
    return mine


@named_query("tokens.find")
def _look_up(digest: str) -> AuthToken:
    auth = _checked(_TOKEN.first(digest=digest))
    if len(_entries) >= MAX_ENTRIES:
        _entries.clear()
    _entries[digest] = _Entry(auth, time.monotonic() + KEPT_SECONDS)
    return _own_copy(auth)


def _checked(auth: AuthToken | None) -> AuthToken:
    if auth is None or not auth.user.is_active:
        raise NotAuthenticated
    if auth.expiry is not None and auth.expiry < now():
        raise NotAuthenticated
    return auth


async def authenticate_token(token: str) -> Teacher:
    """Return the teacher of a token, without a thread for one seen just now.

    Raises NotAuthenticated.
    """
    digest = _digest(token)
    auth = _remembered(digest) or await in_thread(_look_up)(digest)
    return auth.user


def forget_teacher(teacher_id: uuid.UUID) -> None:
    """Forget the tokens of a teacher in this process."""
    for digest, entry in list(_entries.items()):
        if entry.auth.user_id == teacher_id:
            _entries.pop(digest, None)


def forget_changed(instance: Teacher | AuthToken, **_kwargs: Any) -> None:
    """Forget what a saved teacher or a deleted token has made untrue (signal receiver)."""
    teacher_id = instance.pk if isinstance(instance, Teacher) else instance.user_id
    forget_teacher(teacher_id)
    # Once more after the commit: until then a request may have looked up the old row.
    transaction.on_commit(partial(forget_teacher, teacher_id))
