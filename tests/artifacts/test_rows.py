"""The database itself refuses wrong artifacts: raw SQL, no Python rule in between."""

import pytest
from django.db import IntegrityError

from artifacts.models import Artifact, ArtifactType
from chats.models import Message
from eduhu.db import new_id
from tests import sql
from tests.factories import make_chat

pytestmark = pytest.mark.django_db(transaction=True)  # foreign keys are checked at the commit


@pytest.fixture
def message(teacher):
    return Message.objects.create(chat=make_chat(teacher), role="assistant", content="Gern.")


@pytest.fixture
def make_row(teacher, message):
    """Insert a good row, but for the given columns; return its id."""

    def make(**changes):
        good = Artifact(
            teacher=teacher, chat=message.chat, message=message, title="Bruchrechnung",
            content="## Aufgaben", artifact_type="worksheet",
        )  # fmt: skip
        sql.insert("artifacts", {**sql.row_of(good), **changes})
        return changes.get("id", good.pk)

    return make


REFUSED = [
    pytest.param({"artifact_type": "poem"}, id="unknown type"),
    pytest.param({"artifact_type": ""}, id="no type"),
    pytest.param({"title": ""}, marks=pytest.mark.claim(38), id="empty title"),
    pytest.param({"title": None}, marks=pytest.mark.claim(38), id="no title"),
    pytest.param({"content": None}, id="no content"),
    pytest.param({"teacher_id": new_id()}, id="unknown teacher"),
    pytest.param(
        {"chat_id": new_id(), "message_id": None}, marks=pytest.mark.claim(36), id="unknown chat"
    ),
    pytest.param({"message_id": new_id()}, marks=pytest.mark.claim(37), id="unknown message"),
]


@pytest.mark.parametrize("wrong", REFUSED)
def test_the_database_refuses(make_row, wrong):
    with pytest.raises(IntegrityError):
        make_row(**wrong)
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("wrong", REFUSED)
def test_the_database_refuses_the_same_as_a_change(make_row, wrong):
    row_id = make_row()
    with pytest.raises(IntegrityError):
        sql.update("artifacts", row_id, wrong)


@pytest.mark.claim(37)
@pytest.mark.parametrize("other", ["another chat", "no chat"])
def test_a_message_of_another_chat_is_refused(teacher, make_row, other):
    chat_id = make_chat(teacher).pk if other == "another chat" else None
    row_id = make_row()
    with pytest.raises(IntegrityError):
        make_row(chat_id=chat_id)
    with pytest.raises(IntegrityError):
        sql.update("artifacts", row_id, {"chat_id": chat_id})
    assert Artifact.objects.count() == 1


@pytest.mark.claim(35)
def test_an_id_is_given_once(make_row):
    row_id = make_row()
    with pytest.raises(IntegrityError):
        make_row(id=row_id)


@pytest.mark.parametrize("artifact_type", ArtifactType.values)
def test_each_type_is_stored(make_row, artifact_type):
    assert Artifact.objects.get(pk=make_row(artifact_type=artifact_type))


def test_an_artifact_outlives_its_message_and_goes_with_its_chat(make_row, message):
    row_id = make_row()
    chat = message.chat
    message.delete()
    assert Artifact.objects.get(pk=row_id).message is None
    chat.delete()
    assert not Artifact.objects.exists()
