"""Errors outside of any view: a problem body for programs, Django's plain page for people."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from eduhu import errors
from eduhu.api import problem_response, wants_problem


def bad_request(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    """400."""
    if wants_problem(request):
        return problem_response(errors.InvalidInput())
    return defaults.bad_request(request, exception, **kwargs)


def forbidden(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    """403."""
    if wants_problem(request):
        return problem_response(errors.PermissionDenied())
    return defaults.permission_denied(request, exception, **kwargs)


def not_found(request: HttpRequest, exception: Exception, **kwargs: Any) -> HttpResponse:
    """404."""
    if wants_problem(request):
        return problem_response(errors.NotFound())
    return defaults.page_not_found(request, exception, **kwargs)


def server_error(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """500."""
    if wants_problem(request):
        return problem_response(errors.EduhuError())
    return defaults.server_error(request, **kwargs)
