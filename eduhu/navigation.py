"""Where the pages of the admin are found: its sidebar, and the tabs of lists.

Each link shows itself to those who may see its page.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

Link = dict[str, Any]


def _seen_with(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _list(title: Any, icon: str, app: str, model: str, query: str = "") -> Link:
    return {
        "title": title,
        "icon": icon,
        "link": lambda request: reverse(f"admin:{app}_{model}_changelist") + query,
        "permission": _seen_with(f"{app}.view_{model}"),
    }


def _group(title: Any, *items: Link) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(items)}


def _replies(title: Any, states: str | None = None) -> Link:
    query = f"?state__in={states}" if states else ""
    return {
        **_list(title, "", "chats", "reply", query),
        "active": lambda request: request.GET.get("state__in") == states,
    }


_OVERVIEW = {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")}
_LOG = {
    "title": _("Log"),
    "icon": "subject",
    "link": reverse_lazy("admin:console_log"),
    "permission": _seen_with("console.view_log"),
}

NAVIGATION = [
    {"items": [_OVERVIEW]},
    _group(
        _("People"),
        _list(_("Teachers"), "person", "teachers", "teacher"),
        _list(_("Preferences"), "tune", "teachers", "teacherpreferences"),
        _list(_("Groups"), "group", "auth", "group"),
    ),
    _group(
        _("Chats"),
        _list(_("Chats"), "forum", "chats", "chat"),
        _list(_("Messages"), "chat", "chats", "message"),
        _list(_("Replies"), "smart_toy", "chats", "reply"),
        _list(_("Corrected topics"), "label", "chats", "topiccorrection"),
        _list(_("Not understood"), "label_off", "chats", "topicfailure"),
    ),
    _group(
        _("Material"),
        _list(_("Artifacts"), "description", "artifacts", "artifact"),
        _list(_("Teaching"), "school", "artifacts", "artifactexport"),
    ),
    _group(
        _("Alerts"),
        _list(_("Alerts"), "notifications", "alerts", "alert"),
        _list(_("Silences"), "notifications_off", "alerts", "silence"),
    ),
    _group(
        _("Operation"),
        _LOG,
        _list(_("Scheduled work"), "schedule", "django_celery_beat", "periodictask"),
        _list(_("Failed tasks"), "error", "console", "taskfailure"),
        _list(_("Caches"), "memory", "cache", "cachecount"),
        _list(_("Measurements"), "monitoring", "console", "measurement"),
    ),
    _group(
        _("Mirror"),
        _list(_("State"), "sync", "mirror", "mirrorstate"),
        _list(_("Outbox"), "outbox", "mirror", "outboxentry"),
        _list(_("Comparisons"), "compare_arrows", "mirror", "reconcilereport"),
    ),
    _group(
        _("Control"),
        _list(_("Kill switches"), "power_settings_new", "waffle", "switch"),
        _list(_("Notices"), "campaign", "switches", "notice"),
        _list(_("Audit log"), "policy", "auditlog", "logentry"),
    ),
]

TABS = [
    {
        "models": ["chats.reply"],
        "items": [
            _replies(_("All")),
            _replies(_("In progress"), "queued,streaming"),
            _replies(_("Failed"), "failed"),
            _replies(_("Interrupted"), "interrupted"),
            _replies(_("Cancelled"), "cancelled"),
            _replies(_("Complete"), "complete"),
        ],
    },
]
