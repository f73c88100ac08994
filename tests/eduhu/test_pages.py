"""What all lists promise: limits, cursors, complete links, a constant number of queries."""

import base64
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.models import Artifact
from chats.models import Chat
from eduhu.db import now
from tests import sql
from tests.factories import make_chat, make_messages

pytestmark = pytest.mark.django_db

MAX_QUERIES = 12
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Chats:
    """The list of chats."""

    default = 50

    def __init__(self, teacher):
        self.url, self.teacher = "/api/chats", teacher

    def fill(self, count, start=START):
        times = [start + dt.timedelta(seconds=number) for number in range(count)]
        Chat.objects.bulk_create(
            Chat(teacher=self.teacher, title="Optik", created_at=time, updated_at=time)
            for time in times
        )


class Messages:
    """The list of messages of a chat."""

    default = 100

    def __init__(self, teacher):
        self.chat = make_chat(teacher)
        self.url = f"/api/chats/{self.chat.pk}/messages"

    def fill(self, count, start=START):
        make_messages(self.chat, count, start=start)


class Artifacts:
    """The list of artifacts."""

    default = 50

    def __init__(self, teacher):
        self.url, self.teacher = "/api/artifacts", teacher

    def fill(self, count, start=START):
        Artifact.objects.bulk_create(
            Artifact(
                teacher=self.teacher, title="Quiz", content="1.", artifact_type="activity",
                created_at=start + dt.timedelta(seconds=number),
            )
            for number in range(count)
        )  # fmt: skip


@pytest.fixture(params=[Chats, Messages, Artifacts], ids=["chats", "messages", "artifacts"])
def rows(request, teacher):
    return request.param(teacher)


def walk(api, link, meanwhile=None):
    """The ids of all pages from `link` on, in the order of the pages."""
    found = []
    while link:
        page = api.get(link).json()
        found += [row["id"] for row in page["results"]]
        link = page["next"]
        if meanwhile:
            meanwhile()
    return found


@pytest.mark.claim(51, 52)
def test_the_default_limit(api, rows):
    rows.fill(rows.default + 1)
    page = api.get(rows.url).json()
    assert len(page["results"]) == rows.default
    assert page["next"] is not None


@pytest.mark.claim(51, 52)
@pytest.mark.parametrize("limit", ["1000000000", "201", "9999999999999999999"])
def test_a_large_limit_is_capped(api, rows, limit):
    rows.fill(210)
    assert len(api.get(f"{rows.url}?limit={limit}").json()["results"]) == 200


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "", "1.5", "1e3", "٣", "9" * 5000, "0x10"])
def test_a_limit_that_is_no_positive_number_is_refused(api, rows, limit):
    answer = api.get(rows.url, {"limit": limit})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_input"
    assert "limit" in answer.json()["errors"]


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


DAMAGED = {
    "text": "nonsense",
    "umlaut": "ü",
    "too short": encoded(b"\0" * 23),
    "too long": encoded(b"\0" * 25),
    "time out of range": encoded(b"\x7f" * 24),
    "negative time out of range": encoded(b"\x80" + b"\0" * 23),
    "not base64": "*" * 32,
    "sql": "' OR 1=1 --",
    "huge": "A" * 10_000,
    "nul": "\0",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_cursor_is_refused(api, rows, name):
    answer = api.get(rows.url, {"cursor": DAMAGED[name]})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_cursor"


def test_a_cut_cursor_is_refused_or_harmless(api, rows):
    rows.fill(3)
    link = api.get(f"{rows.url}?limit=1").json()["next"]
    assert api.get(link[:-4]).status_code == 400


def test_a_cursor_of_another_teacher_shows_only_ones_own_rows(api, stranger, stranger_api, rows):
    foreign = type(rows)(stranger)
    foreign.fill(5, start=START + dt.timedelta(days=1))
    rows.fill(3)
    link = stranger_api.get(f"{foreign.url}?limit=2").json()["next"]
    cursor = link.partition("cursor=")[2]
    shown = api.get(f"{rows.url}?cursor={cursor}").json()["results"]
    assert {row["id"] for row in shown} == set(walk(api, rows.url))
    assert len(shown) == 3


def test_next_is_a_complete_link_that_keeps_the_other_parameters(api, rows):
    rows.fill(5)
    link = api.get(f"{rows.url}?limit=2&archived=false").json()["next"]
    assert link.startswith(f"http://testserver{rows.url}?")
    assert "limit=2" in link
    assert "archived=false" in link


@pytest.mark.claim(53)
def test_every_row_comes_once_while_new_ones_arrive(api, rows):
    rows.fill(120)
    first = walk(api, f"{rows.url}?limit=200")
    assert len(first) == len(set(first))
    paged = walk(api, f"{rows.url}?limit=17", meanwhile=lambda: rows.fill(3, start=now()))
    assert sorted(paged) == sorted(first)


@pytest.mark.claim(53)
def test_rows_that_go_meanwhile_leave_no_gap(api, teacher):
    Chats(teacher).fill(30)
    expected = walk(api, "/api/chats?limit=50")
    page = api.get("/api/chats?limit=10").json()
    Chat.objects.filter(pk=page["results"][-1]["id"]).delete()
    rest = walk(api, page["next"])
    assert [row["id"] for row in page["results"]] + rest == expected


def test_equal_times_keep_one_order_over_all_pages(api, teacher):
    Chat.objects.bulk_create(
        Chat(teacher=teacher, title="Optik", created_at=START, updated_at=START) for _ in range(20)
    )
    whole = walk(api, "/api/chats")
    assert walk(api, "/api/chats?limit=3") == whole == sorted(whole, reverse=True)


def queries_of(api, url):
    with CaptureQueriesContext(connection) as captured:
        assert api.get(url).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow(api, rows):
    rows.fill(10)
    first = queries_of(api, rows.url)  # the next ones know the token already
    few = queries_of(api, rows.url)
    rows.fill(100, start=now())
    assert queries_of(api, rows.url) == few <= first <= MAX_QUERIES


@pytest.mark.claim(53)
def test_a_deep_page_is_read_from_the_index_without_a_sort(api, rows):
    """So that page 2,000 costs what page 1 does."""
    rows.fill(3000)
    sql.execute("ANALYZE")
    link = api.get(f"{rows.url}?limit=50").json()["next"]
    with CaptureQueriesContext(connection) as captured:
        assert api.get(link).status_code == 200
    page_query = next(each["sql"] for each in captured if "LIMIT 51" in each["sql"])
    plan = explain(page_query)
    assert "INDEX" in plan
    assert "SORT" not in plan
    assert "TEMP B-TREE" not in plan


def explain(query):
    prefix = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{prefix} {query}")
        return "\n".join(str(line[-1]) for line in cursor.fetchall()).upper()
