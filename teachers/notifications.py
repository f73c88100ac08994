"""Of what teachers are told unasked, by e-mail or on a page, and who wants it.

`notification_settings` holds a switch for each, true or false; what it does not hold is
as it stands here. Other members, which imports may bring, mean nothing.
"""

from collections.abc import Mapping
from typing import Any

SWITCHES = {
    "export_ready": True,  # somebody asked for it and waits
    "weekly_summary": False,
    "insights": True,  # on a page; no e-mail
    "recommendations": True,  # the same
}


def switches(settings: Mapping[str, Any]) -> dict[str, bool]:
    """Return every switch as it stands."""
    return {name: _stored(settings.get(name), usual) for name, usual in SWITCHES.items()}


def _stored(value: Any, usual: bool) -> bool:
    return value if isinstance(value, bool) else usual
