"""Support sees, operators act: every page of the admin with every verb, for both roles.

A new page fails `test_every_page_stands_in_the_table` until it stands here.
"""

import pytest
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from waffle.models import Switch

from artifacts.models import Artifact, ArtifactExport
from chats.models import Chat, Message, Reply, TopicCorrection, TopicFailure
from eduhu import roles
from eduhu.audit.glass import BehindGlass
from eduhu.cache.models import CacheCount
from eduhu.mirror.models import MirrorState, OutboxEntry, ReconcileReport
from eduhu.switches.models import Notice
from monitoring.alerts.models import Alert, Delivery, Silence
from monitoring.console.models import Measurement, TaskFailure
from teachers.actions import save_preferences
from teachers.models import Teacher, TeacherPreferences
from tests.admin import page, staff_client
from tests.factories import make_chat, make_teacher

pytestmark = pytest.mark.django_db
SECRET = "Wortlaut-der-niemanden-angeht"

# What operators may do on each page beside seeing it. Support sees what is True, and acts nowhere.
OPERATORS = {
    Teacher: {"add", "change", "sign_out", "withdraw", "deactivate", "activate"},
    TeacherPreferences: {"change"},
    Chat: {"change", "read_text", "archive", "unarchive"},
    Message: {"read_text"},
    Reply: {"stop", "retry"},
    TopicCorrection: set(),
    TopicFailure: {"judge_again"},
    Artifact: {"read_text"},  # and change, once it is read
    ArtifactExport: set(),
    PeriodicTask: {"change", "run_now"},
    TaskFailure: {"run_again"},
    Measurement: set(),  # log and bundle are below
    CacheCount: set(),
    MirrorState: set(),  # its buttons are below
    OutboxEntry: set(),  # likewise
    ReconcileReport: set(),
    Alert: {"silence_hour", "silence_day"},
    Silence: {"add", "lift"},
    Switch: set(),  # its buttons are below
    Notice: {"add", "change", "end"},
    LogEntry: set(),
    Group: set(),
}
HIDDEN = {"support": {Group, LogEntry}, "operator": {Group}}
ONE_PAGE = {ArtifactExport, MirrorState, Switch}  # in place of a list
ACTIONS = {name for verbs in OPERATORS.values() for name in verbs} - {
    "add", "change", "read_text",
}  # fmt: skip


@pytest.fixture
def rows(teacher):
    chat = make_chat(teacher, title=SECRET)
    question = Message.objects.create(chat=chat, role="user", content=SECRET)
    alert = Alert.objects.create(rule="disk")
    Delivery.objects.create(alert=alert, kind="begun", channel="mail")
    day = IntervalSchedule.objects.create(every=1, period="days")
    made = [
        make_teacher(),
        save_preferences(teacher=teacher, changes={}),
        chat,
        question,
        Reply.objects.create(
            chat=chat, teacher=teacher, user_message=question, model="template", text=SECRET,
            provider="template", state="queued",
        ),
        Artifact.objects.create(
            teacher=teacher, chat=chat, title=SECRET, content=SECRET, artifact_type="worksheet"
        ),
        PeriodicTask.objects.create(name="x", task="y", interval=day),
        MirrorState.load(),
        OutboxEntry.objects.create(table="chats", row_id=chat.pk, operation="update"),
        ReconcileReport.objects.create(tables=[]),
        alert,
        Silence.objects.create(rule="disk", until=alert.begun_at, reason="x"),
        Switch.objects.create(name="feature:chat", active=True),
        Notice.objects.create(text_de="x", text_en="x"),
        Group.objects.create(name="Kollegium"),
    ]  # fmt: skip
    made += [
        TopicCorrection.objects.create(said="grammar", chosen="other", source="local"),
        TopicFailure.objects.create(message_id=question.pk, reason="ValueError"),
        ArtifactExport.objects.create(
            teacher=teacher, artifact_id=chat.pk, format="pdf", edition="teacher", is_again=False
        ),
        TaskFailure.objects.create(task="y", task_id="1", error="ValueError"),
        Measurement.objects.create(minute=1),
        CacheCount.objects.create(day="2026-01-01", content="chats"),
    ]
    entry = LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(Chat),
        object_pk="1",
        object_repr="x",
        action=LogEntry.Action.UPDATE,
    )
    return {type(row): row for row in [*made, entry]}


def member(role):
    client = staff_client(is_superuser=False)
    client.teacher.groups.add(Group.objects.get(name=role))
    return client


def may(client, url, data=None):
    """Whether a page lets somebody in; with data, whether it lets them act."""
    answer = client.get(url) if data is None else client.post(url, data)
    assert answer.status_code in {200, 302, 403}, url
    assert SECRET not in answer.text, url
    return answer.status_code != 403


def offered(client, model):
    """The actions that a list offers; it takes no others."""
    form = client.get(page(model)).context["action_form"]
    return {name for name, _text in form.fields["action"].choices if name} if form else set()


