"""What operators announce is read by everybody, and maintenance lets nobody write."""

import datetime as dt

import pytest
from asgiref.sync import sync_to_async
from auditlog.models import LogEntry
from channels.testing import WebsocketCommunicator
from django.urls import reverse
from knox.models import AuthToken

from chats.models import Chat
from eduhu import outcomes
from eduhu.asgi import application
from eduhu.db import epoch_ms, now
from eduhu.routes import ROUTES
from eduhu.switches import state
from eduhu.switches.models import Notice
from monitoring.console.counted import counted, growth
from teachers.models import Teacher
from tests.admin import page, run_action, staff_client
from tests.asgi import ask
from tests.client import ApiClient
from tests.eduhu.test_isolation import CALLS, django_calls, make_world, send, stream_calls
from tests.factories import PASSWORD, make_chat

HOUR = dt.timedelta(hours=1)


def announce(**fields):
    notice = Notice.objects.create(**{"text_de": "Wartung", "text_en": "Maintenance", **fields})
    state.load()
    return notice


@pytest.mark.django_db
def test_everybody_reads_what_is_announced_in_their_language(django_assert_num_queries):
    notice = announce(severity="warning", begins_at=now() - HOUR, ends_at=now() + HOUR)
    announce(begins_at=now() + HOUR)
    announce(begins_at=now() - 2 * HOUR, ends_at=now() - HOUR)
    with django_assert_num_queries(0):
        answer = ApiClient().get("/api/notices", HTTP_ACCEPT_LANGUAGE="en-GB")
    assert answer.json() == {
        "maintenance": False,
        "notices": [
            {
                "id": notice.pk, "text": "Maintenance", "severity": "warning", "stops_writes": False,
                "begins_at": epoch_ms(notice.begins_at), "ends_at": epoch_ms(notice.ends_at),
            }
        ],
    }  # fmt: skip
    assert answer["Cache-Control"].startswith("private")
    wrong = ApiClient(HTTP_AUTHORIZATION="Bearer wrong").get("/api/notices")
    assert wrong.json()["notices"][0]["text"] == "Wartung"


@pytest.mark.django_db
def test_it_begins_and_ends_by_the_clock_without_another_look(monkeypatch):
    begins = now() + HOUR
    announce(begins_at=begins, ends_at=begins + HOUR, stops_writes=True)
    found = []
    for moment in (begins - HOUR, begins, begins + 2 * HOUR):
        for place in ("eduhu.switches.models.now", "eduhu.switches.state.now"):
            monkeypatch.setattr(place, lambda moment=moment: moment)
        found.append([notice.text for notice in state.notices()])
    assert found == [[], ["Wartung"], []]


STILL_ALLOWED = ("/api/auth/", "/api/realtime/token", "/cancel")
WRITES = [
    param
    for param in django_calls(CALLS, "own account", "row")
    if param.values[0].method != "GET"
    and not any(part in param.values[0].path for part in STILL_ALLOWED)
]


@pytest.fixture
def maintenance(db):
    return announce(stops_writes=True, begins_at=now() - HOUR, ends_at=now() + HOUR / 2)


def test_what_operators_want_raises_no_alert(maintenance, api):
    outcomes.forget()
    api.send("POST", "/api/chats", {"title": "Optik"})
    assert outcomes.recent(60) == {"chats": (1, 0)}


def test_what_operators_want_is_no_failure_in_charts_and_log(maintenance, api, caplog):
    before = counted()
    api.send("POST", "/api/chats", {"title": "Optik"})
    news = growth(counted(), before)
    assert (news["requests"], news["failures"]) == (1, 0)
    assert "Service Unavailable" not in caplog.text


def test_the_list_of_writes_is_one():
    assert len(WRITES) >= 8


@pytest.mark.parametrize("call", WRITES)
def test_nothing_is_written_during_maintenance(call, maintenance, api, teacher):
    world = make_world(teacher)
    before = world.rows()
    answer = send(api, call, world, HTTP_ACCEPT_LANGUAGE="de")
    assert (answer.status_code, answer.json()["code"]) == (503, "maintenance")
    assert 1700 < int(answer["Retry-After"]) <= 1801
    assert "gewartet" in answer.json()["detail"]
    assert world.rows() == before


