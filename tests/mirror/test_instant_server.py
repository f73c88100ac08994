"""The stand-in for InstantDB answers as the recorded traffic does, also to the official library."""

import json
from pathlib import Path

import httpx
import pytest
from instantdb import Instant, InstantAPIError

from tests.fakes.instant_server import APP_ID, TOKEN, Fault

WIRE = sorted((Path(__file__).parent.parent / "fakes" / "instant_wire").glob("*.json"))
CHAT = "c0000000-0000-4000-8000-000000000009"


@pytest.fixture
def instant(server):
    with Instant(app_id=APP_ID, admin_token=TOKEN, api_uri=server.url) as instant:
        yield instant


def without_trace(body):
    return {key: value for key, value in body.items() if key != "trace-id"}


def play(server, sample):
    """Send a recorded request."""
    headers = sample["headers"] or {"authorization": f"Bearer {TOKEN}"}
    return httpx.post(
        server.url + sample["path"], params=sample["query"], headers=headers, json=sample["body"]
    )


def push_schema(server, **attrs):
    defaults = {"required": False, "config": {"indexed": False, "unique": False}}
    attributes = {name: {**defaults, **attr} for name, attr in attrs.items()}
    server.store.push_schema({"entities": {"chats": {"attrs": attributes}}})


def test_recorded_traffic_is_answered_as_recorded(server):
    for path in WIRE:
        sample = json.loads(path.read_text())
        answer = play(server, sample)
        assert answer.status_code == sample["status"], path.name
        assert without_trace(answer.json()) == without_trace(sample["response"]), path.name


def test_the_library_sends_what_was_recorded(server, instant):
    sample = json.loads(next(path for path in WIRE if path.name.startswith("05")).read_text())
    instant.transact(
        [
            getattr(instant.tx[namespace][row_id], action)(args)
            for action, namespace, row_id, args in sample["body"]["steps"]
        ]
    )
    assert server.log[-1].body == sample["body"]


def test_a_transaction_is_whole_or_nothing(server, instant):
    push_schema(server, title={"valueType": "string", "required": True})
    with pytest.raises(InstantAPIError, match="Missing required attribute `chats/title`"):
        instant.transact(
            [instant.tx.chats[CHAT].update({"title": "A"}),
             instant.tx.chats[CHAT.replace("9", "8")].update({"title": None})]
        )  # fmt: skip
    assert instant.query({"chats": {}}) == {"chats": []}


@pytest.mark.parametrize(
    ("attr", "value", "message"),
    [
        ({"valueType": "string"}, 1, "Invalid value type for chats.x. Value must be a string"),
        ({"valueType": "number"}, True, "the provided value type is boolean"),
        (
            {"valueType": "string", "config": {"indexed": True, "unique": False}},
            "x" * 1100,
            "too large for an indexed attribute",
        ),
    ],
)
def test_values_are_checked(server, instant, attr, value, message):
    push_schema(server, x=attr)
    with pytest.raises(InstantAPIError, match=message):
        instant.transact(instant.tx.chats[CHAT].update({"x": value}))
    instant.transact(instant.tx.chats[CHAT].update({"x": None}))


def test_unique_values_are_kept_unique(server, instant):
    unique = {"valueType": "string", "config": {"indexed": True, "unique": True}}
    push_schema(server, slug=unique)
    instant.transact(instant.tx.chats[CHAT].update({"slug": "a"}))
    with pytest.raises(InstantAPIError) as refused:
        instant.transact(instant.tx.chats[CHAT.replace("9", "8")].update({"slug": "a"}))
    assert refused.value.body["type"] == "record-not-unique"


def test_steps_are_grouped_by_kind(server, instant):
    row = instant.tx.chats[CHAT]
    instant.transact([row.update({"title": "A"}), row.delete(), row.update({"title": "B"})])
    assert instant.query({"chats": {}}) == {"chats": []}


def test_conditions_order_and_limit(server, instant):
    rows = {f"{number}0000000-0000-4000-8000-000000000000": number for number in range(1, 6)}
    instant.transact([instant.tx.chats[row].update({"n": n}) for row, n in rows.items()])

    def numbers(**options):
        return [row["n"] for row in instant.query({"chats": {"$": options}})["chats"]]

    assert numbers(where={"n": {"$gt": 2}}, order={"n": "desc"}, limit=2) == [5, 4]
    assert numbers(where={"or": [{"n": 1}, {"n": {"$in": [3]}}]}) == [1, 3]
    assert numbers(where={"n": {"$ne": 1}}, order={"n": "asc"}, offset=1) == [3, 4, 5]
    assert numbers(where={"missing": {"$isNull": True}}, limit=1) == [1]


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
