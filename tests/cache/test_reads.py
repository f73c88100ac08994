"""The reads of the API through the caches: fewer queries, the same answers, nobody else's rows."""

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.models import Artifact
from chats.models import Reply
from eduhu.cache import memory, refresh
from tests.client import ApiClient
from tests.factories import make_chat, make_messages
from tests.sql import execute

pytestmark = pytest.mark.django_db(transaction=True)


def queries_of(api, path):
    with CaptureQueriesContext(connection) as queries:
        response = api.get(path)
    assert response.status_code == 200
    return len(queries), response.json()


@pytest.fixture
def paths(teacher):
    """Each cached read of the API, by name, with something to show."""
    chat = make_chat(teacher)
    make_messages(chat, 3)
    artifact = Artifact.objects.create(
        teacher=teacher, chat=chat, title="Optik", content="…", artifact_type="worksheet"
    )
    return {
        "list of chats": "/api/chats",
        "chat": f"/api/chats/{chat.pk}",
        "messages": f"/api/chats/{chat.pk}/messages",
        "list of artifacts": "/api/artifacts",
        "artifacts of a chat": f"/api/artifacts?chat_id={chat.pk}",
        "artifact": f"/api/artifacts/{artifact.pk}",
        "preferences": "/api/preferences",
    }


@pytest.mark.claim(3)
def test_a_warm_read_needs_no_query_and_without_tiers_it_does(api, paths, settings):
    for path in paths.values():
        for _ in range(2):  # the first look makes the preferences
            fresh = api.get(path).json()
        memory.forget_everything()
        for _ in range(2):  # from the shared cache, then from memory
            assert queries_of(api, path) == (0, fresh)
        settings.CACHE_TIERS = "off"
        number, plain = queries_of(api, path)
        assert number > 0
        assert plain == fresh
        settings.CACHE_TIERS = "on"


def test_nobody_sees_the_rows_of_another_through_a_cache(api, paths, stranger_api):
    for name, path in paths.items():
        mine = api.get(path).json()
        answer = stranger_api.get(path)
        if "list" in name or "artifacts of" in name:
            assert answer.json() == {"results": [], "next": None}
        elif name == "preferences":
            assert answer.json()["teacher_id"] != mine["teacher_id"]
        else:
            assert answer.status_code == 404
        assert api.get(path).json() == mine


def test_who_is_deactivated_gets_nothing_from_a_cache(api, teacher, paths):
    for path in paths.values():
        assert api.get(path).status_code == 200
    teacher.is_active = False
    teacher.save()
    assert {api.get(path).status_code for path in paths.values()} == {401}


def test_pages_of_other_lengths_and_further_pages_are_told_apart(api, teacher):
    for _ in range(5):
        make_chat(teacher)
    first = api.get("/api/chats?limit=2").json()
    assert len(api.get("/api/chats?limit=3").json()["results"]) == 3
    assert len(api.get("/api/chats?limit=2").json()["results"]) == 2
    second = api.get(first["next"]).json()
    assert {row["id"] for row in second["results"]}.isdisjoint(r["id"] for r in first["results"])
    assert api.get("/api/chats?limit=2").json() == first
    assert api.get("/api/chats?archived=1").json()["results"] == []


def test_a_reply_that_is_being_written_is_never_kept(api, teacher, paths):
    path = paths["chat"]
    assert api.get(path).json()["live_reply"] is None
    chat = teacher.chats.get()
    reply = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=chat.messages.first(), model="m", provider="p"
    )
    for text in ("", "Licht", "Licht ist"):
        execute("UPDATE replies SET text = %s WHERE id = %s", [text, reply.pk])
        assert api.get(path).json()["live_reply"]["text"] == text
    reply.state = "complete"
    reply.save()
    assert api.get(path).json()["live_reply"] is None


@pytest.mark.parametrize(
    ("name", "minutes", "table", "column"),
    [
        pytest.param("artifact", 30, "artifacts", "title", marks=pytest.mark.claim(9)),
        pytest.param("list of chats", 10, "chats", "title", marks=pytest.mark.claim(10)),
        pytest.param("messages", 2, "messages", "content", marks=pytest.mark.claim(11)),
        pytest.param("preferences", 60, "teacher_preferences", "grade_level",
                     marks=pytest.mark.claim(12)),
    ],
)  # fmt: skip
@pytest.mark.claim(60, 124)
def test_a_second_before_its_ttl_it_is_served_and_a_second_after_loaded(
    api, teacher, paths, monkeypatch, name, minutes, table, column
):
    monkeypatch.setattr(refresh, "begin", lambda *_: None)
    change = f"UPDATE {table} SET {column} = %s"  # raw SQL: the caches do not hear of it
    api.get(paths["preferences"])  # the first look makes them
    with time_machine.travel("2026-09-21T08:00:00Z", tick=False) as clock:
        cache.clear()
        memory.forget_everything()
        execute(change, ["before"])
        api = ApiClient(teacher)
        assert "before" in str(api.get(paths[name]).json())
        execute(change, ["after"])
        clock.shift(60 * minutes - 1)  # as promised, not as set: so a change is noticed
        assert "before" in str(api.get(paths[name]).json())
        clock.shift(2)
        assert "after" in str(api.get(paths[name]).json())


@pytest.mark.claim(54)
def test_the_count_of_a_chat_costs_nothing_twice_and_grows_with_a_message(api, teacher, paths):
    chat = teacher.chats.get()
    for path in (paths["list of chats"], paths["chat"]):
        api.get(path)
        number, shown = queries_of(api, path)
        row = shown["results"][0] if "results" in shown else shown
        assert (number, row["message_count"]) == (0, chat.messages.count())
        make_messages(chat, 1)
        shown = api.get(path).json()
        row = shown["results"][0] if "results" in shown else shown
        assert row["message_count"] == chat.messages.count()


def test_redis_away_changes_no_answer(api, paths, redis_away):
    for path in paths.values():
        answers = [api.get(path) for _ in range(3)]
        assert {answer.status_code for answer in answers} == {200}
    changed = api.send("PATCH", paths["chat"], {"title": "Optik"})
    assert changed.status_code == 200
    assert api.get(paths["chat"]).json()["title"] == "Optik"
    assert api.get(paths["list of chats"]).json()["results"][0]["title"] == "Optik"
