"""Whatever staff do in the admin leaves one row, without a word of what teachers write."""

import json

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from artifacts.models import Artifact
from chats.models import Chat, Message, Reply
from eduhu.db import new_id
from monitoring.alerts.models import Alert, Silence
from teachers.actions import save_preferences
from teachers.models import Teacher
from tests.admin import page, staff_client
from tests.client import ApiClient
from tests.factories import PASSWORD, make_chat, make_teacher

pytestmark = pytest.mark.django_db
SECRET = "Wortlaut-der-niemanden-angeht"
NEW_PASSWORD = "ein ganz neues langes"


@pytest.fixture
def staff(db):
    return staff_client()


@pytest.fixture
def rows(teacher):
    """One row of each page, all full of what nobody is to read."""
    chat = make_chat(teacher, title=SECRET)
    question = Message.objects.create(chat=chat, role="user", content=SECRET)
    reply = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=question, model="template", provider="template",
        text=SECRET, state="queued",
    )  # fmt: skip
    every = IntervalSchedule.objects.create(every=1, period="days")
    return {
        "teacher": teacher,
        "chat": chat,
        "message": question,
        "reply": reply,
        "artifact": Artifact.objects.create(
            teacher=teacher, chat=chat, title=SECRET, content=SECRET, artifact_type="worksheet"
        ),
        "preferences": save_preferences(teacher=teacher, changes={}),
        "group": Group.objects.create(name="Kollegium"),
        "alert": Alert.objects.create(rule="disk", detail="3.0 %"),
        "work": PeriodicTask.objects.create(name="x", task="y", interval=every),
    }


def form(name, row, data):
    return lambda rows: (page(type(rows[row]), name, rows[row]), data)


def added(model, data):
    return lambda rows: (page(model, "add"), data)


def bulk(action, *names, **more):
    def request(rows):
        data = {"action": action, "_selected_action": [str(rows[n].pk) for n in names], **more}
        return page(type(rows[names[0]])), data

    return request


