"""Replies that make more than text: an app above this one registers who makes and who keeps it."""

import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from chats.providers.base import Finish, Prompt, Provider
from teachers.models import Teacher

Wish = dict[str, Any]  # what is wanted, in the words of the app that makes it
Document = dict[str, Any]
Make = Callable[[Provider, Prompt], AsyncGenerator[str | Finish, None]]


@dataclass(frozen=True, slots=True)
class Kept:
    """For whom a document is kept, and where: ids that were reserved with the reply."""

    teacher: Teacher
    artifact_id: uuid.UUID
    message_id: uuid.UUID
    wish: Wish


Keep = Callable[[Kept, Document], None]
_registered: list[tuple[Make, Keep]] = []


def register(make: Make, keep: Keep) -> None:
    """Name who makes what is wished, and who keeps it in the transaction that ends the reply."""
    _registered[:] = [(make, keep)]


def stream(provider: Provider, prompt: Prompt) -> AsyncGenerator[str | Finish, None]:
    """Yield the reply to `prompt`: the provider's, or where something is wished, the maker's."""
    if prompt.wish is None:
        return provider.stream(prompt)
    [(make, _keep)] = _registered
    return make(provider, prompt)


def keep(kept: Kept, document: Document) -> None:
    """Keep what was made."""
    [(_make, keep_it)] = _registered
    keep_it(kept, document)