def allowed_on(client, model, row):
    """The verbs that a member of staff may do on a page, found by trying."""
    verbs = {
        "add": lambda: may(client, page(model, "add")),
        "change": lambda: may(client, page(model, "change", row), {}),
        "delete": lambda: may(client, page(model, "delete", row), {"post": "yes"}),
    }
    if model in ONE_PAGE:  # which leads back to it, whatever is posted
        del verbs["change"]
    if issubclass(type(admin.site.get_model_admin(model)), BehindGlass):
        verbs["read_text"] = lambda: may(client, page(model, "read_text", row))
    return {name for name, is_allowed in verbs.items() if is_allowed()}


@pytest.mark.timeout(300)  # a hundred requests, while the machine is busy
@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role, rows):
    client = member(role)
    found = {}
    for model, row in rows.items():
        found[model] = allowed_on(client, model, row)
        sees = {
            name: may(client, page(model, name, None if name == "changelist" else row))
            for name in ("changelist", "change", "history")
        }
        assert set(sees.values()) == {model not in HIDDEN[role]}, model
        if model not in {*HIDDEN[role], *ONE_PAGE}:
            found[model] |= offered(client, model)
    assert found == (OPERATORS if role == "operator" else {model: set() for model in OPERATORS})


def test_an_action_that_is_not_offered_is_not_taken_either(rows):
    client = member("support")
    for model, verbs in OPERATORS.items():
        for name in (verbs & ACTIONS) | {"delete_selected"}:
            data = {"action": name, "_selected_action": [str(rows[model].pk)], "post": "yes"}
            assert client.post(page(model), data).status_code in {200, 302, 403, 405}
    assert LogEntry.objects.get() == rows[LogEntry]
    assert all(model.objects.filter(pk=row.pk).exists() for model, row in rows.items())


BUTTONS = {
    "pause the mirror": ("admin:mirror_pause", [], {"reason": "x"}),
    "resume the mirror": ("admin:mirror_resume", [], {}),
    "send a row": ("admin:mirror_row", ["chats", "{chat}"], {"send": "1"}),
    "compare a row": ("admin:mirror_row", ["chats", "{chat}"], {"compare": "1"}),
    "switch": ("admin:switches_switch", [], {"off": "feature:exports"}),
    "password of a teacher": ("admin:auth_user_password_change", ["{teacher}"], {}),
    "password of a colleague": ("admin:auth_user_password_change", ["{boss}"], {}),
}
OPERATORS_PRESS = {"pause the mirror", "resume the mirror", "send a row", "switch"}


@pytest.fixture
def mirror_on(settings):
    settings.INSTANT_APP_ADMIN_TOKEN = "t" * 36


@pytest.mark.parametrize("role", roles.ROLES)
def test_buttons_are_for_operators(role, rows, mirror_on):
    client, boss = member(role), make_teacher(is_staff=True)
    ids = {
        "{chat}": str(rows[Chat].pk), "{boss}": str(boss.pk), "{teacher}": str(rows[Teacher].pk),
    }  # fmt: skip
    pressed = set()
    for name, (view, args, data) in BUTTONS.items():
        if name == "compare a row":
            continue  # asks InstantDB; the same guard as sending, in tests/mirror/test_admin.py
        url = reverse(view, args=[ids.get(each, each) for each in args])
        if client.post(url, data).status_code != 403:
            pressed.add(name)
    assert pressed == (OPERATORS_PRESS if role == "operator" else set())


@pytest.mark.parametrize("role", roles.ROLES)
def test_log_and_bundle_are_for_operators(role):
    client = member(role)
    answers = [client.get(reverse(f"admin:console_{page}")) for page in ("live", "log", "bundle")]
    wanted = [200, 200, 405] if role == "operator" else [200, 403, 403]
    assert [answer.status_code for answer in answers] == wanted


def test_suggestions_follow_the_rights_and_name_no_words(rows):
    query = {"app_label": "chats", "model_name": "message", "field_name": "chat"}
    url = reverse("admin:autocomplete", query=query)
    assert SECRET not in member("support").get(url).text
    outsider = staff_client("alerts.view_alert", is_superuser=False)
    assert outsider.get(url).status_code == 403


def test_no_role_makes_itself_more_than_it_is(rows):
    client = member("operator")
    form = {
        "email": rows[Teacher].email, "language": "de", "is_active": "on", "is_staff": "on",
        "is_superuser": "on", "groups": [Group.objects.get(name="operator").pk],
    }  # fmt: skip
    assert client.post(page(Teacher, "change", rows[Teacher]), form).status_code == 302
    assert client.post(page(Teacher, "change", client.teacher), form).status_code == 403
    account = Teacher.objects.get(pk=rows[Teacher].pk)
    privileges = (account.is_staff, account.is_superuser, account.groups.exists())
    assert privileges == (False, False, False)


def test_every_page_stands_in_the_table(rows):
    assert set(OPERATORS) == set(rows) == set(admin.site._registry)


def test_migrate_makes_both_groups_and_makes_them_so_again():
    def members():
        return {
            group.name: {
                f"{app}.{name}"
                for app, name in group.permissions.values_list(
                    "content_type__app_label", "codename"
                )
            }
            for group in Group.objects.filter(name__in=roles.ROLES)
        }

    assert members() == roles.ROLES
    Group.objects.get(name="support").permissions.clear()
    Group.objects.get(name="operator").delete()
    for _time in range(2):
        call_command("migrate", verbosity=0)
        assert members() == roles.ROLES
