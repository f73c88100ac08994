"""Chats over REST: lists, pages, changes, and whose they are."""

import uuid

import pytest

from artifacts.models import Artifact
from chats.models import Chat, Message, Reply
from tests.factories import make_chat, make_messages

pytestmark = pytest.mark.django_db


@pytest.mark.claim(18)
def test_a_client_may_bring_its_own_id_and_repeat(api):
    chat_id = str(uuid.uuid4())
    first = api.send("POST", "/api/chats", {"id": chat_id, "title": "Brüche"})
    again = api.send("POST", "/api/chats", {"id": chat_id, "title": "Brüche"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == chat_id
    assert Chat.objects.count() == 1


@pytest.mark.claim(18)
def test_an_id_in_use_is_refused_alike_for_owner_and_stranger(api, stranger_api):
    chat_id = str(uuid.uuid4())
    api.send("POST", "/api/chats", {"id": chat_id, "title": "Brüche"})
    other_title = api.send("POST", "/api/chats", {"id": chat_id, "title": "Optik"})
    stranger = stranger_api.send("POST", "/api/chats", {"id": chat_id, "title": "Brüche"})
    for answer in (other_title, stranger):
        assert answer.status_code == 409
        assert answer.json()["code"] == "id_taken"
    assert Chat.objects.get().title == "Brüche"


@pytest.mark.claim(19)
@pytest.mark.parametrize("title", ["Größen & Maße", "🦊 Füchse", "Ж" * 200])
def test_titles_are_kept_as_written(api, title):
    assert api.send("POST", "/api/chats", {"title": title}).json()["title"] == title


@pytest.mark.claim(19)
@pytest.mark.parametrize("title", ["", "x" * 201, "x" * 10_000, 7, None, "a\x00b"])
def test_bad_titles_are_refused(api, title):
    answer = api.send("POST", "/api/chats", {"title": title})
    assert answer.status_code in ({201} if title == 7 else {400})
    assert Chat.objects.count() == (1 if title == 7 else 0)


@pytest.mark.claim(20)
@pytest.mark.claim(21)
def test_times_are_milliseconds_and_updated_moves_on_change_not_on_read(api):
    chat = api.send("POST", "/api/chats", {"title": "Optik"}).json()
    assert 1_700_000_000_000 < chat["created_at"] < 4_000_000_000_000
    read = api.get(f"/api/chats/{chat['id']}").json()
    assert read["updated_at"] == chat["updated_at"]
    for change in ({"title": "Linsen"}, {"is_archived": True}, {"topic_category": "assessment"}):
        before = api.get(f"/api/chats/{chat['id']}").json()["updated_at"]
        after = api.send("PATCH", f"/api/chats/{chat['id']}", change).json()["updated_at"]
        assert after > before


@pytest.mark.claim(21)
def test_a_new_message_moves_a_chat_to_the_top(api, teacher):
    old, new = make_chat(teacher, title="alt"), make_chat(teacher, title="neu")
    before = api.get(f"/api/chats/{old.pk}").json()["updated_at"]
    Message.objects.create(chat=old, role="user", content="Noch etwas")
    results = api.get("/api/chats").json()["results"]
    assert [row["id"] for row in results] == [str(old.pk), str(new.pk)]
    assert results[0]["updated_at"] > before
    assert results[0]["message_count"] == 1


def test_a_title_has_a_default_in_the_teachers_language(api, teacher):
    assert api.send("POST", "/api/chats", {}).json()["title"] == "Neuer Chat"
    teacher.language = "en"
    teacher.save()
    assert api.send("POST", "/api/chats", {}).json()["title"] == "New chat"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"topic_category": "assessment"}, 200),
        ({"topic_category": None}, 200),
        ({"topic_category": "cooking"}, 400),
        ({"is_archived": "maybe"}, 400),
        ({"title": ""}, 400),
        ({}, 200),
    ],
)
def test_a_change_takes_what_is_documented(api, teacher, sent, status):
    chat = make_chat(teacher)
    answer = api.send("PATCH", f"/api/chats/{chat.pk}", sent)
    assert answer.status_code == status
    if status == 200:
        assert sent.items() <= answer.json().items()
    else:
        assert answer.json()["errors"].keys() == sent.keys()


@pytest.mark.parametrize("name", ["message_count", "updated_at", "created_at", "teacher_id", "id"])
def test_what_the_server_owns_cannot_be_changed(api, teacher, name):
    chat = make_chat(teacher)
    before = api.get(f"/api/chats/{chat.pk}").json()
    assert api.send("PATCH", f"/api/chats/{chat.pk}", {name: 7}).status_code == 200
    assert api.get(f"/api/chats/{chat.pk}").json() == before


def test_archived_chats_leave_the_list_and_come_back(api, teacher):
    chat, other = make_chat(teacher), make_chat(teacher)
    make_messages(chat, 2)
    api.send("PATCH", f"/api/chats/{chat.pk}", {"is_archived": True})

    def listed(query=""):
        return {row["id"] for row in api.get(f"/api/chats{query}").json()["results"]}

    assert listed() == listed("?archived=false") == {str(other.pk)}
    assert listed("?archived=true") == {str(chat.pk)}
    assert len(api.get(f"/api/chats/{chat.pk}/messages").json()["results"]) == 2
    api.send("PATCH", f"/api/chats/{chat.pk}", {"is_archived": False})
    assert listed() == {str(chat.pk), str(other.pk)}


def test_a_deleted_chat_is_gone_with_its_messages_and_artifacts(api, teacher):
    chat = make_chat(teacher)
    make_messages(chat, 2)
    Artifact.objects.create(
        teacher=teacher, chat=chat, title="Quiz", content="1.", artifact_type="activity"
    )
    assert api.delete(f"/api/chats/{chat.pk}").status_code == 204
    assert api.get(f"/api/chats/{chat.pk}").status_code == 404
    assert api.delete(f"/api/chats/{chat.pk}").status_code == 404
    assert not Message.objects.exists()
    assert not Artifact.objects.exists()


def test_a_chat_shows_the_reply_that_is_being_written(api, teacher):
    chat = make_chat(teacher)
    message = Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
    reply = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=message, model="template", provider="template",
        state="streaming", text="Licht ist 🔦",
    )  # fmt: skip
    assert api.get(f"/api/chats/{chat.pk}").json()["live_reply"] == {
        "reply_id": str(reply.pk),
        "message_id": str(reply.message_id),
        "text": "Licht ist 🔦",
        "offset": 11,
    }
    Reply.objects.update(state="complete")
    assert api.get(f"/api/chats/{chat.pk}").json()["live_reply"] is None


@pytest.mark.parametrize(("language", "name"), [("de", "Leistungsbewertung"), ("en", "Assessment")])
def test_topics_have_names_in_the_language_of_the_reader(api, language, name):
    topics = api.get("/api/topics", HTTP_ACCEPT_LANGUAGE=language).json()["results"]
    assert {"topic": "assessment", "display_name": name} in topics
    assert len(topics) == 10
