"""The two groups of staff: what support may see, and what operators may do.

They are made, and made so again, by each `migrate`: who needs something else makes a group
of their own. Superusers may do everything else: groups, and who belongs to the staff.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.db import connections, transaction

SUPPORT = {
    "alerts.view_alert",
    "alerts.view_delivery",
    "alerts.view_silence",
    "artifacts.view_artifact",
    "artifacts.view_artifactexport",  # sums, and never of fewer than five teachers
    "cache.view_cachecount",
    "chats.view_chat",
    "chats.view_message",
    "chats.view_reply",
    "chats.view_topiccorrection",
    "chats.view_topicfailure",
    "console.view_measurement",
    "console.view_taskfailure",
    "django_celery_beat.view_periodictask",
    "mirror.view_mirrorstate",
    "mirror.view_outboxentry",
    "mirror.view_reconcilereport",
    "switches.view_notice",
    "teachers.view_teacher",
    "teachers.view_teacherpreferences",
    "waffle.view_switch",
}
OPERATOR = SUPPORT | {
    "alerts.silence_alert",
    "artifacts.change_artifact",
    "auditlog.add_logentry",  # which opens what teachers write, with a reason
    "auditlog.view_logentry",
    "chats.change_chat",
    "chats.change_reply",
    "chats.change_topicfailure",
    "console.make_bundle",
    "console.run_task",
    "console.view_log",
    "django_celery_beat.change_periodictask",
    "mirror.operate_mirror",
    "switches.add_notice",
    "switches.change_notice",
    "teachers.add_teacher",
    "teachers.change_teacher",
    "teachers.change_teacherpreferences",
    "waffle.change_switch",
}
ROLES = {"support": SUPPORT, "operator": OPERATOR}


def last_app() -> AppConfig:
    """Return the app that is migrated last: by then all permissions are there."""
    return [app for app in apps.get_app_configs() if app.models_module is not None][-1]


def install(using: str, **_signal: Any) -> None:
    """Make both groups as they are written here; doing it again changes nothing (receiver)."""
    from django.contrib.auth.models import Group, Permission

    if Group._meta.db_table not in connections[using].introspection.table_names():
        return  # migrated back to nothing
    names = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.using(using).values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    with transaction.atomic(using=using):
        for role, wanted in ROLES.items():
            group, _made = Group.objects.using(using).get_or_create(name=role)
            group.permissions.set(names[name] for name in wanted if name in names)