def test_teachers_sign_in_read_stop_and_leave_meanwhile(maintenance, teacher):
    body = {"email": teacher.email, "password": PASSWORD}
    token = ApiClient().send("POST", "/api/auth/login", body).json()["token"]
    api = ApiClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    world = make_world(teacher)
    for path in ("/api/chats", f"/api/chats/{world.chat_id}/messages", "/api/artifacts"):
        assert api.get(path).status_code == 200
    assert api.send("POST", f"/api/replies/{world.reply_id}/cancel").status_code == 202
    assert api.send("POST", "/api/auth/logout").status_code == 204


@pytest.mark.django_db
def test_who_knows_no_end_is_told_to_look_in_a_minute(api):
    announce(stops_writes=True)
    assert api.send("POST", "/api/chats", {"title": "Optik"})["Retry-After"] == "60"


@pytest.mark.parametrize("call", stream_calls("own account", "row"))
async def test_no_reply_begins_during_maintenance(call, teacher, transactional_db):
    @sync_to_async
    def prepare():
        announce(stops_writes=True)
        return make_world(teacher), AuthToken.objects.create(teacher)[1]

    world, token = await prepare()
    answer = await ask(call.method, world.fill(call.path), world.fill(call.data), token=token)
    if call.method == "GET":
        assert answer.status == 200
    else:
        assert (answer.status, answer.json()["code"]) == (503, "maintenance")


def test_no_route_beside_django_writes_without_being_looked_at():
    looked_at = {(p.values[0].method, p.values[0].path) for p in stream_calls("own account", "row")}
    assert looked_at == {(route.method, route.path) for route in ROUTES}


async def test_a_socket_says_so(teacher, transactional_db):
    @sync_to_async
    def prepare():
        announce(stops_writes=True)
        return make_chat(teacher).pk, AuthToken.objects.create(teacher)[1]

    chat_id, token = await prepare()
    socket = WebsocketCommunicator(
        application, f"/ws/chats/{chat_id}", subprotocols=["bearer", token],
        headers=[(b"host", b"localhost")],
    )  # fmt: skip
    assert (await socket.connect())[0]
    await socket.send_json_to({"type": "send", "content": "Licht?"})
    frame = await socket.receive_json_from(5)
    assert (frame["type"], frame["code"], frame["retry_after"]) == ("error", "maintenance", 60)
    await socket.disconnect()


# --- In the admin ------------------------------------------------------------------------

FORM = {
    "text_de": "Heute Abend Wartung", "text_en": "Maintenance tonight", "severity": "danger",
    "begins_at_0": "2026-01-05", "begins_at_1": "18:00", "stops_writes": "on",
}  # fmt: skip


@pytest.mark.django_db
def test_operators_announce_prolong_and_end(django_capture_on_commit_callbacks, api):
    staff = staff_client()
    assert staff.get(page(Notice, "add")).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.post(page(Notice, "add"), FORM).status_code == 302
    notice = Notice.objects.get()
    assert api.get("/api/notices").json()["maintenance"]
    for url in (page(Notice), page(Teacher), reverse("admin:index")):
        assert "Heute Abend Wartung" in staff.get(url).text
    later = {**FORM, "ends_at_0": "2031-01-05", "ends_at_1": "20:00", "stops_writes": ""}
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.post(page(Notice, "change", notice), later).status_code == 302
    assert api.send("POST", "/api/chats", {"title": "Optik"}).status_code == 201
    with django_capture_on_commit_callbacks(execute=True):
        run_action(staff, "end", notice)
    assert api.get("/api/notices").json()["notices"] == []
    assert LogEntry.objects.count() == 3


@pytest.mark.django_db
def test_staff_work_on_during_maintenance(maintenance, teacher):
    chat = make_chat(teacher)
    run_action(staff_client(), "archive", chat)
    assert Chat.objects.get().is_archived


@pytest.mark.django_db
def test_one_that_has_not_begun_is_taken_back():
    notice = announce(begins_at=now() + HOUR)
    run_action(staff_client(), "end", notice)
    assert not Notice.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"text_en": ""},
        {"severity": "doom"},
        {"ends_at_0": "2026-01-05", "ends_at_1": "18:00"},
        {"begins_at_0": "soon"},
    ],
)
def test_a_wrong_notice_is_refused(wrong):
    answer = staff_client().post(page(Notice, "add"), {**FORM, **wrong})
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert not Notice.objects.exists()
