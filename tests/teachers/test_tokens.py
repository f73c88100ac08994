"""A token seen just now costs no query, and is never believed longer than it is true."""

import datetime as dt
import time
from types import SimpleNamespace

import pytest
from knox.models import AuthToken

from eduhu.db import now
from teachers import tokens
from teachers.models import Teacher
from tests.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def known_api(api):
    """A client whose token has just been used."""
    assert api.get("/api/auth/me").status_code == 200
    return api


@pytest.fixture
def clock(monkeypatch):
    """The clock of what is remembered; set `seconds` to move it."""
    clock = SimpleNamespace(seconds=0.0)
    start = time.monotonic()
    fake = SimpleNamespace(monotonic=lambda: start + clock.seconds)
    monkeypatch.setattr(tokens, "time", fake)
    return clock


def test_the_next_request_needs_no_query(known_api, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert known_api.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize("path", ["/api/auth/logout", "/api/auth/logout-all"])
def test_signing_out_counts_at_once(known_api, path):
    assert known_api.send("POST", path).status_code == 204
    assert known_api.get("/api/auth/me").status_code == 401


def test_deactivation_counts_at_once(known_api, teacher):
    teacher.is_active = False
    teacher.save()
    assert known_api.get("/api/auth/me").status_code == 401


def test_the_end_of_an_account_counts_at_once(known_api, teacher):
    teacher.delete()
    assert known_api.get("/api/auth/me").status_code == 401


def test_a_changed_teacher_is_seen_at_once(known_api, teacher):
    teacher.name = "Frau Neu"
    teacher.save()
    assert known_api.get("/api/auth/me").json()["name"] == "Frau Neu"


def test_a_remembered_token_still_expires(known_api, monkeypatch):
    monkeypatch.setattr(tokens, "now", lambda: now() + dt.timedelta(days=31))
    assert known_api.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda: Teacher.objects.update(is_active=False),
        lambda: AuthToken.objects.update(expiry=now() - dt.timedelta(seconds=1)),
        lambda: AuthToken.objects.all()._raw_delete(using="default"),
    ],
    ids=["inactive", "expired", "deleted"],
)
def test_what_another_process_changed_counts_within_five_seconds(teacher, clock, change):
    api = ApiClient(teacher)
    assert api.get("/api/auth/me").status_code == 200
    change()
    clock.seconds = 5.001
    assert api.get("/api/auth/me").status_code == 401


def test_one_request_does_not_see_what_another_loaded(api):
    token = api.defaults["HTTP_AUTHORIZATION"].partition(" ")[2]
    first, second = tokens.find_token(token), tokens.find_token(token)
    first.user.name = "changed by the first"
    assert second.user.name != first.user.name
    assert tokens.find_token(token).user.name != first.user.name


def test_the_memory_is_bounded(teacher, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_ENTRIES", 3)
    for _ in range(8):
        assert ApiClient(teacher).get("/api/auth/me").status_code == 200
        assert len(tokens._entries) <= 3
