"""What the mirror needs of InstantDB, through the official library for Python."""

import asyncio
import re
import uuid

import httpx
import pytest
from instantdb import AsyncInstant, Instant, InstantAPIError, lookup

from tests.mirror.instant_apps import contract_app, contract_apps


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
    """A person of this test alone; what is theirs goes with the test."""
    owner = str(uuid.uuid4())
    yield owner
    where = {"$": {"where": {"teacher_id": owner}}}
    found = instant.query({"chats": where, "messages": where, "teacher_preferences": where})
    for namespace, rows in found.items():
        instant.transact([instant.tx[namespace][row["id"]].delete() for row in rows])
    instant.auth.delete_user(id=owner)


@pytest.fixture
def chat(instant, owner):
    """Store a chat; return its id."""

    def store(**values):
        row_id = values.pop("id", None) or str(uuid.uuid4())
        values = {"teacher_id": owner, "mirror_rev": 1, **values}
        instant.transact(instant.tx.chats[row_id].update(values))
        return row_id

    return store


@pytest.fixture
def chats(instant, owner):
    """Return the owner's chats, as the options of a query choose them."""

    def query(where=None, **options):
        form = {"$": {"where": {"teacher_id": owner, **(where or {})}, **options}}
        return instant.query({"chats": form})["chats"]

    return query


@pytest.fixture
def five(chat, chats):
    """Chats with `updated_at` from 1 to 5, made in another order; the last has no title."""
    for number in (3, 1, 5, 2, 4):
        chat(updated_at=number, title=None if number == 5 else f"Nr {number}")
    return lambda **options: [row["updated_at"] for row in chats(**options)]


# --- Writing ---


def test_an_update_makes_the_row_and_sets_only_what_it_names(instant, chat, chats):
    row_id = chat(title="A", topic_category="math")
    instant.transact(instant.tx.chats[row_id.upper()].update({"title": None}))
    [row] = chats()
    assert (row["id"], row["title"], row["topic_category"]) == (row_id, None, "math")


def test_what_is_indexed_is_shown_even_without_a_value(chat, chats):
    chat()
    [row] = chats()
    assert row["updated_at"] is None
    assert "title" not in row


def test_an_update_can_insist_that_the_row_is_there(instant):
    row = instant.tx.chats[str(uuid.uuid4())]
    with pytest.raises(InstantAPIError, match="Updating entities that don't exist"):
        instant.transact(row.update({"title": "A"}, {"upsert": False}))


def test_a_row_is_created_once(instant, chat):
    row_id = chat()
    with pytest.raises(InstantAPIError, match="Creating entities that exist"):
        instant.transact(instant.tx.chats[row_id].create({"title": "A", "mirror_rev": 1}))


def test_objects_merge_and_null_removes_a_key(instant, owner):
    row = instant.tx.messages[str(uuid.uuid4())]
    topics = {"a": {"b": 1, "c": 2}, "d": [1]}
    instant.transact(
        row.update({"teacher_id": owner, "mirror_rev": 1, "educational_topics": topics})
    )
    instant.transact(row.merge({"educational_topics": {"a": {"b": None, "e": 3}, "d": [2]}}))
    [found] = instant.query({"messages": {"$": {"where": {"teacher_id": owner}}}})["messages"]
    assert found["educational_topics"] == {"a": {"c": 2, "e": 3}, "d": [2]}


def test_deleting_what_is_not_there_is_fine(instant):
    instant.transact(instant.tx.chats[str(uuid.uuid4())].delete())


def test_steps_are_grouped_by_kind(instant, chat, chats):
    row = instant.tx.chats[chat()]
    instant.transact([row.update({"title": "A"}), row.delete(), row.update({"title": "B"})])
    assert chats() == []


def test_a_transaction_is_whole_or_nothing(instant, owner, chats):
    good, bad = (instant.tx.chats[str(uuid.uuid4())] for _ in range(2))
    with pytest.raises(InstantAPIError, match=r"Invalid value type for chats\.title"):
        instant.transact(
            [good.update({"teacher_id": owner, "mirror_rev": 1}),
             bad.update({"teacher_id": owner, "mirror_rev": 2, "title": 1})]
        )  # fmt: skip
    assert chats() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"title": 1}, "Invalid value type for chats.title. Value must be a string"),
        ({"updated_at": True}, "the provided value type is boolean"),
        ({"is_archived": "no"}, "Value must be a boolean but the provided value type is string"),
        ({"teacher_id": "x" * 1100}, "too large for an indexed attribute"),
    ],
)
def test_values_are_checked(instant, chat, values, message):
    with pytest.raises(InstantAPIError, match=re.escape(message)) as refused:
        chat(**values)
    assert refused.value.status == 400


