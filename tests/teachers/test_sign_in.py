"""Signing in and out: tokens, their end, and what a refusal says."""

import datetime as dt
import logging

import pytest
from knox.models import AuthToken

from eduhu.db import now
from teachers import actions
from tests.client import ApiClient
from tests.factories import PASSWORD, make_teacher

pytestmark = pytest.mark.django_db

LOGIN = "/api/auth/login"
CANARY = "canary-password-4711"


def sign_in(api, email, password=PASSWORD, **extra):
    return api.send("POST", LOGIN, {"email": email, "password": password}, **extra)


def with_token(token):
    return ApiClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def test_a_teacher_signs_in_and_sees_who_they_are(anonymous_api, teacher):
    answer = sign_in(anonymous_api, teacher.email)
    assert answer.status_code == 200
    shown = answer.json()["teacher"]
    assert shown["email"] == teacher.email
    assert with_token(answer.json()["token"]).get("/api/auth/me").json() == shown


def test_the_token_lasts_as_long_as_it_says(anonymous_api, teacher):
    expires_at = sign_in(anonymous_api, teacher.email).json()["expires_at"]
    days = (expires_at / 1000 - now().timestamp()) / 86400
    assert 29.9 < days < 30.1


def test_the_token_is_not_kept_in_clear(anonymous_api, teacher):
    token = sign_in(anonymous_api, teacher.email).json()["token"]
    stored = AuthToken.objects.values().get()
    assert all(token not in str(value) for value in stored.values())


@pytest.mark.parametrize("change", [str.upper, str.title, lambda email: f"  {email} "])
def test_the_case_of_an_address_does_not_matter(anonymous_api, teacher, change):
    assert sign_in(anonymous_api, change(teacher.email)).status_code == 200


@pytest.mark.parametrize(
    ("language", "detail"),
    [
        ("de", "E-Mail-Adresse oder Passwort ist falsch. "),
        ("en", "E-mail address or password is wrong. "),
        ("fr, en;q=0.5", "E-mail address or password is wrong. "),
        ("fr", "E-Mail-Adresse oder Passwort ist falsch. "),
    ],
)
def test_a_refusal_does_not_say_which_part_was_wrong(anonymous_api, teacher, language, detail):
    make_teacher(email="former@eduhu.example", is_active=False)
    answers = [
        sign_in(anonymous_api, teacher.email, "wrong", headers={"accept-language": language}),
        sign_in(anonymous_api, "nobody@eduhu.example", headers={"accept-language": language}),
        sign_in(anonymous_api, "former@eduhu.example", headers={"accept-language": language}),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json()["code"] == "wrong_credentials"
        assert answer.json()["detail"].startswith(detail)
        assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "a@eduhu.example"}, {"email": "", "password": "x"}, {"email": ["a"], "password": "x"},
     {"email": "x" * 255, "password": "x"}, {"email": "a", "password": "x" * 1001}, [], "text"],
)  # fmt: skip
def test_an_incomplete_form_is_refused(anonymous_api, body):
    answer = anonymous_api.send("POST", LOGIN, body)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"invalid_input", "malformed_body"}


def test_spaces_in_a_password_count(anonymous_api, teacher):
    assert sign_in(anonymous_api, teacher.email, f" {PASSWORD}").status_code == 401


def test_signing_out_ends_this_token_only(api, teacher):
    other = ApiClient(teacher)
    assert api.send("POST", "/api/auth/logout").status_code == 204
    assert api.get("/api/auth/me").status_code == 401
    assert other.get("/api/auth/me").status_code == 200


def test_signing_out_everywhere_ends_every_token_of_this_teacher(api, teacher, stranger_api):
    other = ApiClient(teacher)
    assert api.send("POST", "/api/auth/logout-all").status_code == 204
    for client in (api, other):
        assert client.get("/api/auth/me").status_code == 401
    assert stranger_api.get("/api/auth/me").status_code == 200


def test_an_expired_token_is_refused_and_removed_later(api, stranger_api, teacher):
    AuthToken.objects.filter(user=teacher).update(expiry=now() - dt.timedelta(milliseconds=1))
    assert api.get("/api/auth/me").status_code == 401
    assert actions.remove_expired_tokens() == 1
    assert actions.remove_expired_tokens() == 0
    assert stranger_api.get("/api/auth/me").status_code == 200


def test_a_deactivated_teacher_is_refused_at_once(api, teacher):
    teacher.is_active = False
    teacher.save()
    assert api.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer a b", "Token abc", "Basic YTpi", "Bearer ü", "Bearer \x00",
     "Bearer " + "a" * 100_000, "bearer,bearer"],
)  # fmt: skip
def test_a_header_that_is_no_token_is_refused(db, header):
    answer = ApiClient(HTTP_AUTHORIZATION=header).get("/api/chats")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_authenticated"


def test_a_session_of_the_admin_cannot_write_without_its_csrf_token(teacher):
    browser = ApiClient(enforce_csrf_checks=True)
    browser.force_login(teacher)
    assert browser.get("/api/chats").status_code == 200
    assert browser.send("POST", "/api/chats", {}).status_code == 403
    assert browser.send("POST", "/api/auth/logout", {}).status_code == 403


def test_passwords_stand_in_no_log(anonymous_api, teacher, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    teacher.set_password(CANARY)
    teacher.save()
    assert sign_in(anonymous_api, teacher.email, CANARY).status_code == 200
    assert sign_in(anonymous_api, teacher.email, f"{CANARY}!").status_code == 401
    anonymous_api.send("POST", LOGIN, f'{{"email": "a", "password": "{CANARY}"'.encode())
    monkeypatch.setattr(actions, "authenticate", None)
    assert sign_in(anonymous_api, teacher.email, CANARY).status_code == 500
    assert "TypeError" in caplog.text
    assert CANARY not in caplog.text
