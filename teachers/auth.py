"""Bearer tokens in REST framework; `tokens.py` serves streams and sockets as well."""

from typing import cast

from django.utils import translation
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.request import Request

from eduhu import logs
from eduhu.edge import accepted_language
from teachers.models import Teacher
from teachers.tokens import find_token


class BearerAuthentication(TokenAuthentication):
    """knox's tokens, found by their digest: one query, and nothing is written."""

    def authenticate_credentials(self, token: bytes) -> tuple[Teacher, AuthToken]:
        """Return the teacher and the token. Raises NotAuthenticated."""
        auth = find_token(token.decode("latin-1"))
        logs.know(teacher=auth.user.pk)
        return auth.user, auth

    def authenticate(self, request: Request) -> tuple[Teacher, AuthToken] | None:
        """Also answer in the teacher's own language where the client names none."""
        found = super().authenticate(request)
        if found and not accepted_language(request.headers.get("Accept-Language", "")):
            translation.activate(found[0].language)
        return cast(tuple[Teacher, AuthToken] | None, found)


def teacher_of(request: Request) -> Teacher:
    """Return the teacher a view's permission has let in."""
    assert isinstance(request.user, Teacher)
    return request.user
