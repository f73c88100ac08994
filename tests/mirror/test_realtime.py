"""A browser gets what it needs to follow its teacher's rows, and loses it with the account."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from knox.models import AuthToken

from chats.models import Chat
from eduhu.mirror import sign_outs
from eduhu.mirror.client import InstantClient
from eduhu.mirror.failures import Closed, Unreachable
from eduhu.mirror.models import OutboxEntry
from eduhu.mirror.realtime import BROWSER_CODE
from eduhu.resilience import breakers
from teachers import actions, views
from tests.client import ApiClient
from tests.factories import make_chat, make_teacher
from tests.fakes.instant_server import APP_ID, TOKEN, Fault
from tests.node import Node

pytestmark = pytest.mark.django_db
PATH = "/api/realtime/token"


def ask(api, **headers):
    return api.send("POST", PATH, **headers)


@pytest.fixture
def token(instant_app, api):
    """A token that a browser of the teacher holds."""
    return ask(api).json()["token"]


def is_known(server, token):
    """Whether InstantDB still takes a token."""
    body = {"app-id": APP_ID, "refresh-token": token}
    answer = httpx.post(f"{server.url}/runtime/auth/verify_refresh_token", json=body)
    return answer.status_code == 200


def carry_over(server):
    """Send the sign-outs that wait, as the drain does before anything else."""
    with InstantClient(app_id=APP_ID, admin_token=TOKEN, api_uri=server.url) as client:
        sign_outs.send(client)


def test_api_and_documents_show_the_same_three_lines():
    assert BROWSER_CODE.count("\n") == 3
    assert BROWSER_CODE in (settings.BASE_DIR / "docs" / "realtime.md").read_text()
    assert BROWSER_CODE in views.FOLLOWING


def test_a_teacher_gets_a_token_of_their_own(instant_app, api, teacher):
    answer = ask(api)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    access = answer.json()
    assert access["app_id"] == APP_ID
    assert access["api_uri"] == instant_app.url
    assert access["websocket_uri"] == f"ws://127.0.0.1:{instant_app.port}/runtime/session"
    assert instant_app.people.of_token(access["token"]) == {"id": str(teacher.pk), "email": None}


def test_nothing_but_the_id_is_told(instant_app, api, teacher):
    ask(api)
    assert [(each.path, each.body) for each in instant_app.log] == [
        ("/admin/refresh_tokens", {"id": str(teacher.pk)})
    ]


@pytest.mark.parametrize(
    ("api_uri", "set_to", "expected"),
    [
        ("https://api.instantdb.com", "", "wss://api.instantdb.com/runtime/session"),
        ("http://instant:8888/", "", "ws://instant:8888/runtime/session"),
        ("http://instant:8888", "wss://live.example/socket", "wss://live.example/socket"),
    ],
)
def test_where_browsers_connect(settings, api_uri, set_to, expected):
    from eduhu.mirror.realtime import websocket_uri

    settings.INSTANT_API_URI, settings.INSTANT_WEBSOCKET_URI = api_uri, set_to
    assert websocket_uri() == expected


def test_without_a_mirror_it_says_so(api):
    for language, word in (("de", "nicht eingeschaltet"), ("en", "not switched on")):
        answer = ask(api, headers={"Accept-Language": language})
        assert (answer.status_code, answer.json()["code"]) == (404, "realtime_off")
        assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault("status", status=500), "5"),
        (Fault("cut"), "5"),
        (Fault("status", status=429, hint={"retry-after": 7}), "7"),
        (Fault("status", status=429, hint={"retry-after": 1e9}), "300"),
        (Fault("no json"), "30"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else value,
)
def test_an_instantdb_that_is_away_is_told_and_tried_again(instant_app, api, fault, pause):
    instant_app.fault = fault
    answer = ask(api)
    assert (answer.status_code, answer.json()["code"]) == (503, "realtime_unavailable")
    assert answer["Retry-After"] == pause
    instant_app.fault = None
    assert ask(api).status_code == 200


def test_a_silent_instantdb_does_not_hold_a_teacher_for_long(instant_app, api, monkeypatch):
    monkeypatch.setattr("eduhu.mirror.realtime.ANSWER_SECONDS", 0.2)
    instant_app.fault = Fault("slow", seconds=1.0)
    assert ask(api).status_code == 503


def test_after_some_failures_it_is_not_asked(instant_app, api):
    instant_app.fault = Fault("cut")
    for _ in range(5):
        ask(api)
    answer = ask(api)
    assert (answer.status_code, answer.json()["code"]) == (503, "circuit_open")
    assert int(answer["Retry-After"]) >= 1
    assert len(instant_app.log) == 5
    assert "InstantDB tokens" in [each.name for each in breakers()]


@pytest.mark.parametrize("wrong", ["INSTANT_APP_ID", "INSTANT_APP_ADMIN_TOKEN"])
def test_a_wrong_app_is_an_outage_for_teachers_and_an_error_for_operators(
    instant_app, api, settings, caplog, wrong
):
    setattr(settings, wrong, "33333333-3333-4333-8333-333333333333")
    assert ask(api).json()["code"] == "realtime_unavailable"
    assert "app-admin-token" in caplog.text
    with pytest.raises(CommandError, match="knows no such app") as refused:
        call_command("mirror")
    assert refused.value.returncode == 2


def test_too_many_tokens_are_refused(instant_app, api, settings):
    settings.REALTIME_RATE = "2/m"
    assert [ask(api).status_code for _ in range(3)] == [200, 200, 429]
    assert ask(ApiClient(make_teacher())).status_code == 200


def test_a_key_does_not_make_it_repeatable(instant_app, api):
    tokens = {ask(api, headers={"Idempotency-Key": "a"}).json()["token"] for _ in range(2)}
    assert len(tokens) == 2


@pytest.mark.parametrize("how", ["everywhere", "last device", "expired", "deleted"])
def test_the_token_ends_with_the_account(instant_app, api, teacher, token, how):
    if how == "everywhere":
        actions.sign_out_everywhere(teacher=teacher)
    elif how == "last device":
        api.send("POST", "/api/auth/logout")
    elif how == "expired":
        AuthToken.objects.update(expiry=teacher.created_at)
        actions.remove_expired_tokens()
    else:
        teacher.delete()
    assert is_known(instant_app, token)
    carry_over(instant_app)
    assert not is_known(instant_app, token)
    assert (str(teacher.pk) in instant_app.store.rows["$users"]) == (how != "deleted")
    assert not OutboxEntry.objects.filter(table="$users").exists()


def test_who_is_signed_in_elsewhere_keeps_their_token(instant_app, api, teacher, token):
    ApiClient(teacher).send("POST", "/api/auth/logout")
    carry_over(instant_app)
    assert is_known(instant_app, token)


def test_a_device_whose_sign_in_has_expired_keeps_nothing(instant_app, api, teacher, token):
    mine = AuthToken.objects.get()
    ApiClient(teacher)
    AuthToken.objects.exclude(pk=mine.pk).update(expiry=teacher.created_at)
    api.send("POST", "/api/auth/logout")
    carry_over(instant_app)
    assert not is_known(instant_app, token)


@pytest.mark.django_db(transaction=True)
def test_two_devices_that_sign_out_at_once_leave_nobody_signed_in(
    instant_app, api, teacher, token, monkeypatch
):
    ApiClient(teacher)
    end, both_deleted = actions._end_realtime, threading.Barrier(2)

    def wait_and_end(teacher_ids):
        with suppress(threading.BrokenBarrierError):  # SQLite lets only one write at a time
            both_deleted.wait(0.5)
        end(teacher_ids)

    monkeypatch.setattr(actions, "_end_realtime", wait_and_end)

    def sign_out(auth):
        actions.sign_out(auth=auth)
        connection.close()

    with ThreadPoolExecutor(2) as devices:
        list(devices.map(sign_out, AuthToken.objects.all()))
    carry_over(instant_app)
    assert not is_known(instant_app, token)


def test_a_sign_out_waits_for_instantdb(instant_app, teacher, token):
    actions.sign_out_everywhere(teacher=teacher)
    instant_app.fault = Fault("lose answer")
    for _ in range(2):
        with pytest.raises(Unreachable):
            carry_over(instant_app)
    instant_app.fault = None
    carry_over(instant_app)
    assert not is_known(instant_app, token)


def test_a_sign_out_passes_rows_that_wait_for_the_schema(instant_app, drain, teacher, token):
    make_chat(teacher)
    actions.sign_out_everywhere(teacher=teacher)
    assert isinstance(drain._next_pass().failure, Closed)
    assert not is_known(instant_app, token)
    assert instant_app.transactions == []


def test_a_sign_out_is_no_row(pushed, drain, teacher, token):
    actions.sign_out_everywhere(teacher=teacher)
    assert drain.run_pass().read == 0
    assert is_known(pushed, token)
    drain._next_pass()
    assert not is_known(pushed, token)


def test_a_read_only_app_signs_out_and_forgets_later(instant_app, teacher, token):
    instant_app.status = "read-only"
    teacher.delete()
    with pytest.raises(Closed):
        carry_over(instant_app)
    assert not is_known(instant_app, token)
    instant_app.status = None
    carry_over(instant_app)
    assert instant_app.store.rows["$users"] == {}


def test_nobody_stays_signed_in_because_others_cannot_be_forgotten_yet(
    instant_app, stranger, teacher, token
):
    instant_app.status = "read-only"
    for _ in range(sign_outs.PEOPLE_AT_ONCE):
        make_teacher().delete()
    stranger.delete()
    actions.sign_out_everywhere(teacher=teacher)
    for _ in range(2):
        with suppress(Closed):
            carry_over(instant_app)
    assert not is_known(instant_app, token)
    waiting = OutboxEntry.objects.filter(table="$users").values_list("operation", flat=True)
    assert set(waiting) == {"delete"}


def test_who_is_signed_out_while_instantdb_answers_gets_nothing(
    instant_app, api, teacher, monkeypatch
):
    issue = InstantClient.issue_token

    def issue_too_late(client, person_id):
        actions.sign_out_everywhere(teacher=teacher)
        carry_over(instant_app)
        return issue(client, person_id)

    monkeypatch.setattr(InstantClient, "issue_token", issue_too_late)
    assert ask(api).status_code == 401
    [token] = instant_app.people.tokens
    carry_over(instant_app)
    assert not is_known(instant_app, token)


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_waits_for_instantdb(instant_app, api, monkeypatch):
    issue, held = InstantClient.issue_token, []

    def look(client, person_id):
        held.append(connection.connection)
        return issue(client, person_id)

    monkeypatch.setattr(InstantClient, "issue_token", look)
    assert ask(api).status_code == 200
    assert held == [None]


@pytest.mark.node
def test_a_browser_follows_what_the_drain_sends(pushed, drain, api, teacher, stranger):
    chat = make_chat(teacher, title="Brüche")
    make_chat(stranger, title="Geheim")
    access = ask(api).json()
    addresses = {"apiURI": access["api_uri"], "websocketURI": access["websocket_uri"]}
    with Node("browser.mjs", appId=access["app_id"], **addresses) as browser:
        assert drain._next_pass().sent == 2
        browser.ask("sign_in", token=access["token"])
        browser.tell("subscribe", query={"chats": {}})
        [row] = browser.until(lambda event: event["event"] == "rows")["data"]["chats"]
        assert (row["id"], row["title"]) == (str(chat.pk), "Brüche")
        Chat.objects.filter(pk=chat.pk).update(title="Dezimalzahlen")
        drain._next_pass()
        [row] = browser.until(lambda event: event["event"] == "rows")["data"]["chats"]
        assert row["title"] == "Dezimalzahlen"
        browser.tell("update", namespace="chats", id=str(chat.pk), values={"title": "von hier"})
        refused = browser.until(lambda event: event["event"] == "refused")
        assert refused["message"] == "Permission denied: not perms-pass?"
        actions.sign_out_everywhere(teacher=teacher)
        drain._next_pass()
    with Node("browser.mjs", appId=access["app_id"], **addresses) as browser:
        refused = browser.ask("sign_in", token=access["token"])
        assert refused["message"] == "Record not found: app-user"
    assert pushed.store.rows["chats"][str(chat.pk)]["title"] == "Dezimalzahlen"


def test_without_a_mirror_nobody_is_to_be_signed_out(teacher):
    actions.sign_out_everywhere(teacher=teacher)
    teacher.delete()
    assert not OutboxEntry.objects.exists()
