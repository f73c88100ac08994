"""InstantDB's libraries for JavaScript: a browser with our tokens, and a server of somebody else."""

import uuid

import pytest
from instantdb import Instant

from tests.mirror.instant_apps import contract_app, contract_apps
from tests.node import Node

pytestmark = pytest.mark.node


@pytest.fixture(scope="module", params=contract_apps())
def app(request):
    with contract_app(request.param) as app:
        yield app


@pytest.fixture(scope="module")
def instant(app):
    with Instant(app_id=app.app_id, admin_token=app.admin_token, api_uri=app.api_uri) as instant:
        yield instant


@pytest.fixture
def owner(instant):
    """A person with a chat, which goes with the test."""
    owner, chat = str(uuid.uuid4()), str(uuid.uuid4())
    write(instant, chat, owner, "A")
    yield owner, chat
    instant.transact(instant.tx.chats[chat].delete())
    instant.auth.delete_user(id=owner)


def write(instant, chat, owner, title):
    values = {"teacher_id": owner, "mirror_rev": 1, "created_at": 1, "title": title}
    instant.transact(instant.tx.chats[chat].update(values))


@pytest.fixture
def browser(app):
    with Node("browser.mjs", **app.for_browsers) as browser:
        yield browser


def chats_of(owner):
    return {"chats": {"$": {"where": {"teacher_id": owner}, "order": {"created_at": "desc"}}}}


def shows(*titles):
    """Whether an event tells of exactly these chats."""
    return lambda event: (
        event["event"] == "rows" and titles == tuple(row["title"] for row in event["data"]["chats"])
    )


def test_a_browser_follows_its_own_rows(instant, browser, owner):
    teacher, chat = owner
    assert browser.ask("sign_in", token=instant.auth.create_token(id=teacher)) == {
        "event": "signed in"
    }
    browser.tell("subscribe", query=chats_of(teacher))
    browser.until(shows("A"))
    write(instant, chat, teacher, "B")
    browser.until(shows("B"))
    instant.transact(instant.tx.chats[chat].delete())
    browser.until(shows())


def test_a_browser_sees_nothing_of_others(instant, browser, owner):
    stranger = str(uuid.uuid4())
    browser.tell("subscribe", query=chats_of(owner[0]))
    browser.until(shows())
    browser.ask("sign_in", token=instant.auth.create_token(id=stranger))
    browser.until(shows())
    instant.auth.delete_user(id=stranger)


@pytest.mark.parametrize("what", ["update", "delete"])
def test_a_browser_cannot_write(instant, browser, owner, what):
    teacher, chat = owner
    browser.ask("sign_in", token=instant.auth.create_token(id=teacher))
    browser.tell("subscribe", query=chats_of(teacher))
    browser.until(shows("A"))
    browser.tell(what, namespace="chats", id=chat, values={"title": "mine"})
    refused = browser.until(lambda event: event["event"] == "refused")
    assert refused["message"] == "Permission denied: not perms-pass?"
    assert instant.query(chats_of(teacher))["chats"][0]["title"] == "A"


def test_a_token_that_was_signed_out_opens_nothing(instant, browser, owner):
    token = instant.auth.create_token(id=owner[0])
    instant.auth.sign_out(id=owner[0])
    refused = browser.ask("sign_in", token=token)
    assert (refused["event"], refused["message"]) == ("refused", "Record not found: app-user")


def test_a_wrong_app_is_told(app):
    wrong = {**app.for_browsers, "appId": str(uuid.uuid4())}
    with Node("browser.mjs", **wrong) as browser:
        browser.tell("watch")  # the library does not tell its queries
        browser.until(lambda event: event.get("status") == "errored")
        refused = browser.ask("sign_in", token=str(uuid.uuid4()))
        assert (refused["event"], refused["message"]) == ("refused", "Record not found: app-user")


def test_a_server_writes_reads_and_is_checked(app, instant, owner):
    teacher, chat = owner
    with Node(
        "server.mjs", appId=app.app_id, adminToken=app.admin_token, apiURI=app.api_uri
    ) as server:
        server.ask("update", namespace="chats", id=chat, values={"title": "C"})
        done = server.ask("query", query=chats_of(teacher))
        assert shows("C")({"event": "rows", "data": done["answer"]})
        missing = server.ask("update", namespace="chats", id=chat, values={"nope": 1})
        assert missing["status"] == 400
        assert "Attributes are missing in your schema" in missing["message"]
        token = instant.auth.create_token(id=str(uuid.uuid4()))
        other = server.ask("query", query=chats_of(teacher), token=token)
        assert other["answer"] == {"chats": []}
