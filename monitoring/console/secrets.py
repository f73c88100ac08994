"""What must stand in no line and no bundle: the values of secret settings, and addresses."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

HIDDEN = "[…]"
SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSWORD|API_KEY|DSN|PASS$")
SHORTEST = 6  # characters; a shorter one would be found in every other word
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def without_secrets(text: str) -> str:
    """Return a text in which no secret of the settings stands."""
    for secret in secrets():
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def without_addresses(text: str) -> str:
    """Return a text without e-mail addresses."""
    return ADDRESS.sub(HIDDEN, text)


@lru_cache(maxsize=1)
def secrets() -> tuple[str, ...]:
    """Return all of them, longest first: one may be part of another."""
    found = {each for each in _secrets() if len(each) >= SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))


def _secrets() -> Iterator[str]:
    for name in dir(settings):
        value: Any = getattr(settings, name) if name.isupper() else None
        if isinstance(value, str):
            if SECRET_NAME.search(name):
                yield value
            yield from _passwords(value)
    yield from map(str, settings.ALERT_WEBHOOK_URLS)  # their path may be one
    yield str(settings.DATABASES["default"].get("PASSWORD") or "")


def _passwords(value: str) -> Iterator[str]:
    """Yield the password within an address such as redis://:password@host."""
    if "://" not in value:
        return
    try:
        password = urlsplit(value).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)
