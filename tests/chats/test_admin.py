"""The admin's pages about chats: what went wrong, for whom, and no more text than needed."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from artifacts.models import Artifact
from chats.models import Chat, Message, Reply
from eduhu.admin import BoundedPaginator
from eduhu.db import epoch_ms, now
from tests.admin import open_text, page, queries_of, run_action, staff_client
from tests.factories import make_chat, make_messages, make_teacher

pytestmark = pytest.mark.django_db
SECRET = "Wortlaut-der-niemanden-angeht"


@pytest.fixture
def staff(db):
    return staff_client()


def make_reply(teacher, *, ended=True, **fields):
    """A chat with a question, the reply to it, and what the reply wrote."""
    chat = make_chat(teacher, title="Optik")
    question = Message.objects.create(chat=chat, role="user", content=f"{SECRET} user")
    reply = Reply.objects.create(
        **{
            "chat": chat, "teacher": teacher, "user_message": question, "model": "template",
            "provider": "template", "text": f"{SECRET} reply", "state": "complete",
            "context": [{"role": "user", "content": SECRET}], **fields,
        }
    )  # fmt: skip
    if ended:
        Message.objects.create(
            id=reply.message_id, chat=chat, role="assistant", content=f"{SECRET} assistant",
            token_count=12, token_count_estimated=True, response_time_ms=1234,
            educational_topics=["assessment"],
        )  # fmt: skip
        Reply.objects.filter(pk=reply.pk).update(
            prompt_tokens=7, completion_tokens=12,
            ended_at=reply.accepted_at + dt.timedelta(milliseconds=2500),
        )  # fmt: skip
    return reply


@pytest.fixture
def reply(teacher):
    return make_reply(teacher)


def rows_of(reply):
    answer = Message.objects.get(pk=reply.message_id)
    return {Chat: reply.chat, Message: answer, Reply: reply}


@pytest.mark.parametrize("model", [Chat, Message, Reply])
def test_each_row_has_a_page_and_a_history(model, reply, staff):
    row = rows_of(reply)[model]
    assert staff.get(page(model, "change", row)).status_code == 200
    assert staff.get(page(model, "history", row)).status_code == 200


@pytest.mark.parametrize("model", [Chat, Message, Reply])
def test_nothing_is_added_or_deleted(model, reply, staff):
    row = rows_of(reply)[model]
    assert staff.get(page(model, "add")).status_code == 403
    assert staff.post(page(model, "delete", row), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", [Message, Reply])
def test_what_the_pipeline_writes_cannot_be_changed(model, reply, staff):
    row = rows_of(reply)[model]
    assert staff.post(page(model, "change", row), {"content": "anders"}).status_code == 403


def test_text_is_on_the_page_of_its_message_only(reply, staff):
    rows = rows_of(reply)
    pages = [reverse("admin:index"), *map(page, rows)]
    pages += [page(model, "change", rows[model]) for model in (Chat, Reply)]
    for url in pages:
        assert SECRET not in staff.get(url).text, url
    own_page = page(Message, "change", rows[Message])
    assert SECRET not in staff.get(own_page).text
    open_text(staff, rows[Message])
    assert f"{SECRET} assistant" in staff.get(own_page).text


@pytest.mark.parametrize("model", [Chat, Message, Reply])
def test_text_is_not_even_read_for_a_list(model, reply, staff):
    with CaptureQueriesContext(connection) as queries:
        staff.get(page(model))
    sql = " ".join(query["sql"] for query in queries)
    assert '"messages"."content"' not in sql
    assert '"replies"."text"' not in sql
    assert '"replies"."context"' not in sql


def test_the_page_of_a_chat_tells_how_its_messages_fared(reply, staff):
    text = staff.get(page(Chat, "change", reply.chat), headers={"Accept-Language": "en"}).text
    answer = Message.objects.get(pk=reply.message_id)
    of_message = ("≈\xa012", "1.2\xa0s", "Assessment", page(Message, "change", answer))
    of_reply = ("7\xa0+\xa012", "2.5\xa0s", page(Reply, "change", reply))
    for part in (*of_message, *of_reply):
        assert part in text


def test_rows_lead_to_each_other(reply, staff):
    teacher, chat = reply.teacher, reply.chat
    answer = Message.objects.get(pk=reply.message_id)
    replies = staff.get(page(Reply)).text
    assert page(type(teacher), "change", teacher) in replies
    assert page(Chat, "change", chat) in replies
    of_reply = staff.get(page(Reply, "change", reply)).text
    assert page(Message, "change", reply.user_message) in of_reply
    assert page(Message, "change", answer) in of_reply
    of_message = staff.get(page(Message, "change", answer)).text
    assert page(Reply, "change", reply) in of_message
    assert page(Chat, "change", chat) in of_message
    of_chat = staff.get(page(Chat, "change", chat)).text
    assert page(Artifact, chat__id__exact=chat.pk) in of_chat


def test_a_reply_without_an_answer_leads_nowhere(teacher, staff):
    reply = make_reply(teacher, ended=False, state="failed")
    text = staff.get(page(Reply, "change", reply)).text
    assert str(reply.message_id) not in text


def listed(staff, model, **query):
    answer = staff.get(page(model, **query))
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def test_replies_are_found_by_state_time_error_teacher_and_id(teacher, stranger, staff):
    failed = make_reply(teacher, state="failed", error_code="provider_timeout")
    done = make_reply(stranger)
    long_ago = epoch_ms(now() - dt.timedelta(days=30))
    old = make_reply(stranger, id=type(done.pk)(int=long_ago << 80))
    assert listed(staff, Reply) == [done, failed, old]
    assert listed(staff, Reply, state__exact="failed") == [failed]
    assert listed(staff, Reply, state__in="queued,streaming") == []
    assert listed(staff, Reply, error="provider_timeout") == [failed]
    assert listed(staff, Reply, since="24h") == [done, failed]
    assert listed(staff, Reply, teacher__id__exact=stranger.pk) == [done, old]
    assert listed(staff, Reply, q=teacher.email.upper()) == [failed]
    for pk in (failed.pk, failed.chat_id, failed.message_id, failed.user_message_id, teacher.pk):
        assert listed(staff, Reply, q=str(pk)) == [failed]


def test_the_tabs_of_replies_lead_to_their_states(reply, staff):
    text = staff.get(page(Reply)).text
    for states in ("queued,streaming", "failed", "interrupted", "cancelled", "complete"):
        assert f"{page(Reply)}?state__in={states}" in text


def test_chats_are_found_by_teacher_topic_archive_and_id(teacher, stranger, staff):
    mine = make_chat(teacher, title="Optik", topic_category="assessment")
    archived = make_chat(stranger, title="Brüche", is_archived=True)
    orphan = make_chat(None, title="Niemandes")
    assert set(listed(staff, Chat)) == {mine, archived, orphan}
    assert listed(staff, Chat, q="opti") == []
    assert listed(staff, Chat, q=teacher.email) == [mine]
    assert listed(staff, Chat, q=str(stranger.pk)) == [archived]
    assert listed(staff, Chat, q=str(mine.pk)) == [mine]
    assert listed(staff, Chat, topic="assessment") == [mine]
    assert listed(staff, Chat, is_archived__exact="1") == [archived]
    assert listed(staff, Chat, teacher__isempty="1") == [orphan]


def test_messages_are_found_by_chat_and_role_but_not_by_their_text(reply, staff):
    question, answer = reply.user_message, Message.objects.get(pk=reply.message_id)
    make_messages(make_chat(make_teacher(), title="Brüche"), 2)
    assert listed(staff, Message, chat__id__exact=reply.chat_id) == [answer, question]
    assert set(listed(staff, Message, q=str(reply.chat_id))) == {answer, question}
    assert set(listed(staff, Message, q=reply.teacher.email)) == {answer, question}
    assert listed(staff, Message, q="Optik") == []
    assert listed(staff, Message, q=SECRET) == []


@pytest.mark.parametrize("model", [Chat, Message, Reply])
def test_lists_take_as_many_queries_for_many_rows_as_for_few(model, staff):
    def make(count):
        for _number in range(count):
            make_reply(make_teacher())

    make(5)
    few = queries_of(staff, page(model))
    make(25)
    assert queries_of(staff, page(model)) == few


def test_the_page_of_a_chat_takes_as_many_queries_for_many_messages(reply, staff):
    url = page(Chat, "change", reply.chat)
    make_messages(reply.chat, 3)
    staff.get(url)  # the first page of a process fills Django's own caches
    few = queries_of(staff, url)
    make_messages(reply.chat, 25)
    assert queries_of(staff, url) == few


def test_a_long_chat_is_shown_in_pages(teacher, staff):
    chat = make_chat(teacher)
    first, *_others = make_messages(chat, 120)
    url = page(Chat, "change", chat)
    assert page(Message, "change", first) not in staff.get(url).text
    assert page(Message, "change", first) in staff.get(url, {"messages-page": "3"}).text


def test_counting_stops_early(teacher, staff, monkeypatch):
    monkeypatch.setattr(BoundedPaginator, "COUNTED", 3)
    for _number in range(5):
        make_chat(teacher)
    answer = staff.get(page(Chat), headers={"Accept-Language": "en"})
    assert "the first 3" in answer.text


def test_staff_change_a_chat(teacher, staff):
    chat = make_chat(teacher, title="Optik")
    before = chat.updated_at
    open_text(staff, chat)
    form = {"title": "Linsen", "topic_category": "assessment", "is_archived": "on"}
    assert staff.post(page(Chat, "change", chat), form).status_code == 302
    chat.refresh_from_db()
    assert (chat.title, chat.topic_category, chat.is_archived) == ("Linsen", "assessment", True)
    assert chat.updated_at > before
    staff.post(page(Chat, "change", chat), {"title": "Linsen", "topic_category": ""})
    chat.refresh_from_db()
    assert (chat.topic_category, chat.is_archived) == (None, False)


@pytest.mark.parametrize("change", [{"title": ""}, {"topic_category": "unheard-of"}])
def test_a_bad_change_of_a_chat_is_refused(change, teacher, staff):
    chat = make_chat(teacher)
    open_text(staff, chat)
    form = {"title": "Linsen", "topic_category": "", **change}
    answer = staff.post(page(Chat, "change", chat), form)
    assert set(answer.context["adminform"].form.errors) == set(change)
    chat.refresh_from_db()
    assert chat.title == "Brüche"


@pytest.mark.claim(22)
def test_a_chat_without_an_owner_can_only_be_looked_at(staff):
    chat = make_chat(None)
    url = page(Chat, "change", chat)
    assert staff.get(url).status_code == 200
    assert staff.post(url, {"title": "Linsen"}).status_code == 403
    run_action(staff, "archive", chat)
    chat.refresh_from_db()
    assert (chat.title, chat.is_archived) == ("Brüche", False)


def test_bulk_actions_archive_the_chosen_chats_and_bring_them_back(teacher, stranger, staff):
    chosen, other_owner, left = make_chat(teacher), make_chat(stranger), make_chat(teacher)
    answer = run_action(staff, "archive", chosen, other_owner)
    assert answer.status_code == 200
    assert set(Chat.objects.filter(is_archived=True)) == {chosen, other_owner}
    run_action(staff, "unarchive", chosen, other_owner, left)
    assert not Chat.objects.filter(is_archived=True).exists()


def test_stopping_ends_waiting_replies_and_leaves_ended_ones(teacher, staff):
    waiting = make_reply(teacher, ended=False, state="queued")
    writing = make_reply(teacher, ended=False, state="streaming")
    done = make_reply(teacher)
    run_action(staff, "stop", waiting, writing, done)
    for reply in (waiting, writing, done):
        reply.refresh_from_db()
    assert waiting.state == "cancelled"
    assert (writing.state, writing.cancel_requested) == ("streaming", True)
    assert (done.state, done.cancel_requested) == ("complete", False)


def test_only_who_may_change_replies_can_stop_them(teacher):
    reply = make_reply(teacher, ended=False, state="queued")
    run_action(staff_client("chats.view_reply", is_superuser=False), "stop", reply)
    reply.refresh_from_db()
    assert reply.state == "queued"
    helper = staff_client("chats.view_reply", "chats.change_reply", is_superuser=False)
    run_action(helper, "stop", reply)
    reply.refresh_from_db()
    assert reply.state == "cancelled"


def test_operators_have_replies_written_again(teacher, stranger, staff):
    failed = make_reply(teacher, state="failed", ended=False)
    other = make_reply(stranger, state="interrupted", ended=False)
    answer = run_action(staff, "retry", failed, other)
    assert "2 Antworten werden neu geschrieben." in answer.text
    for old in (failed, other):
        again = Reply.objects.get(chat=old.chat, state="queued")
        assert (again.teacher, again.user_message) == (old.teacher, old.user_message)
    logged = LogEntry.objects.filter(user=staff.teacher).values_list("object_id", flat=True)
    assert set(logged) == {str(failed.pk), str(other.pk)}


def test_a_reply_that_cannot_be_written_again_says_why_and_keeps_no_other_from_it(teacher, staff):
    failed = make_reply(teacher, state="failed", ended=False)
    writing = make_reply(make_teacher(), state="streaming", ended=False)
    run_action(staff, "retry", failed)
    answer = run_action(staff, "retry", failed, writing, made := make_reply(make_teacher()))
    text = answer.text
    assert str(failed.pk)[-8:] in text
    assert "Die Assistenz antwortet in diesem Chat noch." in text
    assert "1 Antwort wird neu geschrieben." in text
    assert Reply.objects.filter(state="queued").count() == 2
    assert Reply.objects.filter(chat=made.chat, state="queued").exists()


def test_only_who_may_change_replies_has_them_written_again(teacher):
    failed = make_reply(teacher, state="failed", ended=False)
    run_action(staff_client("chats.view_reply", is_superuser=False), "retry", failed)
    assert not Reply.objects.filter(state="queued").exists()


def test_the_first_page_tells_what_went_wrong_and_for_whom(teacher, stranger, staff):
    failed = make_reply(teacher, state="failed", error_code="provider_timeout")
    make_reply(stranger)
    answer = staff.get(reverse("admin:index"))
    counts = {state["url"]: state["count"] for state in answer.context["reply_states"]}
    assert counts[page(Reply, state__exact="failed", since="24h")] == 1
    assert counts[page(Reply, state__exact="complete", since="24h")] == 1
    assert sum(counts.values()) == 2
    assert "provider_timeout" in answer.text
    assert page(Reply, "change", failed) in answer.text
    assert teacher.email in answer.text
    assert stranger.email not in answer.text
    for url in counts:
        assert staff.get(url).status_code == 200


def test_the_first_page_tells_nothing_to_who_may_not_see_replies(teacher):
    make_reply(teacher, state="failed", error_code="provider_timeout")
    helper = staff_client("teachers.view_teacher", is_superuser=False)
    text = helper.get(reverse("admin:index")).text
    assert "provider_timeout" not in text
    assert teacher.email not in text
