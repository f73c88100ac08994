"""Artifacts over REST: stored, listed, changed, deleted, and kept to the letter."""

import uuid

import pytest

from artifacts.models import Artifact, ArtifactType
from chats.models import Message
from tests.factories import make_chat, make_messages

pytestmark = pytest.mark.django_db

QUIZ = {"title": "Bruchrechnung", "content": "## Aufgaben\n", "artifact_type": "worksheet"}


ANY = {"HTTP_IF_MATCH": "*"}


def create(api, **fields):
    return api.send("POST", "/api/artifacts", {**QUIZ, **fields})


@pytest.mark.parametrize("artifact_type", ArtifactType.values)
def test_each_type_is_created_read_changed_and_deleted(api, artifact_type):
    created = create(api, artifact_type=artifact_type)
    assert created.status_code == 201
    url = f"/api/artifacts/{created.json()['id']}"
    assert api.get(url).json() == created.json()
    changed = api.send("PATCH", url, {"title": "Neu", "content": "anders"}, **ANY).json()
    assert changed.pop("changes")
    assert changed.pop("changed_at") >= created.json()["created_at"]
    expected = {**created.json(), "title": "Neu", "content": "anders", "revision": 2}
    assert changed == {name: each for name, each in expected.items() if name != "changed_at"}
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    assert not Artifact.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        "# Ü\n\n<script>alert(1)</script> & „ß“ 👩🏽‍🏫",
        "\n  Rand bleibt  \n",
        "Ж" * 100_000,
        "a" * 500_000,
    ],
    ids=["mixed", "spaces", "long", "longest"],
)
def test_content_is_kept_to_the_letter(api, content):
    created = create(api, content=content).json()
    assert created["content"] == content
    assert Artifact.objects.get().content == content
    url = f"/api/artifacts/{created['id']}"
    changed = api.send("PATCH", url, {"content": content[::-1]}, **ANY)
    assert changed.json()["content"] == content[::-1]


@pytest.mark.claim(41)
def test_the_time_is_in_milliseconds(api):
    assert 1_700_000_000_000 < create(api).json()["created_at"] < 4_000_000_000_000


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"artifact_type": "poem"}, "artifact_type"),
        ({"artifact_type": None}, "artifact_type"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"title": ["x"]}, "title"),
        ({"content": ""}, "content"),
        ({"content": {"a": 1}}, "content"),
        ({"content": "x" * 500_001}, "content"),
        ({"chat_id": "7"}, "chat_id"),
        ({"message_id": "not-a-uuid"}, "message_id"),
        ({"id": "not-a-uuid"}, "id"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_stored(api, wrong, field):
    answer = create(api, **wrong)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_input"
    assert set(answer.json()["errors"]) == {field}
    assert not Artifact.objects.exists()


@pytest.mark.claim(35)
def test_a_client_may_bring_its_own_id_and_repeat(api, stranger_api):
    own = str(uuid.uuid4())
    assert create(api, id=own).status_code == 201
    assert create(api, id=own).status_code == 200
    for answer in (create(api, id=own, title="anders"), create(stranger_api, id=own)):
        assert answer.status_code == 409
        assert answer.json()["code"] == "id_taken"
    assert Artifact.objects.get().title == QUIZ["title"]


def test_with_a_message_the_chat_is_known(api, teacher):
    chat = make_chat(teacher)
    message = make_messages(chat, 1)[0]
    assert create(api, message_id=str(message.pk)).json()["chat_id"] == str(chat.pk)
    assert create(api, chat_id=str(chat.pk)).json()["message_id"] is None


@pytest.mark.claim(36, 37)
def test_chat_and_message_must_fit_and_be_ones_own(api, teacher, stranger):
    chat, other, foreign = make_chat(teacher), make_chat(teacher), make_chat(stranger)
    message = Message.objects.create(chat=chat, role="assistant", content="Gern.")
    foreign_message = Message.objects.create(chat=foreign, role="assistant", content="Gern.")
    answers = [
        create(api, chat_id=str(other.pk), message_id=str(message.pk)),
        create(api, chat_id=str(foreign.pk)),
        create(api, message_id=str(foreign_message.pk)),
        create(api, chat_id=str(uuid.uuid4())),
        create(api, message_id=str(uuid.uuid4())),
    ]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (404, "Das wurde nicht gefunden.")
    }
    assert not Artifact.objects.exists()


def test_the_list_can_be_narrowed(api, teacher):
    chat = make_chat(teacher)
    in_chat = create(api, chat_id=str(chat.pk)).json()["id"]
    rubric = create(api, artifact_type="rubric").json()["id"]

    def listed(query):
        return [row["id"] for row in api.get(f"/api/artifacts{query}").json()["results"]]

    assert listed("") == [rubric, in_chat]
    assert listed("?artifact_type=rubric") == [rubric]
    assert listed(f"?chat_id={chat.pk}") == [in_chat]
    assert listed(f"?chat_id={uuid.uuid4()}") == []


@pytest.mark.parametrize("query", ["artifact_type=poem", "chat_id=7"])
def test_an_unknown_filter_value_is_refused(api, query):
    assert api.get(f"/api/artifacts?{query}").status_code == 400


@pytest.mark.parametrize("name", ["artifact_type", "created_at", "teacher_id", "chat_id", "id"])
def test_what_is_fixed_cannot_be_changed(api, name):
    created = create(api).json()
    changed = api.send("PATCH", f"/api/artifacts/{created['id']}", {name: str(uuid.uuid4())}, **ANY)
    assert changed.status_code == 200
    assert api.get(f"/api/artifacts/{created['id']}").json() == created


@pytest.mark.claim(38)
def test_the_title_can_be_changed_but_not_emptied(api):
    url = f"/api/artifacts/{create(api).json()['id']}"
    title = "Größen & Maße 📏"
    assert api.send("PATCH", url, {"title": title}, **ANY).json()["title"] == title
    assert api.send("PATCH", url, {"title": ""}, **ANY).status_code == 400
    assert Artifact.objects.get().title == "Größen & Maße 📏"
