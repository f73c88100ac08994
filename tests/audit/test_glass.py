"""Nobody reads words of teachers in the admin without saying why, and it stays on record."""

import datetime as dt

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from artifacts.models import Artifact
from chats.models import Chat, Message, Reply
from tests.admin import open_text, page, run_action, staff_client
from tests.factories import make_chat

pytestmark = pytest.mark.django_db
SECRET = "Wortlaut-der-niemanden-angeht"
REASON = "Anfrage 4711 der Lehrkraft"
VIEW = ("chats.view_chat", "chats.view_message", "chats.view_reply", "artifacts.view_artifact")


def make_rows(teacher):
    """A chat full of words, with an artifact of its own and one that belongs to no chat."""
    chat = make_chat(teacher, title=f"{SECRET} title")
    message = Message.objects.create(
        chat=chat, role="user", content=f"{SECRET} message", feedback_comment=f"{SECRET} comment"
    )
    reply = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=message, model="template", provider="template",
        text=f"{SECRET} reply", state="complete", wish={"topic": SECRET},
    )  # fmt: skip
    artifacts = [
        Artifact.objects.create(
            teacher=teacher, chat=where, title=f"{SECRET} name", content=f"{SECRET} content",
            artifact_type="worksheet",
        )
        for where in (chat, None)
    ]  # fmt: skip
    return [chat, message, reply, *artifacts]


@pytest.fixture
def rows(teacher):
    return make_rows(teacher)


@pytest.fixture
def staff(db):
    return staff_client()


def pages_of(rows):
    names = ("change", "history", "delete")
    found = [page(type(row), name, row) for row in rows for name in names]
    found += [page(type(row)) for row in rows]
    lookup = {"app_label": "artifacts", "model_name": "artifact", "field_name": "chat"}
    return [*found, reverse("admin:index"), reverse("admin:autocomplete", query=lookup)]


def test_no_page_shows_a_word_not_even_to_a_superuser_who_has_acted(rows, staff):
    run_action(staff, "archive", rows[0])
    staff.post(page(Chat, "change", rows[0]), {"topic_category": "assessment"})
    for url in pages_of(rows):
        answer = staff.get(url)
        assert answer.status_code in {200, 403}, url
        assert SECRET not in answer.text, url


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        (Chat, "title__icontains"),
        (Chat, "messages__content__icontains"),
        (Message, "content__startswith"),
        (Message, "chat__title__contains"),
        (Message, "feedback_comment__contains"),
        (Reply, "text__contains"),
        (Reply, "context__contains"),
        (Artifact, "content__regex"),
        (Artifact, "title__gt"),
    ],
)
def test_nobody_guesses_words_by_addresses(model, lookup, rows, staff):
    assert staff.get(page(model, **{lookup: "W"})).status_code == 400
    assert not staff.get(page(model, q=SECRET)).context["cl"].result_list


def test_a_reason_opens_one_chat_for_who_gave_it_and_names_all_four(rows, teacher, stranger, staff):
    chat, message, _reply, artifact, loose = rows
    others = make_rows(stranger)
    assert open_text(staff, message, REASON).url == page(Message, "change", message)
    for row, word in ((chat, "title"), (message, "message"), (artifact, "content")):
        assert f"{SECRET} {word}" in staff.get(page(type(row), "change", row)).text
    for row in (loose, *others):
        assert SECRET not in staff.get(page(type(row), "change", row)).text
    assert SECRET not in staff_client().get(page(Message, "change", message)).text
    [entry] = LogEntry.objects.all()
    assert (entry.actor, entry.action) == (staff.teacher, LogEntry.Action.ACCESS)
    assert entry.additional_data["reason"] == REASON
    named = [["chats.chat", str(chat.pk)], ["teachers.teacher", str(teacher.pk)]]
    assert entry.additional_data["rows"] == named
    shown = staff_client("auditlog.view_logentry", is_superuser=False).get(page(LogEntry)).text
    assert REASON in shown
    assert staff.teacher.email in shown


def test_material_of_no_chat_is_opened_by_itself(rows, staff):
    loose = rows[-1]
    open_text(staff, loose)
    assert f"{SECRET} content" in staff.get(page(Artifact, "change", loose)).text
    assert SECRET not in staff.get(page(Message, "change", rows[1])).text


def test_it_closes_by_itself(rows, staff, settings):
    open_text(staff, rows[0])
    almost = dt.timedelta(minutes=settings.BREAK_GLASS_MINUTES, seconds=-20)
    LogEntry.objects.update(timestamp=LogEntry.objects.get().timestamp - almost)
    assert SECRET in staff.get(page(Chat, "change", rows[0])).text
    LogEntry.objects.update(timestamp=LogEntry.objects.get().timestamp - dt.timedelta(seconds=20))
    assert SECRET not in staff.get(page(Chat, "change", rows[0])).text


@pytest.mark.parametrize("reason", ["", "   ", "weil", " " * 30, "x" * 501])
def test_it_takes_a_reason(reason, rows, staff):
    answer = open_text(staff, rows[0], reason)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not LogEntry.objects.exists()


def test_who_may_not_read_is_not_even_asked(rows):
    helper = staff_client(*VIEW, "auditlog.view_logentry", is_superuser=False)
    for row in (rows[0], rows[1], rows[3]):
        url = page(type(row), "read_text", row)
        assert helper.get(url).status_code == 403
        assert helper.post(url, {"reason": REASON}).status_code == 403
    blind = staff_client("auditlog.add_logentry", is_superuser=False)
    assert open_text(blind, rows[0]).status_code == 403
    assert not LogEntry.objects.exists()


def test_what_is_hidden_cannot_be_overwritten(rows, staff):
    chat, _message, _reply, artifact, _loose = rows
    staff.post(page(Chat, "change", chat), {"title": "Neu", "topic_category": ""})
    assert staff.post(page(Artifact, "change", artifact), {"title": "Neu"}).status_code == 403
    assert {Chat.objects.get().title, Artifact.objects.first().title} == {
        f"{SECRET} title", f"{SECRET} name",
    }  # fmt: skip


def test_hidden_words_are_not_even_read_for_a_message(rows, staff):
    with CaptureQueriesContext(connection) as queries:
        staff.get(page(Message, "change", rows[1]))
    assert not [each for each in queries if '"messages"."content"' in each["sql"]]


def test_the_page_that_asks_says_what_will_be_on_record(rows, staff):
    answer = staff.get(page(Chat, "read_text", rows[0]), headers={"Accept-Language": "en"})
    assert "15 minutes" in answer.text
    assert SECRET not in answer.text
    missing = page(Chat, "read_text", rows[0]).replace(str(rows[0].pk), str(rows[1].pk))
    assert staff.get(missing).status_code == 404
