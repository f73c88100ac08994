"""What Twisted does for each request though nobody here needs it, made cheap.

Together it was a tenth of what the web process computes for a question.
"""

from functools import lru_cache
from typing import Any

from daphne.http_protocol import HTTPFactory
from twisted.web import http


def make_lean() -> None:
    """Spare each request two things; may be called again."""
    parse: Any = http._parseContentType  # the parser for e-mail
    if not hasattr(parse, "cache_info"):
        http._parseContentType = lru_cache(maxsize=64)(parse)
    HTTPFactory.log = _nothing  # type: ignore[assignment,method-assign]  # of an access log


def _nothing(_factory: HTTPFactory, _request: http.Request) -> None:
    pass