ACTS = {
    "change a teacher": form("change", "teacher", {"email": "neu@eduhu.example", "language": "en"}),
    "add a teacher": added(
        Teacher,
        {"email": "a@eduhu.example", "language": "de", "password1": PASSWORD, "password2": PASSWORD},
    ),
    "change preferences": form(
        "change", "preferences",
        {"grade_level": SECRET[:9], "subject_areas": "[]", "notification_settings": "{}"},
    ),
    "sign out": bulk("sign_out", "teacher"),
    "withdraw a password": bulk("withdraw", "teacher"),
    "deactivate": bulk("deactivate", "teacher"),
    "activate": bulk("activate", "teacher"),
    "add a group": added(Group, {"name": "Neu"}),
    "change a group": form("change", "group", {"name": "Anders"}),
    "delete a group": form("delete", "group", {"post": "yes"}),
    "delete groups": bulk("delete_selected", "group", post="yes"),
    "change a chat": form("change", "chat", {"topic_category": "assessment"}),
    "read a chat": form("read_text", "chat", {"reason": "Anfrage 4711 der Lehrkraft"}),
    "read an artifact": form("read_text", "artifact", {"reason": "Anfrage 4711 der Lehrkraft"}),
    "archive": bulk("archive", "chat"),
    "unarchive": bulk("unarchive", "chat"),
    "stop a reply": bulk("stop", "reply"),
    "silence for an hour": bulk("silence_hour", "alert"),
    "silence for a day": bulk("silence_day", "alert"),
    "add a silence": added(
        Silence, {"rule": "celery", "subject": "", "seconds": "28800", "reason": "Umzug"}
    ),
    "switch work off": form("change", "work", {}),
    "own password": lambda rows: (
        reverse("admin:password_change"),
        {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    ),
    "password of a teacher": lambda rows: (
        reverse("admin:auth_user_password_change", args=[rows["teacher"].pk]),
        {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "set-password": "1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_an_act_leaves_one_row_that_names_who_and_what_and_no_words(act, rows, staff):
    url, data = ACTS[act](rows)
    answer = staff.post(url, data, REMOTE_ADDR="192.0.2.7", HTTP_X_REQUEST_ID="request-0815")
    assert answer.status_code == 302
    [entry] = LogEntry.objects.all()
    assert (entry.actor, entry.actor_email) == (staff.teacher, staff.teacher.email)
    assert (entry.cid, entry.remote_addr) == ("request-0815", "192.0.2.7")
    assert entry.additional_data["what"]
    stored = json.dumps(list(LogEntry.objects.values()), default=str)
    for secret in (SECRET, PASSWORD, NEW_PASSWORD):
        assert secret not in stored


def test_an_act_on_many_rows_is_one_row_that_names_them_all(rows, stranger, staff):
    other = make_chat(stranger)
    both = {"action": "archive", "_selected_action": [str(rows["chat"].pk), str(other.pk)]}
    staff.post(page(Chat), both)
    [entry] = LogEntry.objects.all()
    named = {tuple(row) for row in entry.additional_data["rows"]}
    assert named == {("chats.chat", str(rows["chat"].pk)), ("chats.chat", str(other.pk))}


REFUSED = {
    "a form with a mistake": form("change", "teacher", {"email": "", "language": "de"}),
    "a wrong old password": lambda rows: (
        reverse("admin:password_change"),
        {"old_password": "x", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    ),
    "a question before deleting": bulk("delete_selected", "group"),
    "an action nobody knows": bulk("explode", "chat"),
    "what may not be changed": form("change", "message", {"content": "anders"}),
}


@pytest.mark.parametrize("act", REFUSED)
def test_what_did_not_happen_leaves_none(act, rows, staff):
    staff.post(*REFUSED[act](rows))
    assert not LogEntry.objects.exists()


def test_teachers_leave_none(api, teacher):
    api.send("POST", "/api/chats", {"title": "Optik"})
    api.send("PUT", "/api/preferences", {"grade_level": "6"})
    ApiClient().send("POST", "/api/auth/login", {"email": teacher.email, "password": PASSWORD})
    assert not LogEntry.objects.exists()


def test_rows_are_found_by_who_did_it_and_what_it_was_done_to(rows, staff):
    other = make_chat(rows["teacher"])
    both = {"action": "archive", "_selected_action": [str(rows["chat"].pk), str(other.pk)]}
    staff.post(page(Chat), both)
    [entry] = LogEntry.objects.all()
    for query in (staff.teacher.email, rows["chat"].pk, other.pk, staff.teacher.pk, entry.cid):
        assert list(staff.get(page(LogEntry, q=str(query))).context["cl"].result_list) == [entry]
    assert not staff.get(page(LogEntry, q=str(new_id()))).context["cl"].result_list
    assert str(rows["chat"].pk) in staff.get(page(LogEntry, "change", entry)).text


def test_nobody_changes_or_deletes_a_row(rows, staff):
    staff.post(*ACTS["archive"](rows))
    [entry] = LogEntry.objects.all()
    assert staff.post(page(LogEntry, "change", entry), {"action": "1"}).status_code == 403
    assert staff.post(page(LogEntry, "delete", entry), {"post": "yes"}).status_code == 403
    assert staff.get(page(LogEntry, "add")).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    staff.post(page(LogEntry), chosen)
    assert LogEntry.objects.get() == entry


def test_a_row_outlives_the_account_that_made_it(rows):
    staff = staff_client(email="weg@eduhu.example")
    staff.post(*ACTS["archive"](rows))
    staff.teacher.delete()
    assert "weg@eduhu.example" in staff_client().get(page(LogEntry)).text


def test_a_list_takes_few_queries(rows, staff, django_assert_max_num_queries):
    for _number in range(12):
        colleague = make_teacher(is_staff=True, is_superuser=True)
        staff.force_login(colleague)
        staff.post(*ACTS["archive"](rows))
    with django_assert_max_num_queries(7):
        assert staff.get(page(LogEntry)).status_code == 200
