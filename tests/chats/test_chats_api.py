"""Chats over REST: lists, pages, changes, and whose they are."""

import uuid

import pytest

from chats.models import Chat

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