def test_unique_values_are_kept_unique(instant, owner):
    values = {"teacher_id": owner, "mirror_rev": 1}
    first, second = (instant.tx.teacher_preferences[str(uuid.uuid4())] for _ in range(2))
    instant.transact(first.update(values))
    with pytest.raises(InstantAPIError, match="is a unique attribute on") as refused:
        instant.transact(second.update(values))
    assert refused.value.body["type"] == "record-not-unique"
    instant.transact([first.delete()])
    instant.transact(second.update(values))


def test_an_id_is_a_uuid(instant):
    with pytest.raises(InstantAPIError, match="Entity IDs must be UUIDs or lookup references"):
        instant.transact(instant.tx.chats["17"].update({"title": "A"}))


def test_a_row_can_be_named_by_a_unique_value(instant, owner):
    row = instant.tx.teacher_preferences[lookup("teacher_id", owner)]
    for level in ("6", "7"):
        instant.transact(row.update({"grade_level": level, "mirror_rev": 1}))
    where = {"$": {"where": {"teacher_id": owner}}}
    [found] = instant.query({"teacher_preferences": where})["teacher_preferences"]
    assert found["grade_level"] == "7"


# --- Reading ---


def test_conditions(five):
    assert set(five(where={"updated_at": {"$gt": 1, "$lte": 3}})) == {2, 3}
    assert set(five(where={"or": [{"updated_at": 1}, {"updated_at": {"$in": [3, 9]}}]})) == {1, 3}
    assert set(five(where={"and": [{"updated_at": {"$gte": 4}}, {"title": "Nr 4"}]})) == {4}
    assert set(five(where={"title": {"$not": "Nr 1"}})) == {2, 3, 4, 5}
    assert set(five(where={"title": {"$ne": "Nr 1"}, "updated_at": {"$lt": 3}})) == {2}
    assert five(where={"title": {"$isNull": True}}) == [5]
    assert five(where={"topic_category": {"$isNull": False}}) == []


def test_order_and_pages(five):
    assert five() == [3, 1, 5, 2, 4]  # as they were made
    assert five(order={"updated_at": "desc"}, limit=2) == [5, 4]
    assert five(order={"updated_at": "asc"}, limit=2, offset=1) == [2, 3]
    assert five(order={"updated_at": "asc"}, last=2) == [4, 5]
    assert five(order={"serverCreatedAt": "desc"}, first=2) == [4, 2]


def test_only_what_is_asked_for_is_shown(chat, chats):
    row_id = chat(title="A")
    wanted = {"id": {"$in": [row_id.upper(), str(uuid.uuid4())]}}
    assert chats(where=wanted, fields=["title"]) == [{"id": row_id, "title": "A"}]


def test_patterns(chat, chats, owner):
    row_id = chat()
    assert [row["id"] for row in chats(where={"teacher_id": {"$like": f"{owner[:8]}%"}})] == [
        row_id
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": {"title": "asc"}}, "`chats.title` attribute is not indexed"),
        ({"order": {"id": "asc"}}, "`chats.id` attribute is not indexed"),
        ({"order": {"nothing": "asc"}}, "There is no `nothing` attribute for chats"),
        ({"where": {"title": {"$gt": "a"}}}, "must be indexed to use comparison operators"),
        ({"order": {"updated_at": "up"}}, 'only support "asc" or "desc"'),
        ({"limit": 0}, "must be a positive integer"),
        ({"limit": 1, "first": 1}, "Only provide one of `limit` or `first`"),
        ({"limits": 1}, "We only support"),
        ({"where": {"or": []}}, "can't be empty"),
    ],
)
def test_a_query_that_cannot_be_answered(chat, chats, options, message):
    chat()
    with pytest.raises(InstantAPIError, match=re.escape(message)) as refused:
        chats(**options)
    assert refused.value.status == 400


# --- Who may ---


