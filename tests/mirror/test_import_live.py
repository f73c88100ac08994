"""A running app is read page by page, and imported like a backup of it."""

from dataclasses import replace

import pytest

from chats.models import Chat, Message
from eduhu.mirror.backup import live
from eduhu.mirror.backup.progress import Progress
from eduhu.mirror.schema import schema
from teachers.models import Teacher
from tests.fakes.instant_server import APP_ID, TOKEN, Fault
from tests.mirror.backups import (
    ANNA,
    ANSWER,
    CHAT,
    QUESTION,
    SHEET,
    answer,
    artifact,
    chat,
    link,
    message,
    new_uuid,
    preferences,
    run,
    user,
    whole,
)
from tests.mirror.test_import import mirrored, renamed, without_revision

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(live, "PAGE", 2)
    monkeypatch.setattr(live, "RETRY", replace(live.RETRY, sleep=lambda _seconds: None))


def store(server, rows, links=()):
    """Write rows as a client would; what links hold is linked."""
    held = {(each["forward"]["on"], each["forward"]["label"]) for each in links}
    server.store.push_schema({"links": {str(n): each for n, each in enumerate(links)}})
    for namespace, of in rows.items():
        for row in of:
            values = {k: v for k, v in row.items() if k != "id" and (namespace, k) not in held}
            linked = {k: v for k, v in row.items() if (namespace, k) in held}
            steps = [["update", namespace, row["id"], values]]
            server.store.transact(
                steps + ([["link", namespace, row["id"], linked]] if linked else [])
            )


def many_messages():
    return [message(), answer(), *(message(id=new_uuid(), content=str(n)) for n in range(5))]


def assert_refused(ran, reason):
    assert (ran.code, reason in ran.error) == (2, True), ran
    assert TOKEN not in ran.error
    assert not Teacher.objects.exists()


def test_a_running_app_arrives_page_by_page(instant_app):
    instant_app.store.push_schema(schema())
    rows = whole(messages=many_messages(), chats=[chat(message_count=7)])
    rows["messages"] = [{**row, "mirror_rev": 1} for row in rows["messages"]]
    rows["artifacts"], rows["teacher_preferences"] = (
        [{**artifact(), "mirror_rev": 1}], [{**preferences(), "mirror_rev": 1}],
    )  # fmt: skip
    store(instant_app, rows)
    instant_app.status = "read-only"
    ran = run("instant_import", "--live")
    assert ran.code == 0, ran
    expected = [row for name in rows if name != "$users" for row in rows[name]]
    assert mirrored() == {row["id"]: without_revision(row) for row in expected}
    again = run("instant_import", "--live")
    assert "messages: 7 unchanged" in again.output.splitlines()
    assert TOKEN not in ran.output


def test_links_of_either_direction_arrive(instant_app):
    links = [
        link("chat_sessions", "teacher", "$users", "chats"),
        link("chat_sessions", "messages", "messages", "session", has="many", reverse_has="one"),
        link("artifacts", "session", "chat_sessions", "artifacts"),
    ]
    session = renamed(chat(), teacher_id="teacher") | {"messages": [QUESTION, ANSWER]}
    turns = [renamed(each, chat_id="_", teacher_id="__") for each in (message(), answer())]
    made = renamed(artifact(), chat_id="session")
    rows = {"$users": [user()], "messages": turns, "chat_sessions": [session], "artifacts": [made]}
    store(instant_app, rows, links)
    ran = run("instant_import", "--live")
    assert ran.code == 0, ran
    expected = [chat(), message(), answer(), artifact()]
    assert mirrored() == {row["id"]: without_revision(row) for row in expected}


def test_nothing_but_our_tables_is_asked_for(instant_app):
    store(
        instant_app,
        whole()
        | {
            "$magicCodes": [{"id": new_uuid(), "code": "1"}],
            "diaries": [{"id": new_uuid(), "text": "x"}],
        },
    )
    assert run("instant_import", "--live").code == 0
    asked = {
        name
        for each in instant_app.log
        if each.path == "/admin/query"
        for name in each.body["query"]
    }
    assert asked == {"$users", "chats", "messages", "artifacts", "teacher_preferences"}


