"""What the API answers belongs to one teacher: no shared cache may keep it."""

import pytest

from tests.eduhu.test_isolation import BESIDE_DJANGO, CALLS, make_world, send


@pytest.mark.django_db
def test_answers_and_refusals_are_kept_out_of_shared_caches(api, anonymous_api):
    assert api.get("/api/chats")["Cache-Control"] == "private, no-cache"
    assert anonymous_api.get("/api/chats")["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.claim(98)
def test_whatever_is_read_is_private_and_sets_no_cookie(api, teacher):
    world = make_world(teacher)
    for call in CALLS:
        if call.method == "GET" and (call.method, call.path) not in BESIDE_DJANGO:
            answer = send(api, call, world)
            assert answer["Cache-Control"].startswith("private, no-"), call
            assert not answer.cookies, call


def test_the_page_sets_no_cookie_and_allows_nothing_from_outside(client):
    answer = client.get("/")
    assert not answer.cookies
    assert "default-src 'self'" in answer["Content-Security-Policy"]
