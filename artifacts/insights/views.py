"""A teacher's own numbers over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.insights import analytics, queries, serializers
from eduhu.switches.state import refuse_if_off
from teachers.auth import teacher_of


class Analytics(APIView):
    """How a teacher works with eduhu."""

    @extend_schema(operation_id="analytics", responses={200: serializers.Analytics})
    def get(self, request: Request) -> Response:
        """Count topics, steps from a chat to reused material, times and thumbs, week by week."""
        refuse_if_off("analytics")
        return Response(analytics.teacher_analytics(teacher_of(request)))


class Insights(APIView):
    """What a teacher may make of it."""

    @extend_schema(operation_id="insights", responses={200: serializers.Insights})
    def get(self, request: Request) -> Response:
        """Show own numbers, hints to act upon, and the material that is probably still needed."""
        refuse_if_off("analytics")
        return Response(queries.teacher_insights(teacher_of(request)))
