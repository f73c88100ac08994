"""How long each kind of content may be served from a cache."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Content(StrEnum):
    """What is cached, by how it is used."""

    EDUCATIONAL = "educational content"
    CHATS = "chat metadata"
    MESSAGES = "recent messages"
    PREFERENCES = "preferences"


TTL_SECONDS = {
    Content.EDUCATIONAL: 30 * 60,
    Content.CHATS: 10 * 60,
    Content.MESSAGES: 2 * 60,
    Content.PREFERENCES: 60 * 60,
}
REFRESH_FROM, REFRESH_TO = 0.80, 0.95  # the part of its life after which a value in use is renewed
MEMORY_SECONDS = 2.0  # how long process memory may not know of a write elsewhere


@dataclass(frozen=True, slots=True)
class Entry:
    """A value as JSON, served from `loaded_at` (seconds since 1970) until exactly its TTL.

    `version` is that of its scope when loading began. Who is served after
    `refresh_at` has it loaded again in the background; that moment is drawn for each
    entry, so that what was loaded together is not loaded again together.
    """

    value: bytes
    version: str | None
    loaded_at: float
    refresh_at: float
    expires_at: float
    is_warmed: bool = False  # loaded before anybody had asked

    @classmethod
    def of(
        cls,
        content: Content,
        value: bytes,
        version: str | None,
        loaded_at: float,
        *,
        is_warmed: bool = False,
    ) -> "Entry":
        """Return a fresh entry; nothing written after `loaded_at` is in its value."""
        ttl = TTL_SECONDS[content]
        early = random.uniform(REFRESH_FROM, REFRESH_TO)
        refresh_at, expires_at = loaded_at + early * ttl, loaded_at + ttl
        return cls(value, version, loaded_at, refresh_at, expires_at, is_warmed)
