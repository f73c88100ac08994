"""A POST with an `Idempotency-Key` has one effect, however often it is sent.

The key is stored in the same transaction as the effect, together with the answer,
which is replayed for as long as the key is kept. A refusal (4xx) is an answer and
is kept as well; a failure (5xx) or a limit (429) is not, so that a retry may succeed.
A POST that starts a reply keeps the reply's id instead of an answer (`chats/actions.py`).
"""

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from psycopg.errors import LockNotAvailable
from rest_framework.request import Request
from rest_framework.response import Response

from eduhu.api import from_drf
from eduhu.db import now
from eduhu.errors import (
    PROBLEM_TYPE,
    EduhuError,
    IdempotencyKeyReused,
    InvalidInput,
    RequestInProgress,
    problem,
)
from eduhu.named_queries import named_query
from eduhu.telemetry import request_id
from teachers.auth import teacher_of
from teachers.models import IdempotentRequest, Teacher

KEPT = dt.timedelta(hours=48)
HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="The same key has one effect; kept 48 hours."
)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Post = Callable[..., Response]


def checked_key(header: str | None) -> str | None:
    """Return the key of a header, None if none was sent. Raises InvalidInput for a bad one.

    An empty one is bad too: whoever sends it believes to be safe.
    """
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise InvalidInput(_("An Idempotency-Key has 1 to 255 visible ASCII characters."))
    return header


def fingerprint(*parts: bytes) -> str:
    """Return a hash by which two requests are the same."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def idempotent(post: Post) -> Post:
    """Make a view's `post` safe to repeat for clients that send a key."""

    @wraps(post)
    def once(view: Any, request: Request, **kwargs: Any) -> Response | HttpResponse:
        key = checked_key(request.headers.get(HEADER))
        if key is None:
            return post(view, request, **kwargs)
        body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
        mark = fingerprint(b"POST", request.path.encode(), body)
        return _answer(teacher_of(request), key, mark, lambda: post(view, request, **kwargs))

    return once  # type: ignore[return-value]  # a replay is an HttpResponse; DRF takes both


def _answer(
    teacher: Teacher, key: str, mark: str, run: Callable[[], Response]
) -> Response | HttpResponse:
    try:
        with transaction.atomic():
            remove_expired(IdempotentRequest.objects.filter(teacher=teacher, key=key))
            # A second one with this key waits here until the first has committed.
            record, created = IdempotentRequest.objects.get_or_create(
                teacher=teacher, key=key, defaults={"fingerprint": mark}
            )
            return _run_and_keep(record, run) if created else _replay(record, mark)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise RequestInProgress from error
        raise


def _run_and_keep(record: IdempotentRequest, run: Callable[[], Response]) -> Response:
    try:
        with transaction.atomic():
            response = run()
    except Exception as error:
        refusal = from_drf(error)
        if not _is_kept(refusal):
            raise
        body = problem(refusal, request_id())
        response = Response(body, status=refusal.status, content_type=PROBLEM_TYPE)
    record.status = response.status_code
    record.content_type = response.content_type or "application/json"
    record.body = orjson.dumps(response.data, default=str)
    record.save()
    return response


def _is_kept(refusal: EduhuError) -> bool:
    return 400 <= refusal.status < 500 and refusal.status not in {401, 429}


def _replay(record: IdempotentRequest, mark: str) -> HttpResponse:
    _refuse_another(record, mark)
    return HttpResponse(
        bytes(record.body),
        status=record.status,
        content_type=record.content_type,
        headers={"Idempotency-Replayed": "true"},
    )


def _refuse_another(record: IdempotentRequest, mark: str) -> None:
    if record.fingerprint != mark:
        raise IdempotencyKeyReused


@named_query("idempotency.kept")
def find_kept(teacher: Teacher, key: str, mark: str) -> IdempotentRequest | None:
    """Return what is kept under a key. Raises IdempotencyKeyReused for another request's key."""
    fresh = IdempotentRequest.objects.filter(created_at__gte=now() - KEPT)
    record = fresh.filter(teacher=teacher, key=key).first()
    if record is not None:
        _refuse_another(record, mark)
    return record


def keep(teacher: Teacher, key: str, mark: str, body: bytes) -> None:
    """Keep what a request came to, in the transaction of its effect.

    Raises IntegrityError when something is kept under this key already.
    """
    remove_expired(IdempotentRequest.objects.filter(teacher=teacher, key=key))
    IdempotentRequest.objects.create(teacher=teacher, key=key, fingerprint=mark, body=body)


def remove_expired(records: QuerySet[IdempotentRequest]) -> int:
    """Delete those of `records` that are kept long enough; return how many."""
    deleted, _by_model = records.filter(created_at__lt=now() - KEPT).delete()
    return deleted
