"""Thumbs: one for each answer, from its own teacher, and what staff see of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chats.models import Message
from tests.admin import open_text, page, staff_client
from tests.factories import make_chat

pytestmark = pytest.mark.django_db
NOTHING = {"value": None, "comment": ""}


@pytest.fixture
def answer(teacher):
    return Message.objects.create(chat=make_chat(teacher), role="assistant", content="Licht …")


def path(message):
    return f"/api/messages/{message.pk}/feedback"


def said(api, message):
    return {name: api.get(path(message)).json()[name] for name in NOTHING}


def shown(api, message):
    """What the list of messages says; it comes from the caches, if they may keep it."""
    found = api.get(f"/api/chats/{message.chat_id}/messages").json()["results"]
    return next(each["feedback"] for each in found if each["id"] == str(message.pk))


@pytest.mark.claim(75)
def test_the_last_word_counts_and_can_be_taken_back(
    api, answer, django_capture_on_commit_callbacks
):
    def send(method, body=None):
        with django_capture_on_commit_callbacks(execute=True):
            return api.send(method, path(answer), body)

    assert (said(api, answer), shown(api, answer)) == (NOTHING, None)
    for _ in range(2):
        given = send("PUT", {"value": "down", "comment": "Zu schwer für Klasse 6 🙃"})
        assert given.json() == {
            "message_id": str(answer.pk), "value": "down", "comment": "Zu schwer für Klasse 6 🙃",
        }  # fmt: skip
        assert shown(api, answer) == "down"
    assert send("PUT", {"value": "up"}).status_code == 200
    assert (said(api, answer), shown(api, answer)) == ({"value": "up", "comment": ""}, "up")
    for _ in range(2):
        assert send("DELETE").status_code == 204
        assert (said(api, answer), shown(api, answer)) == (NOTHING, None)


@pytest.mark.claim(75)
@pytest.mark.parametrize(
    "body",
    [
        {}, {"value": None}, {"value": "UP"}, {"value": "sideways"}, {"value": True}, {"value": 1},
        {"value": ["up"]}, {"value": {"up": 1}}, {"comment": "gut"}, [], "up",
        {"value": "up", "comment": "x" * 2001}, {"value": "up", "comment": None},
        {"value": "up", "comment": ["gut"]}, {"value": "up", "comment": "\0"},
    ],
)  # fmt: skip
def test_what_is_no_thumb_is_refused_and_changes_nothing(api, answer, body):
    api.send("PUT", path(answer), {"value": "down", "comment": "schade"})
    refused = api.send("PUT", path(answer), body)
    assert (refused.status_code, refused.json()["status"]) == (400, 400)
    assert said(api, answer) == {"value": "down", "comment": "schade"}


@pytest.mark.parametrize("role", ["user", "system"])
def test_only_answers_are_judged(api, answer, role):
    other = Message.objects.create(chat=answer.chat, role=role, content="Was ist Licht?")
    refused = api.send("PUT", path(other), {"value": "up"}, HTTP_ACCEPT_LANGUAGE="de")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
    assert "Assistenten" in refused.json()["detail"]
    assert api.send("DELETE", path(other)).status_code == 400
    assert Message.objects.filter(is_helpful__isnull=False).count() == 0


def test_staff_see_thumbs_and_read_a_comment_only_with_a_reason(api, answer):
    api.send("PUT", path(answer), {"value": "down", "comment": "Wortlaut"})
    staff = staff_client()
    with CaptureQueriesContext(connection) as queries:
        for url in (page(Message), page(type(answer.chat), "change", answer.chat)):
            text = staff.get(url).text
            assert "👎" in text
            assert "Wortlaut" not in text
    assert '"feedback_comment"' not in " ".join(query["sql"] for query in queries)
    assert "Wortlaut" not in staff.get(page(Message, "change", answer)).text
    open_text(staff, answer)
    assert "Wortlaut" in staff.get(page(Message, "change", answer)).text
    found = staff.get(page(Message, is_helpful__exact=0)).context["cl"].result_list
    assert list(found) == [answer]
    assert not staff.get(page(Message, is_helpful__exact=1)).context["cl"].result_list
