"""Messages over REST: the newest page, the way back in time, and every character kept."""

import datetime as dt

import pytest

from chats.models import Message
from eduhu.db import epoch_ms, now
from tests.factories import make_chat, make_messages

pytestmark = pytest.mark.django_db

CONTENTS = {
    "markdown": "# Titel\n\n* eins\n*  zwei\n\n```py\nprint('<b>')\n```\n\n| a | b |\n|---|---|\n",
    "script": "<script>alert('x')</script> & <img src=x onerror=alert(1)>",
    "umlauts": "Größenübersicht: ä ö ü ß ẞ – „Gänsefüßchen“ …",
    "decomposed": "a\u0308 is not ä",
    "emoji": "👩🏽‍🏫 🇩🇪 🦊",
    "spaces": "\n\t  vorn und hinten bleibt alles \u00a0\u2003\r\n ",
    "long": "Ж" * 100_000,
    "control": "\x01\x07\x1b[31m\x7f",
}


@pytest.fixture
def chat(teacher):
    return make_chat(teacher)


@pytest.fixture
def url(chat):
    return f"/api/chats/{chat.pk}/messages"


@pytest.mark.claim(28)
@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_content_is_kept_to_the_letter(api, chat, url, name, role):
    Message.objects.create(chat=chat, role=role, content=CONTENTS[name])
    assert Message.objects.get().content == CONTENTS[name]
    assert api.get(url).json()["results"][0]["content"] == CONTENTS[name]


@pytest.mark.claim(30)
def test_times_are_milliseconds(api, chat, url):
    moment = dt.datetime(2026, 1, 31, 12, 0, 0, 123_987, tzinfo=dt.UTC)
    Message.objects.create(chat=chat, role="user", content="Hallo", timestamp=moment)
    shown = api.get(url).json()["results"][0]["timestamp"]
    assert shown == epoch_ms(moment) == 1_769_860_800_123
    assert Message.objects.get().timestamp.microsecond == 123_000


@pytest.mark.claim(51)
def test_the_default_page_holds_the_newest_hundred_in_reading_order(api, chat, url):
    make_messages(chat, 250)
    page = api.get(url).json()
    assert [row["content"] for row in page["results"]] == [
        f"message {number}" for number in range(150, 250)
    ]
    assert page["next"].startswith("http://testserver/api/chats/")


@pytest.mark.claim(51)
def test_a_page_is_capped(api, chat, url):
    make_messages(chat, 250)
    assert len(api.get(url, {"limit": 250}).json()["results"]) == 200


@pytest.mark.claim(51)
def test_paging_back_gives_every_message_once_while_new_ones_arrive(api, chat, url):
    make_messages(chat, 250, start=now() - dt.timedelta(hours=1))
    seen, link = [], url
    while link:
        page = api.get(link).json()
        seen = [row["content"] for row in page["results"]] + seen
        link = page["next"]
        make_messages(chat, 7, start=now())
    assert seen == [f"message {number}" for number in range(250)]


@pytest.mark.claim(30)
def test_equal_times_keep_one_order_over_all_pages(api, chat, url):
    moment = now()
    Message.objects.bulk_create(
        Message(chat=chat, role="user", content=str(number), timestamp=moment)
        for number in range(23)
    )
    whole = [row["id"] for row in api.get(url).json()["results"]]
    paged, link = [], f"{url}?limit=5"
    while link:
        page = api.get(link).json()
        paged = [row["id"] for row in page["results"]] + paged
        link = page["next"]
    assert paged == whole == sorted(whole)


def test_an_empty_chat_has_an_empty_page(api, url):
    assert api.get(url).json() == {"results": [], "next": None}


def test_a_page_that_holds_just_all_has_no_next(api, chat, url):
    make_messages(chat, 5)
    assert api.get(f"{url}?limit=5").json()["next"] is None
    assert api.get(f"{url}?limit=4").json()["next"] is not None
