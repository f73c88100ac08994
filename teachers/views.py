"""Signing in and out, and a teacher's own preferences."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from eduhu.db import epoch_ms
from eduhu.errors import PermissionDenied
from eduhu.limits import client_address
from eduhu.mirror.realtime import BROWSER_CODE
from teachers import actions, cached, queries, serializers
from teachers.auth import teacher_of

FOLLOWING = f"""
Give a browser access to the teacher's rows in InstantDB, with `@instantdb/core`:

```js
{BROWSER_CODE}```

Rows are read there, never written; changes go through this API. `realtime_off` (404): this
server mirrors nothing. `realtime_unavailable` (503): try again after `Retry-After`.
"""


class SignIn(APIView):
    """Where a token comes from."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="auth_login",
        request=serializers.SignInInput,
        responses={200: serializers.SignInOutput},
    )
    def post(self, request: Request) -> Response:
        """Sign in with e-mail address and password."""
        data = serializers.SignInInput(data=request.data)
        data.is_valid(raise_exception=True)
        peer, forwarded = request.META["REMOTE_ADDR"], request.META.get("HTTP_X_FORWARDED_FOR", "")
        signed_in = actions.sign_in(**data.validated_data, address=client_address(peer, forwarded))
        return Response(
            {
                "token": signed_in.token,
                "expires_at": epoch_ms(signed_in.expires_at),
                "teacher": queries.teacher_document(signed_in.teacher),
            }
        )


class SignOut(APIView):
    """The end of one token."""

    @extend_schema(operation_id="auth_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign out on this device."""
        if not isinstance(request.auth, AuthToken):
            raise PermissionDenied
        actions.sign_out(auth=request.auth)
        return Response(status=204)


class SignOutEverywhere(APIView):
    """The end of all tokens."""

    @extend_schema(operation_id="auth_logout_all", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign out on all devices."""
        actions.sign_out_everywhere(teacher=teacher_of(request))
        return Response(status=204)


class Me(APIView):
    """Who is asking."""

    @extend_schema(operation_id="auth_me", responses={200: serializers.TeacherOutput})
    def get(self, request: Request) -> Response:
        """Show the signed-in teacher."""
        return Response(queries.teacher_document(teacher_of(request)))


class RealtimeToken(APIView):
    """The way to live rows in a browser."""

    @extend_schema(
        operation_id="realtime_token",
        request=None,
        responses={200: serializers.RealtimeOutput},
        description=FOLLOWING,
    )
    def post(self, request: Request) -> Response:
        """Give a browser access to the teacher's rows in InstantDB."""
        auth = request.auth if isinstance(request.auth, AuthToken) else None
        access = actions.open_realtime(teacher=teacher_of(request), auth=auth)
        return Response(asdict(access), headers={"Cache-Control": "no-store"})


class Preferences(APIView):
    """A teacher's preferences."""

    @extend_schema(operation_id="preferences_get", responses={200: serializers.PreferencesOutput})
    def get(self, request: Request) -> Response:
        """Show the preferences."""
        return Response(cached.preferences_of(teacher_of(request)))

    @extend_schema(
        operation_id="preferences_replace",
        request=serializers.PreferencesInput,
        responses={200: serializers.PreferencesOutput},
    )
    def put(self, request: Request) -> Response:
        """Replace the preferences; what is not given is emptied."""
        return self._save(request, replace=True)

    @extend_schema(
        operation_id="preferences_change",
        request=serializers.PreferencesInput,
        responses={200: serializers.PreferencesOutput},
    )
    def patch(self, request: Request) -> Response:
        """Change the given preferences."""
        return self._save(request, replace=False)

    def _save(self, request: Request, **how: Any) -> Response:
        data = serializers.PreferencesInput(data=request.data)
        data.is_valid(raise_exception=True)
        teacher = teacher_of(request)
        saved = actions.save_preferences(teacher=teacher, changes=data.validated_data, **how)
        return Response(queries.preferences_document(teacher, saved))
