"""Guessing passwords is slowed down; signing in is not."""

import pytest

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def low_limits(settings):
    settings.LOGIN_FAILURE_RATE = "3/h"
    settings.LOGIN_FAILURE_RATE_PER_ADDRESS = "5/h"


def sign_in(api, email, password=PASSWORD, forwarded=None, peer="127.0.0.1"):
    extra = {} if forwarded is None else {"headers": {"x-forwarded-for": forwarded}}
    body = {"email": email, "password": password}
    return api.send("POST", "/api/auth/login", body, REMOTE_ADDR=peer, **extra)


def fail(api, times, email="nobody@eduhu.example", **where):
    return [sign_in(api, email, "wrong", **where).status_code for _ in range(times)]


def test_after_some_failures_the_account_must_wait(anonymous_api, teacher):
    assert fail(anonymous_api, 4, teacher.email) == [401, 401, 401, 429]
    refused = sign_in(anonymous_api, teacher.email.upper())
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 3600


def test_other_accounts_and_other_addresses_are_not_affected(anonymous_api, teacher, stranger):
    fail(anonymous_api, 4, teacher.email)
    assert sign_in(anonymous_api, stranger.email).status_code == 200
    assert sign_in(anonymous_api, teacher.email, peer="127.0.0.2").status_code == 200


def test_an_address_that_tries_many_accounts_must_wait(anonymous_api, teacher):
    codes = [fail(anonymous_api, 1, f"nobody{n}@eduhu.example")[0] for n in range(6)]
    assert codes == [401] * 5 + [429]
    assert sign_in(anonymous_api, teacher.email).status_code == 429


def test_successes_are_not_counted(anonymous_api, teacher):
    assert {sign_in(anonymous_api, teacher.email).status_code for _ in range(8)} == {200}


def test_a_forged_header_does_not_make_a_new_client(anonymous_api, teacher):
    codes = [
        fail(anonymous_api, 1, teacher.email, forwarded=f"198.51.100.{n}")[0] for n in range(4)
    ]
    assert codes == [401, 401, 401, 429]


def test_behind_one_proxy_the_hop_it_added_is_the_client(anonymous_api, teacher, settings):
    settings.PROXY_COUNT = 1
    codes = [
        fail(anonymous_api, 1, teacher.email, forwarded=f"198.51.100.{n}, 203.0.113.9")[0]
        for n in range(4)
    ]
    assert codes == [401, 401, 401, 429]
    elsewhere = sign_in(anonymous_api, teacher.email, forwarded="203.0.113.9, 203.0.113.10")
    assert elsewhere.status_code == 200


def test_without_the_proxys_header_the_peer_is_the_client(anonymous_api, teacher, settings):
    settings.PROXY_COUNT = 2
    fail(anonymous_api, 4, teacher.email, forwarded="203.0.113.9")
    assert sign_in(anonymous_api, teacher.email, forwarded="203.0.113.8").status_code == 429


def test_the_limit_can_be_off_in_development(anonymous_api, settings):
    settings.LOGIN_FAILURE_RATE = settings.LOGIN_FAILURE_RATE_PER_ADDRESS = "off"
    assert set(fail(anonymous_api, 8)) == {401}


def test_plain_writes_are_not_limited_below_three_hundred_a_minute(api):
    codes = {api.send("POST", "/api/chats", {}).status_code for _ in range(301)}
    assert codes == {201}
