"""The admin's first page: how replies and the mirror fare, and whose replies went wrong."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chats.admin_lists import STATE_COLOURS, ReplyColumns, first_reply_id
from chats.models import Reply, ReplyState
from eduhu.admin import changelist_url
from eduhu.mirror.admin_overview import cards
from monitoring import schedule  # noqa: F401 (its page registers itself)
from monitoring.console.admin import dashboard_context, may_see_dashboard
from monitoring.console.series import mirror_now

TROUBLE = (ReplyState.FAILED, ReplyState.INTERRUPTED)
SHOWN = 10

admin.site.index_title = _("Overview")
admin.site.index_template = "monitoring/admin_index.html"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the first page shows, for those who may see it."""
    sees_mirror = request.user.has_perm("mirror.view_mirrorstate")
    mirror = mirror_now() if sees_mirror or may_see_dashboard(request) else None
    if may_see_dashboard(request):
        context |= dashboard_context(request, mirror)
    if mirror is not None and sees_mirror:
        context["cards"] = cards(mirror)
    if request.user.has_perm("chats.view_reply"):
        context |= {"reply_states": _reply_states(), "reply_troubles": _reply_troubles()}
    return context


def _reply_states() -> list[dict[str, Any]]:
    recent = Reply.objects.filter(pk__gte=first_reply_id("24h")).order_by()
    counts = dict(recent.values_list("state").annotate(Count("pk")))
    return [
        {
            "label": state.label,
            "count": counts.get(state.value, 0),
            "colour": STATE_COLOURS[state.value],
            "url": changelist_url(Reply, state__exact=state.value, since="24h"),
        }
        for state in ReplyState
    ]


def _reply_troubles() -> dict[str, Any]:
    recent = Reply.objects.filter(pk__gte=first_reply_id("7d"), state__in=TROUBLE)
    replies = recent.select_related("teacher").defer("text", "context").order_by("-pk")[:SHOWN]
    columns = ReplyColumns()
    return {
        "headers": [_("created"), _("state"), _("error"), _("teacher"), _("chat"), _("model")],
        "rows": [
            [
                columns.begun_at(reply),
                columns.coloured_state(reply),
                reply.error_code or "–",
                columns.asked_by(reply),
                columns.in_chat(reply),
                reply.model,
            ]
            for reply in replies
        ],
    }
