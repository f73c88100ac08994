"""Loading again what is in use and grows old, in the background and bounded."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

logger = logging.getLogger(__name__)

MAX_WAITING = 100  # beyond it values expire, and are loaded when they are asked for

_lock = threading.Lock()
_waiting: set[str] = set()
_pool = ThreadPoolExecutor(1, thread_name_prefix="cache-refresh")


def begin(key: str, renew: Callable[[], None]) -> None:
    """Run `renew` soon, unless that is under way for `key`, or too much is."""
    with _lock:
        if key in _waiting or len(_waiting) >= MAX_WAITING:
            return
        _waiting.add(key)
    _pool.submit(_run, key, renew)


def _run(key: str, renew: Callable[[], None]) -> None:
    try:
        renew()
    except Exception:
        # The old value is served until its end; then whoever asks sees the error.
        logger.warning("%s was not loaded again", key.partition(":")[0], exc_info=True)
    finally:
        connections.close_all()
        with _lock:
            _waiting.discard(key)