def test_a_token_shows_the_own_rows_and_writes_nothing(instant, owner, chat, chats):
    row_id = chat(title="A")
    reader = instant.as_user(token=instant.auth.create_token(id=owner))
    stranger = str(uuid.uuid4())
    other = instant.as_user(token=instant.auth.create_token(id=stranger))
    assert [row["id"] for row in reader.query({"chats": {}})["chats"]] == [row_id]
    for nobody in (other, instant.as_user(guest=True)):
        assert nobody.query({"chats": {"$": {"where": {"id": row_id}}}})["chats"] == []
    for step in (
        instant.tx.chats[row_id].update({"title": "B"}),
        instant.tx.chats[row_id].delete(),
        instant.tx.chats[str(uuid.uuid4())].update({"teacher_id": owner, "mirror_rev": 1}),
    ):
        with pytest.raises(InstantAPIError) as denied:
            reader.transact(step)
        assert denied.value.status == 400
        assert denied.value.body["type"] == "permission-denied"
    assert [row["title"] for row in chats()] == ["A"]
    instant.auth.delete_user(id=stranger)


def test_tokens_end_by_sign_out_and_with_the_person(instant, owner):
    for end in (instant.auth.sign_out, instant.auth.delete_user):
        tokens = [instant.auth.create_token(id=owner) for _ in range(2)]
        assert {instant.auth.verify_token(each)["id"] for each in tokens} == {owner}
        end(id=owner)
        for token in tokens:
            with pytest.raises(InstantAPIError, match="Record not found: app-user"):
                instant.auth.verify_token(token)
            with pytest.raises(InstantAPIError, match="Record not found: app-user"):
                instant.as_user(token=token).query({"chats": {}})
    assert instant.auth.get_user(id=owner) is None


def test_one_token_can_end_alone(instant, owner):
    first, second = (instant.auth.create_token(id=owner) for _ in range(2))
    instant.auth.sign_out(refresh_token=first)
    assert instant.auth.verify_token(second)["id"] == owner
    with pytest.raises(InstantAPIError):
        instant.auth.verify_token(first)


def test_a_person_sees_only_themselves(instant, owner):
    token = instant.auth.create_token(id=owner)
    [found] = instant.as_user(token=token).query({"$users": {}})["$users"]
    assert found["id"] == owner


@pytest.mark.parametrize("wrong", ["app_id", "admin_token"])
def test_a_wrong_app_or_token_is_told(app, wrong):
    given = {"app_id": app.app_id, "admin_token": app.admin_token, wrong: str(uuid.uuid4())}
    with (
        Instant(**given, api_uri=app.api_uri) as instant,
        pytest.raises(InstantAPIError, match="Record not found: app-admin-token") as refused,
    ):
        instant.query({"chats": {}})
    assert (refused.value.status, refused.value.body["type"]) == (400, "record-not-found")


async def test_a_subscription_that_is_refused_says_so(app):
    async with (
        AsyncInstant(
            app_id=app.app_id, admin_token=str(uuid.uuid4()), api_uri=app.api_uri
        ) as following,
        following.subscribe_query({"chats": {}}) as subscription,
    ):
        told = [each async for each in subscription]
    assert [each["type"] for each in told] == ["error"]


def test_what_is_missing_in_a_request_is_told(app):
    headers = {"app-id": app.app_id, "authorization": f"Bearer {app.admin_token}"}
    answer = httpx.post(f"{app.api_uri}/admin/transact", json={}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "param-missing")
    assert httpx.post(f"{app.api_uri}/nowhere", json={}, headers=headers).status_code == 404


def test_rows_that_are_there_get_no_attribute_that_is_required(app, chat):
    chat()
    attribute = {
        "valueType": "number", "required": True, "config": {"indexed": False, "unique": False},
    }  # fmt: skip
    answer = httpx.post(
        f"{app.api_uri}/superadmin/apps/{app.app_id}/schema/push/apply",
        headers={"authorization": f"Bearer {app.admin_token}"},
        json={"schema": {"entities": {"chats": {"attrs": {"weight": attribute}}}}},
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "validation-failed")
    assert "as required because `chats` already have entities" in answer.json()["message"]


# --- Following ---


async def test_a_subscription_tells_the_whole_answer_with_each_change(app, instant, owner, chat):
    row_id = chat(title="A", updated_at=1)
    form = {"$": {"where": {"teacher_id": owner}, "order": {"updated_at": "asc"}, "first": 1}}
    told = []
    async with (
        asyncio.timeout(20),
        AsyncInstant(
            app_id=app.app_id, admin_token=app.admin_token, api_uri=app.api_uri
        ) as following,
        following.subscribe_query({"chats": form}) as subscription,
    ):
        async for each in subscription:
            told.append(each)
            if len(told) == 2:
                break
            await asyncio.to_thread(chat, id=row_id, title="B", updated_at=1)
    assert [each["data"]["chats"][0]["title"] for each in told] == ["A", "B"]
    assert told[1]["page_info"]["chats"]["has_next_page"] is False
