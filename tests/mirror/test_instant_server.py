"""The stand-in for InstantDB answers as the recorded traffic does, and fails as it is told."""

import json
import signal
import subprocess
import threading
from pathlib import Path

import httpx
import pytest
from instantdb import Instant, InstantAPIError

from benchmarks.mirror.stand_in import StandIn
from eduhu.mirror.schema import permissions, schema
from tests.fakes import instant_live
from tests.fakes.instant_query import run
from tests.fakes.instant_rules import Rules
from tests.fakes.instant_server import APP_ID, TOKEN, Fault
from tests.fakes.instant_values import Refusal

WIRE = sorted((Path(__file__).parent.parent / "fakes" / "instant_wire").glob("*.json"))
CHAT = "c0000000-0000-4000-8000-000000000009"
OTHER = "c0000000-0000-4000-8000-000000000008"


@pytest.fixture
def instant(server):
    with Instant(app_id=APP_ID, admin_token=TOKEN, api_uri=server.url) as instant:
        yield instant


def comparable(body):
    """A body without what differs from one time to the next."""
    if not isinstance(body, dict):
        return body
    kept = {key: comparable(value) for key, value in body.items() if key != "trace-id"}
    return {**kept, "refresh_token": "…"} if "refresh_token" in kept else kept


def play(server, sample, tokens):
    """Send a recorded request, with the token of today for each that was recorded."""
    text = json.dumps(sample)
    for recorded, ours in tokens.items():
        text = text.replace(recorded, ours)
    sample = json.loads(text)
    headers = sample["headers"] or {"authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(
        server.url + sample["path"], params=sample["query"], headers=headers, json=sample["body"]
    )
    return answer.status_code, answer.json()


@pytest.mark.parametrize("start", ["0", "24"], ids=["python", "npm"])
def test_recorded_traffic_is_answered_as_recorded(server, start):
    """The samples of a library are one conversation, which begins with the schema."""
    tokens = {}
    of_npm = [path for path in WIRE if path.name.startswith("24")]
    of_python = [path for path in WIRE if path not in of_npm]
    for path in of_python if start == "0" else [of_python[0], *of_npm]:
        sample = json.loads(path.read_text())
        status, body = play(server, sample, tokens)
        if "user" in body:
            tokens[sample["response"]["user"]["refresh_token"]] = body["user"]["refresh_token"]
        assert status == sample["status"], path.name
        if "tx-id" in sample["response"]:
            assert isinstance(body.pop("tx-id"), int)
            sample["response"].pop("tx-id")
        assert comparable(body) == comparable(sample["response"]), path.name


def test_the_library_sends_what_was_recorded(server, instant):
    sample = json.loads(next(path for path in WIRE if path.name.startswith("05")).read_text())
    instant.transact(
        [
            getattr(instant.tx[namespace][row_id], action)(args)
            for action, namespace, row_id, args in sample["body"]["steps"]
        ]
    )
    assert server.log[-1].body == sample["body"]


@pytest.mark.parametrize(
    "order", [{"updated_at": "asc"}, {"updated_at": "desc"}, {"serverCreatedAt": "asc"}]
)
def test_cursors_lead_through_all_rows(server, order):
    server.store.push_schema(schema())
    for number in (3, 1, 5, 2, 4):
        row_id = f"{number}0000000-0000-4000-8000-000000000000"
        values = {"updated_at": number // 2, "mirror_rev": number}  # some are equal
        server.store.transact([["update", "chats", row_id, values]])

    def page(**options):
        node = run(server.store, {"chats": {"$": {"order": order, **options}}})["chats"]
        return [row["mirror_rev"] for row in node.rows], node.page

    in_order, _info = page()
    seen, info = page(first=2)
    while info["has-next-page?"]:
        more, info = page(first=2, after=info["end-cursor"])
        seen += more
    assert seen == in_order
    before = info["start-cursor"]
    assert page(last=2, before=before)[0] == in_order[2:4]
    assert page(last=2, before=before, beforeInclusive=True)[0] == in_order[3:5]
    with pytest.raises(Refusal, match="Invalid after cursor"):
        page(first=2, after=[CHAT, CHAT, 1, 1])


# --- Links, which our schema does not have ---


@pytest.fixture
def linked(server, instant):
    """A chat with two messages, which go with it."""
    forward = {"on": "messages", "label": "chat", "has": "one", "onDelete": "cascade"}
    reverse = {"on": "chats", "label": "messages", "has": "many"}
    server.store.push_schema({"links": {"messagesChat": {"forward": forward, "reverse": reverse}}})
    ids = [CHAT.replace("c0", "d0"), OTHER.replace("c0", "d0")]
    instant.transact(
        [
            instant.tx.chats[CHAT].update({"title": "A"}),
            instant.tx.messages[ids[0]].update({"role": "user"}).link({"chat": CHAT}),
            instant.tx.messages[ids[1]].update({"role": "user"}),
            instant.tx.chats[CHAT].link({"messages": ids[1]}),
        ]
    )
    return ids


def messages_of(instant, chat):
    form = {"$": {"where": {"id": chat}}, "messages": {}}
    return [
        row["id"] for each in instant.query({"chats": form})["chats"] for row in each["messages"]
    ]


def test_links_lead_both_ways_and_one_replaces_the_other(instant, linked):
    assert sorted(messages_of(instant, CHAT)) == sorted(linked)
    for message in instant.query({"messages": {"chat": {}}})["messages"]:
        assert message["chat"][0]["title"] == "A"
    instant.transact([instant.tx.chats[OTHER].update({"title": "B"}).link({"messages": linked[0]})])
    assert (messages_of(instant, CHAT), messages_of(instant, OTHER)) == ([linked[1]], [linked[0]])
    instant.transact(instant.tx.messages[linked[0]].unlink({"chat": OTHER}))
    assert messages_of(instant, OTHER) == []


def test_what_goes_takes_its_links_along(instant, linked):
    instant.transact(instant.tx.messages[linked[0]].delete())
    assert messages_of(instant, CHAT) == [linked[1]]
    instant.transact(instant.tx.chats[CHAT].delete())
    assert instant.query({"messages": {}}) == {"messages": []}


def test_a_link_of_no_schema_is_many_to_many(instant):
    for chat in (CHAT, OTHER):
        instant.transact(
            [instant.tx.chats[chat].update({"title": "A"}).link({"tags": [CHAT, OTHER]})]
        )
    instant.transact([instant.tx.tags[CHAT].update({"n": 1}), instant.tx.tags[OTHER].delete()])
    [tag] = instant.query({"tags": {"chats": {}}})["tags"]
    assert {row["id"] for row in tag["chats"]} == {CHAT, OTHER}
    with pytest.raises(InstantAPIError, match="needs to be a link"):
        instant.query({"chats": {"title": {}}})


# --- Rules ---


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("true", True), ("!true || auth.id == 'a'", True), ("auth.id == data.owner", True),
        ("auth.id != null && (data.owner == \"b\" || false)", False), ("data.missing == null", True),
    ],
)  # fmt: skip
def test_rules_are_evaluated(rule, expected):
    rules = Rules({"chats": {"allow": {"view": "bound"}, "bind": {"bound": rule}}})
    assert rules.allows({"id": "a"}, "view", "chats", {"owner": "a"}) is expected


