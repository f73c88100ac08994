"""What a browser needs to follow a person's rows: an app, its addresses and a token."""

import logging
import math
import uuid
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from eduhu.db import give_back_connection
from eduhu.errors import RealtimeOff, RealtimeUnavailable
from eduhu.mirror import capture
from eduhu.resilience import Breaker

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0  # a person waits
# All that a browser needs of `@instantdb/core`, as API and page show it.
BROWSER_CODE = """\
const db = init({ appId: app_id, apiURI: api_uri, websocketURI: websocket_uri });
await db.auth.signInWithToken(token);
db.subscribeQuery({ chats: { $: { where: { teacher_id }, order: { updated_at: "desc" }, limit: 50 } } }, show);
"""  # noqa: E501 (three lines are promised)
CLOSED_SECONDS, LONGEST_SECONDS = 30, 300  # until somebody may try again


@dataclass(frozen=True, slots=True)
class Access:
    """What `init` and `signInWithToken` of `@instantdb/core` take."""

    app_id: str
    api_uri: str
    websocket_uri: str
    token: str


def open_for(person_id: uuid.UUID) -> Access:
    """Return access to what the permissions let this person read.

    Asks InstantDB, and holds no database connection meanwhile; no transaction may be
    open. Raises RealtimeOff, RealtimeUnavailable or CircuitOpen.
    """
    if not capture.is_on():
        raise RealtimeOff
    give_back_connection()
    return Access(
        app_id=settings.INSTANT_APP_ID,
        api_uri=settings.INSTANT_API_URI,
        websocket_uri=websocket_uri(),
        token=_new_token(person_id),
    )


def websocket_uri() -> str:
    """Return where browsers connect: as it is set, else below the address of the API."""
    derived = settings.INSTANT_API_URI.replace("http", "ws", 1).rstrip("/") + "/runtime/session"
    return settings.INSTANT_WEBSOCKET_URI or derived


def _new_token(person_id: uuid.UUID) -> str:
    # Imported here: it brings a second HTTP client, which only the mirror needs.
    from eduhu.mirror.client import client_of_settings
    from eduhu.mirror.failures import Busy, MirrorError, Unreachable

    breaker = _breaker(settings.INSTANT_API_URI)
    try:
        with breaker.guard(), client_of_settings(ANSWER_SECONDS) as client:
            return client.issue_token(person_id)
    except Busy as error:
        pause = min(math.ceil(error.retry_after or 0), LONGEST_SECONDS)
        raise RealtimeUnavailable(retry_after=pause or None) from error
    except Unreachable as error:
        raise RealtimeUnavailable from error
    except MirrorError as error:
        logger.error("InstantDB gives no token: %s", error)  # noqa: TRY400 (the text says it all)
        raise RealtimeUnavailable(retry_after=CLOSED_SECONDS) from error


@lru_cache(maxsize=1)
def _breaker(_address: str) -> Breaker:
    """Return what leaves an InstantDB alone that is away: a person waits for each attempt."""
    from eduhu.mirror.failures import Busy, Closed, Rejected, Unreachable

    return Breaker(
        "InstantDB tokens", failures=(Unreachable, Busy), alive=(Rejected, Closed), pause=5.0
    )
