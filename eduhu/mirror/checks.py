"""System checks of the mirror: off is said, wrong is refused."""

import re
import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register

from eduhu.mirror import capture


@register(Tags.security)
def app_is_named(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Refuse an app id or address that no InstantDB can have."""
    found: list[CheckMessage] = []
    try:
        uuid.UUID(settings.INSTANT_APP_ID)
    except ValueError:
        found.append(Error("INSTANT_APP_ID must be the UUID of an app.", id="eduhu.E007"))
    if not re.fullmatch(r"[!-~]*", settings.INSTANT_APP_ADMIN_TOKEN):
        found.append(
            Error("INSTANT_APP_ADMIN_TOKEN has characters that no token has.", id="eduhu.E010")
        )
    if not _is_address(settings.INSTANT_API_URI, "http", "https"):
        found.append(Error("INSTANT_API_URI must be an http(s) address.", id="eduhu.E008"))
    if not _is_address(settings.INSTANT_WEBSOCKET_URI or "wss://unset", "ws", "wss"):
        found.append(Error("INSTANT_WEBSOCKET_URI must be a ws(s) address.", id="eduhu.E009"))
    return found


def _is_address(uri: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or brackets left open
        return False


@register(Tags.security, deploy=True)
def mirror_is_off(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Tell who deploys that nothing is mirrored."""
    if capture.is_on():
        return []
    text = "The mirror to InstantDB is off: INSTANT_APP_ADMIN_TOKEN is not set."
    return [Info(text, id="eduhu.I001")]
