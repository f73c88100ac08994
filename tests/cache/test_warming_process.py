"""Beat starts the warming by itself, and the next request finds what it has loaded."""

import contextlib
import datetime as dt
import sqlite3
import time
import uuid

import httpx
import psycopg
import pytest

from tests.cluster import SQLITE_FILE, Celery

SECONDS = 60  # beat looks at its table every five, and this machine may be busy


@pytest.fixture
def beat_and_worker(cluster):
    """They run: as processes of their own, or in the web process."""
    if cluster.is_embedded:
        yield
        return
    folder, environment = cluster.folder, cluster.webs[0].environment
    programs = [
        Celery(environment, folder / "beat.log", "beat", "-l", "warning"),
        Celery(environment, folder / "celery.log", "worker", "-l", "warning", "--pool=solo"),
    ]
    for program in programs:
        program.start()
    yield
    for program in programs:
        program.kill()


def execute(cluster, *statements):
    """Change rows behind the back of the product."""
    link = (
        sqlite3.connect(cluster.folder / SQLITE_FILE, timeout=20)
        if cluster.is_embedded
        else psycopg.connect(cluster.postgres.url)
    )
    with contextlib.closing(link):
        for statement in statements:
            link.execute(statement)
        link.commit()


def stored(cluster, row_id):
    """An id as the table holds it."""
    return uuid.UUID(row_id).hex if cluster.is_embedded else row_id


def wait_for(is_so):
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def beat_knows_the_work(cluster):
    return cluster.rows(
        "SELECT 1 FROM django_celery_beat_periodictask WHERE name = 'warm-the-caches'"
    )


def make_due(cluster):
    """Let the last run have been long ago. Beat may write its own idea of that over ours."""
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    execute(
        cluster,
        "UPDATE django_celery_beat_periodictask SET last_run_at = '2026-01-01 00:00:00+00:00'"
        " WHERE name = 'warm-the-caches'",
        f"UPDATE django_celery_beat_periodictasks SET last_update = '{soon:%F %T}+00:00'",
    )
    time.sleep(2)


def warmed(cluster):
    [row] = cluster.rows("SELECT COALESCE(SUM(warmed), 0) AS number FROM cache_counts")
    return row["number"]


@pytest.mark.claim(63, 124)
def test_beat_warms_and_the_next_request_is_answered_by_the_shared_cache(cluster, beat_and_worker):
    headers = {"authorization": f"Bearer {cluster.tokens.pop()[0]}"}
    with httpx.Client(base_url=cluster.urls[-1], headers=headers, timeout=20) as client:
        chat = client.post("/api/chats", json={"title": "Optik"}).json()
        teacher, chat_id = (stored(cluster, chat[name]) for name in ("teacher_id", "id"))
        execute(
            cluster,
            "INSERT INTO cache_habits (teacher_id, slot, topic, days, last_on)"
            f" VALUES ('{teacher}', 0, '', 1000000, CURRENT_DATE)",
        )
        wait_for(lambda: beat_knows_the_work(cluster))
        before = warmed(cluster)
        wait_for(lambda: warmed(cluster) > before or make_due(cluster))
        # The caches do not hear of raw SQL: who shows the old title has asked no database.
        execute(cluster, f"UPDATE chats SET title = 'neu' WHERE id = '{chat_id}'")
        [shown] = client.get("/api/chats").json()["results"]
        assert shown["title"] == "Optik"
        assert client.get(f"/api/chats/{chat['id']}").json()["title"] == "Optik"
