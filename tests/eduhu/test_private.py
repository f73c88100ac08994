"""What the API answers belongs to one teacher: no shared cache may keep it."""

import pytest


@pytest.mark.django_db
def test_answers_and_refusals_are_kept_out_of_shared_caches(api, anonymous_api):
    assert api.get("/api/chats")["Cache-Control"] == "private, no-cache"
    assert anonymous_api.get("/api/chats")["Cache-Control"] == "no-store"


def test_the_page_sets_no_cookie_and_allows_nothing_from_outside(client):
    answer = client.get("/")
    assert not answer.cookies
    assert "default-src 'self'" in answer["Content-Security-Policy"]