@pytest.mark.parametrize("rule", ["auth.id ==", "(true", "true false", "size(data.x) > 1", ""])
def test_a_rule_that_does_not_compile_is_refused(server, rule):
    answer = httpx.post(
        f"{server.url}/superadmin/apps/{APP_ID}/perms",
        headers={"authorization": f"Bearer {TOKEN}"},
        json={"code": {"chats": {"allow": {"view": rule}}}},
    )
    assert (answer.status_code, server.permissions) == (400, None)


def test_a_deletion_needs_no_values(server, instant):
    """The libraries send null there; whoever writes steps by hand leaves it out."""
    instant.transact(instant.tx.tags[CHAT].update({"n": 1}))
    steps = {"steps": [["delete", "tags", CHAT]]}
    headers = {"authorization": f"Bearer {TOKEN}", "app-id": APP_ID}
    answer = httpx.post(f"{server.url}/admin/transact", json=steps, headers=headers)
    assert answer.status_code == 200
    assert instant.query({"tags": {}}) == {"tags": []}


def test_without_permissions_everybody_may_do_everything(server, instant):
    guest = instant.as_user(guest=True)
    guest.transact(guest.tx.chats[CHAT].update({"title": "A"}))
    assert guest.query({"chats": {}})["chats"][0]["title"] == "A"
    server.permissions = permissions()
    assert guest.query({"chats": {}}) == {"chats": []}


# --- Failures ---


def test_a_lost_answer_has_taken_effect(server, instant):
    server.script(Fault("lose answer"), Fault("cut"))
    for title in ("A", "B"):
        with pytest.raises(httpx.HTTPError):
            instant.transact(instant.tx.chats[CHAT].update({"title": title}))
    assert instant.query({"chats": {}})["chats"][0]["title"] == "A"
    assert [each.status for each in server.transactions] == [0, 0]


@pytest.mark.parametrize("status", ["read-only", "disabled"])
def test_an_app_that_is_closed(server, instant, status):
    server.status = status
    with pytest.raises(InstantAPIError) as refused:
        instant.transact(instant.tx.chats[CHAT].update({"title": "A"}))
    assert refused.value.body["type"] == f"app-{status}"


def test_it_comes_back_on_its_port_with_its_rows(server, instant):
    instant.transact(instant.tx.chats[CHAT].update({"title": "A"}))
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.post(server.url)
    server.start()
    assert len(instant.query({"chats": {}})["chats"]) == 1


def test_a_restart_ends_all_subscriptions_and_silence_is_filled(server, monkeypatch):
    monkeypatch.setattr(instant_live, "COMMENT_SECONDS", 0.02)
    headers = {"app-id": APP_ID, "authorization": f"Bearer {TOKEN}"}
    with httpx.stream(
        "POST",
        f"{server.url}/admin/subscribe-query",
        headers=headers,
        json={"query": {"chats": {}}},
    ) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry:500"
        assert server.log[-1].path == "/admin/subscribe-query"
        seen = iter(lines)
        while next(seen) != ":":
            pass
        threading.Thread(target=server.stop).start()
        with pytest.raises(httpx.HTTPError):
            list(seen)


def test_a_stand_in_for_newcomers_outlives_a_slip_and_the_end_of_its_input():
    handle = StandIn()
    process = handle._process
    try:
        assert "stop, start, take" in handle._order("")
        process.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
        assert httpx.get(handle.url).status_code == 400
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