def test_a_row_deleted_meanwhile_lets_none_be_jumped(instant_app, monkeypatch):
    gone, stays = message(id=new_uuid()), many_messages()
    store(instant_app, whole(messages=[gone, *stays]))

    def delete(_progress, what, number):
        if (what, number) == ("fetching messages", 4):
            instant_app.store.transact([["delete", "messages", gone["id"], None]])

    monkeypatch.setattr(Progress, "__call__", delete)
    assert run("instant_import", "--live").code == 0
    assert {str(each.pk) for each in Message.objects.all()} == {each["id"] for each in stays}


def test_an_app_that_does_not_rest_is_not_imported(instant_app, monkeypatch):
    store(instant_app, whole(messages=many_messages() + [message(id=new_uuid()) for _ in range(9)]))

    def delete(_progress, what, _number):
        rows = instant_app.store.rows["messages"]
        if what == "fetching messages" and rows:
            first = min(
                rows, key=lambda row_id: (instant_app.store.created["messages", row_id], row_id)
            )
            instant_app.store.transact([["delete", "messages", first, None]])

    monkeypatch.setattr(Progress, "__call__", delete)
    assert_refused(run("instant_import", "--live"), "Make the app read-only first")


def test_a_stumble_is_no_end(instant_app, monkeypatch):
    store(instant_app, whole())
    instant_app.fault = Fault("status", status=500)

    def recover(_seconds):
        instant_app.fault = None

    monkeypatch.setattr(live, "RETRY", replace(live.RETRY, sleep=recover))
    assert run("instant_import", "--live").code == 0
    assert Chat.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "fault", "status", "reason"),
    [
        ({"app_id": new_uuid()}, None, None, "App id, token or address are wrong"),
        ({"admin_token": new_uuid()}, None, None, "App id, token or address are wrong"),
        ({"admin_token": ""}, None, None, "needs INSTANT_APP_ADMIN_TOKEN"),
        ({"api_uri": "http://127.0.0.1:9"}, None, None, "http://127.0.0.1:9 does not take part"),
        ({"api_uri": "nowhere"}, None, None, "nowhere does not take part"),
        ({}, Fault("status", status=500), None, "does not take part"),
        ({}, Fault("status", status=404), None, "App id, token or address are wrong"),
        ({}, Fault("no json"), None, "does not take part"),
        ({}, Fault("cut"), None, "does not take part"),
        ({}, None, "disabled", "does not take part: app-disabled"),
    ],
)
def test_an_app_that_cannot_be_read(instant_app, options, fault, status, reason):
    store(instant_app, whole())
    instant_app.fault, instant_app.status = fault, status
    assert_refused(run("instant_import", live=True, **options), reason)


def test_the_mapping_is_checked_before_anything_is_read(instant_app, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"chats": {"namespace": "talks"}}')
    store(instant_app, whole())
    assert_refused(
        run("instant_import", "--live", "--mapping", mapping), "The backup has no 'talks'"
    )
    assert not [each for each in instant_app.log if each.path == "/admin/query"]


@pytest.mark.parametrize("arguments", [[], ["backup.zip", "--live"]])
def test_a_backup_or_an_app(arguments):
    assert_refused(run("instant_import", *arguments), "Name a backup, or say --live.")


def test_another_app_by_its_own_id(instant_app, settings):
    """The settings name the app that is mirrored to; the one to read may be another."""
    settings.INSTANT_APP_ID, settings.INSTANT_APP_ADMIN_TOKEN = new_uuid(), ""
    store(instant_app, whole())
    ran = run("instant_import", "--live", "--app-id", APP_ID, "--admin-token", TOKEN)
    assert ran.code == 0
    assert {str(chat.pk) for chat in Chat.objects.all()} == {CHAT}
    assert {SHEET, ANNA} <= {*mirrored(), *(str(each.pk) for each in Teacher.objects.all())}
