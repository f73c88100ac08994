"""Bearer tokens: the one door for REST, streams and sockets."""

from typing import cast

from django.utils import translation
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.request import Request

from eduhu.db import now
from eduhu.edge import accepted_language
from eduhu.errors import NotAuthenticated
from eduhu.threads import in_thread
from teachers.models import Teacher

MAX_TOKEN_LENGTH = 256


class BearerAuthentication(TokenAuthentication):
    """knox's tokens, found by their digest: one query, and nothing is written."""

    def authenticate_credentials(self, token: bytes) -> tuple[Teacher, AuthToken]:
        """Return the teacher and the token. Raises NotAuthenticated."""
        auth = find_token(token.decode("latin-1"))
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


def find_token(token: str) -> AuthToken:
    """Return the token with its teacher. Raises NotAuthenticated: unknown, expired, inactive."""
    if not token.isascii() or len(token) > MAX_TOKEN_LENGTH:
        raise NotAuthenticated
    found = AuthToken.objects.select_related("user").filter(digest=hash_token(token)).first()
    auth = cast(AuthToken | None, found)
    if auth is None or not auth.user.is_active:
        raise NotAuthenticated
    if auth.expiry is not None and auth.expiry < now():
        raise NotAuthenticated
    return auth


def _teacher_by_token(token: str) -> Teacher:
    teacher: Teacher = find_token(token).user
    return teacher


authenticate_token = in_thread(_teacher_by_token)
