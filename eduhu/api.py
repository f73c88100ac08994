"""How Django REST framework speaks here: orjson in and out, one error shape, one schema."""

from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import Promise
from rest_framework import exceptions as drf
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from eduhu import errors, jsonio
from eduhu.telemetry import request_id


class OrjsonRenderer(BaseRenderer):
    """Answers as JSON in UTF-8."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """Return `data` as JSON, nothing for an answer without a body."""
        return b"" if data is None else orjson.dumps(data, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(type(value).__name__)


class OrjsonParser(BaseParser):
    """Bodies as JSON, up to `settings.MAX_BODY_BYTES`."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parsed body. Raises PayloadTooLarge, MalformedBody or InvalidInput."""
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise errors.PayloadTooLarge
        return jsonio.loads(body)


def exception_handler(error: Exception, context: Any) -> Response:
    """Answer every exception of a view with a problem body."""
    problem = from_drf(error)
    response = Response(
        errors.problem(problem, request_id()),
        status=problem.status,
        content_type=errors.PROBLEM_TYPE,
    )
    for name, value in errors.headers(problem).items():
        response[name] = value
    response.exception = True
    _log_no_failure(response, problem)
    return response


def _log_no_failure(response: HttpResponse, error: errors.EduhuError) -> None:
    """Let Django log no error, and so Sentry tell none, where operators want the refusal."""
    if isinstance(error, errors.SwitchedOff):
        response._has_been_logged = True  # type: ignore[attr-defined]  # as Django marks it


_BY_DRF_TYPE: list[tuple[type[Exception], type[errors.EduhuError]]] = [
    (drf.ParseError, errors.MalformedBody),
    (drf.NotAuthenticated, errors.NotAuthenticated),
    (drf.AuthenticationFailed, errors.NotAuthenticated),
    (drf.PermissionDenied, errors.PermissionDenied),
    (DjangoPermissionDenied, errors.PermissionDenied),
    (drf.NotFound, errors.NotFound),
    (Http404, errors.NotFound),
    (drf.MethodNotAllowed, errors.MethodNotAllowed),
    (drf.NotAcceptable, errors.NotAcceptable),
    (drf.UnsupportedMediaType, errors.UnsupportedMediaType),
    (drf.Throttled, errors.TooManyRequests),
]


def from_drf(error: Exception) -> errors.EduhuError:
    """Translate the framework's exceptions into ours."""
    if isinstance(error, drf.ValidationError):
        return errors.InvalidInput(errors=_with_text_keys(error.detail))
    for theirs, ours in _BY_DRF_TYPE:
        if isinstance(error, theirs):
            return ours()
    return errors.as_eduhu_error(error)


def _with_text_keys(detail: Any) -> Any:
    """Return the details of a validation error as JSON can hold them: list indexes become text."""
    if isinstance(detail, dict):
        return {str(key): _with_text_keys(value) for key, value in detail.items()}
    return [_with_text_keys(each) for each in detail] if isinstance(detail, list) else detail


def problem_response(error: errors.EduhuError) -> JsonResponse:
    """Answer with a problem body outside of REST framework."""
    response = JsonResponse(
        errors.problem(error, request_id()),
        status=error.status,
        content_type=errors.PROBLEM_TYPE,
        headers=errors.headers(error),
    )
    _log_no_failure(response, error)
    return response


def wants_problem(request: HttpRequest) -> bool:
    """Whether an error of this request is read by a program: everything under /api/."""
    return request.path.startswith("/api/")
