"""Which warmed entries somebody has asked for: each counts once, in all processes together."""

import threading

from eduhu.cache import shared, stats
from eduhu.cache.policies import Content, Entry

MAX_NOTED = 20_000

_lock = threading.Lock()
_noted: dict[tuple[str, float], Content] = {}


def note(key: str, content: Content, entry: Entry) -> None:
    """Remember that a warmed entry was asked for; costs no call."""
    with _lock:
        if len(_noted) < MAX_NOTED:
            _noted[key, entry.loaded_at] = content


def settle() -> None:
    """Count the entries that nobody, here or elsewhere, has asked for before."""
    global _noted
    with _lock:
        taken, _noted = _noted, {}
    for (key, loaded_at), content in taken.items():
        if shared.is_first_use(key, loaded_at):
            stats.count(content, "warmed_used")
