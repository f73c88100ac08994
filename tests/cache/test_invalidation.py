"""A write is seen by the next read, in this process, and what it does not concern stays warm."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chats.models import Chat
from eduhu.cache import memory
from tests.factories import make_chat, make_messages

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_chat_without_messages_is_gone_with_all_its_reads(teacher, api):
    chat = make_chat(teacher)
    url = f"/api/chats/{chat.pk}/messages"
    assert api.get(url).json()["results"] == []
    chat.delete()
    assert api.get(url).status_code == 404


def test_another_owner_sees_what_came(teacher, api, stranger, stranger_api):
    chat = make_chat(teacher)
    assert stranger_api.get("/api/chats").json()["results"] == []
    Chat.objects.filter(pk=chat.pk).update(teacher=stranger)
    assert api.get("/api/chats").json()["results"] == []
    assert [row["id"] for row in stranger_api.get("/api/chats").json()["results"]] == [str(chat.pk)]


@pytest.mark.claim(61)
def test_reads_of_other_teachers_stay_warm(teacher, api, stranger, stranger_api):
    make_chat(stranger)
    stranger_api.get("/api/chats")
    make_messages(make_chat(teacher), 5)
    with CaptureQueriesContext(connection) as queries:
        assert len(stranger_api.get("/api/chats").json()["results"]) == 1
    assert len(queries) == 0


def test_what_is_not_committed_is_seen_by_nobody(teacher, api):
    chat = make_chat(teacher)
    url = f"/api/chats/{chat.pk}"
    assert api.get(url).json()["title"] == "Brüche"
    with transaction.atomic():
        Chat.objects.filter(pk=chat.pk).update(title="nie")
        assert api.get(url).json()["title"] == "nie"  # the same transaction
        transaction.set_rollback(True)
    assert api.get(url).json()["title"] == "Brüche"


def test_very_many_rows_at_once_empty_the_caches(teacher, api):
    Chat.objects.bulk_create(Chat(teacher=teacher, title=str(number)) for number in range(600))
    api.get("/api/chats")
    before = memory.mark("any").everything
    Chat.objects.update(title="neu")
    assert memory.mark("any").everything == before + 1
    assert {row["title"] for row in api.get("/api/chats").json()["results"]} == {"neu"}


def test_a_write_costs_no_statement_more_unless_it_moves_a_row(
    settings, teacher, django_assert_num_queries
):
    settings.CACHE_TIERS = "off"
    chat = make_chat(teacher)
    with django_assert_num_queries(1):
        Chat.objects.filter(pk=chat.pk).update(teacher=teacher)
    settings.CACHE_TIERS = "on"
    with django_assert_num_queries(1):
        Chat.objects.filter(pk=chat.pk).update(title="neu")
    with django_assert_num_queries(2):  # whose it was
        Chat.objects.filter(pk=chat.pk).update(teacher=teacher)
