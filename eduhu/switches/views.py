"""What is announced, for everybody."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from eduhu.db import epoch_ms
from eduhu.switches import state
from eduhu.switches.models import Severity


class NoticeOutput(serializers.Serializer[Any]):
    """One notice."""

    id = serializers.IntegerField()
    text = serializers.CharField(help_text="In German or English, by `Accept-Language`.")
    severity = serializers.ChoiceField(Severity.choices)
    begins_at = serializers.IntegerField(help_text="Milliseconds since 1970.")
    ends_at = serializers.IntegerField(allow_null=True)
    stops_writes = serializers.BooleanField(help_text="Whether writes are refused meanwhile.")


class NoticesOutput(serializers.Serializer[Any]):
    """All of them."""

    notices = NoticeOutput(many=True)
    maintenance = serializers.BooleanField(help_text="Whether writes are refused now.")


class Notices(APIView):
    """Maintenance and other news of the operators."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="notices", responses={200: NoticesOutput}, auth=[])
    def get(self, request: Request) -> Response:
        """Show what is announced now; needs no token, and no database."""
        current = state.notices()
        shown = [
            {
                "id": notice.pk,
                "text": notice.text,
                "severity": notice.severity,
                "begins_at": epoch_ms(notice.begins_at),
                "ends_at": epoch_ms(notice.ends_at) if notice.ends_at else None,
                "stops_writes": notice.stops_writes,
            }
            for notice in current
        ]
        maintenance = any(notice.stops_writes for notice in current)
        return Response({"notices": shown, "maintenance": maintenance})
