"""Vectors: due from the write that changed something, made by a task, and gone with their rows."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.actions import update_artifact
from artifacts.models import Artifact
from artifacts.recommendations import tasks, work
from artifacts.recommendations.models import ItemMark, Source, Vector
from artifacts.recommendations.texts import MOST, text_of
from chats import tasks as chat_tasks
from chats.models import Message
from eduhu import embedding
from eduhu.db import now
from eduhu.embedding import EmbeddingUnavailable
from eduhu.switches import state
from tests.artifacts.samples import BODIES, sample
from tests.artifacts.vectors import embed, vector_of
from tests.factories import make_chat, make_messages
from tests.switches.test_switches import off

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """What the model, for which something else stands in, was asked for."""
    texts = []

    def note(some):
        texts.extend(some)
        return embed(some)

    monkeypatch.setattr(embedding, "embed", note)
    return texts


def make_artifact(teacher, title="Brüche", **fields):
    return Artifact.objects.create(
        teacher=teacher, title=title, content="1.", artifact_type="worksheet", **fields
    )


def vector_row(row):
    return Vector.objects.get(row_id=row.pk)


def test_a_write_lets_a_vector_be_due_and_waits_for_no_model(teacher, asked):
    artifact = make_artifact(teacher)
    row = vector_row(artifact)
    assert (row.source, row.vector, row.model) == (Source.ARTIFACT, None, None)
    assert row.due_at <= now()
    assert asked == []
    tasks.embed_waiting()
    row = vector_row(artifact)
    assert (bytes(row.vector), row.model, row.due_at) == (
        vector_of("Brüche"), embedding.model(), None,
    )  # fmt: skip
    assert asked == ["Brüche. 1."]
    tasks.embed_waiting()
    assert asked == ["Brüche. 1."]  # nothing is made twice
    update_artifact(teacher=teacher, artifact_id=artifact.pk, title="Licht")
    row = vector_row(artifact)
    assert (bytes(row.vector), row.due_at <= now()) == (vector_of("Brüche"), True)
    tasks.embed_waiting()
    assert bytes(vector_row(artifact).vector) == vector_of("Licht")


def test_other_changes_of_an_artifact_make_nothing_due(teacher):
    artifact = make_artifact(teacher)
    tasks.embed_waiting()
    Artifact.objects.filter(pk=artifact.pk).update(chat=make_chat(teacher))
    assert vector_row(artifact).due_at is None


def test_a_chat_is_what_its_last_questions_are_about(teacher, asked):
    chat = make_chat(teacher)
    for text in ("Was ist Licht?", "Und was frisst ein Igel?", "kürzer bitte"):
        Message.objects.create(chat=chat, role="user", content=text)
        Message.objects.create(chat=chat, role="assistant", content="Brüche")
    tasks.embed_waiting()
    assert asked == ["Und was frisst ein Igel?", "Was ist Licht?"]
    numbers = embedding.numbers(bytes(vector_row(chat).vector))
    assert embedding.cosine(numbers, numbers) == pytest.approx(1)
    assert numbers[2] == pytest.approx(2 * numbers[1])  # the newest counts twice
    Message.objects.create(chat=chat, role="assistant", content="Brüche")
    assert vector_row(chat).due_at is None
    Message.objects.create(chat=chat, role="user", content="Brüche")
    assert vector_row(chat).due_at is not None


def test_many_questions_of_a_chat_come_in_one_statement(teacher):
    chats = [make_chat(teacher) for _ in range(2)]
    Message.objects.bulk_create(
        Message(chat=chats[n % 2], role="user", content="Was ist Licht?") for n in range(2000)
    )
    assert Vector.objects.count() == 2


def test_where_all_is_short_the_short_counts_and_where_nothing_is_there_is_no_vector(teacher):
    chat, gone = make_chat(teacher), make_chat(teacher)
    for each in (chat, gone):
        Message.objects.create(chat=each, role="user", content="Licht")
    gone.messages.all().delete()
    tasks.embed_waiting()
    assert bytes(vector_row(chat).vector) == vector_of("Licht")
    row = vector_row(gone)
    assert (row.vector, row.due_at) == (None, None)


def test_what_changes_while_its_vector_is_made_is_due_again(teacher):
    artifact = make_artifact(teacher)
    rows, until = work.take()
    made = work.make(rows)
    Artifact.objects.update(title="Licht")
    assert work.store(made, until) == 0
    tasks.embed_waiting()
    assert bytes(vector_row(artifact).vector) == vector_of("Licht")


def test_who_dies_over_it_leaves_it_to_the_next(teacher):
    artifact = make_artifact(teacher)
    work.take()
    tasks.embed_waiting()
    assert vector_row(artifact).vector is None
    Vector.objects.update(due_at=now() - dt.timedelta(seconds=1))  # the lease is over
    tasks.embed_waiting()
    assert vector_row(artifact).vector is not None


def test_without_the_model_everything_waits(teacher, monkeypatch, caplog):
    artifact = make_artifact(teacher)

    def fail(_texts):
        raise EmbeddingUnavailable("the child does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(embedding, "embed", fail)
        tasks.embed_waiting()
    assert "vectors wait: the child does not answer" in caplog.text
    with monkeypatch.context() as missing:
        missing.setattr(embedding, "model", lambda: None)
        assert work.embed_waiting(5) == 0
    assert vector_row(artifact).due_at > now()  # its lease


def test_another_model_makes_its_own(teacher, monkeypatch):
    artifact = make_artifact(teacher)
    tasks.embed_waiting()
    for name in ("a-model", "z-model"):  # before and after in the order of names
        monkeypatch.setattr(embedding, "model", lambda name=name: name)
        tasks.embed_waiting()
        assert vector_row(artifact).model == name


def test_the_switch_stops_it(teacher):
    artifact = make_artifact(teacher)
    off(state.name_of_feature("recommendations"))
    tasks.embed_waiting()
    assert vector_row(artifact).vector is None


def test_what_is_deleted_leaves_no_vector_and_no_mark(teacher, stranger):
    chat = make_chat(teacher)
    make_messages(chat, 3)
    artifact = make_artifact(teacher, chat=chat)
    ItemMark.objects.create(teacher=stranger, item_id=artifact.pk, mark="opened")
    assert set(Vector.objects.values_list("row_id", flat=True)) == {chat.pk, artifact.pk}
    chat.delete()
    assert not Vector.objects.exists()
    assert not ItemMark.objects.exists()
    make_artifact(teacher)
    ItemMark.objects.create(teacher=teacher, item_id=uuid.uuid4(), mark="dismissed")
    teacher.delete()
    assert not Vector.objects.exists()
    assert not ItemMark.objects.exists()


def test_every_vector_can_be_made_again(teacher):
    make_artifact(teacher)
    make_messages(make_chat(teacher), 1)
    make_chat(teacher)
    Vector.objects.all().delete()  # as if they had been stored before there were vectors
    assert work.rebuild() == 3
    tasks.embed_waiting()
    assert not Vector.objects.filter(due_at__isnull=False).exists()
    assert Vector.objects.filter(vector__isnull=False).count() == 2
    assert work.rebuild() == 3


def test_making_all_again_holds_nothing_until_its_end(teacher, monkeypatch):
    monkeypatch.setattr(work, "REBUILT", 2)
    artifacts = [make_artifact(teacher) for _ in range(5)]
    Vector.objects.filter(row_id=artifacts[0].pk).delete()
    Vector.objects.update(due_at=None)
    with CaptureQueriesContext(connection) as captured:
        assert work.rebuild() == 5
    assert Vector.objects.filter(due_at__isnull=False).count() == 5
    statements = [each["sql"] for each in captured]
    assert sum("INSERT" in each for each in statements) == 3
    assert sum(each.startswith("SAVEPOINT") for each in statements) == 3  # a transaction each


def test_what_cannot_be_read_keeps_no_other_waiting(teacher, caplog):
    sound = [make_artifact(teacher, title=f"Licht {n}") for n in range(2)]
    broken = make_artifact(teacher, kind="quiz")
    tasks.embed_waiting()
    assert all(vector_row(each).vector is not None for each in sound)
    row = vector_row(broken)
    assert (row.vector, row.due_at) == (None, None)  # until it is changed
    assert "has no vector" in caplog.text
    assert "Brüche" not in caplog.text


def test_many_at_once_are_made_in_several_rounds(teacher, monkeypatch):
    monkeypatch.setattr(work, "AT_ONCE", 2)
    Artifact.objects.bulk_create(
        Artifact(teacher=teacher, title=f"Licht {n}", content="1.", artifact_type="rubric")
        for n in range(5)
    )
    assert work.embed_waiting(0) == 2  # who is woken
    assert work.embed_waiting(60) == 3  # beat


def test_who_asks_now_does_not_wait_for_an_import(teacher, monkeypatch):
    monkeypatch.setattr(work, "AT_ONCE", 1)
    make_artifact(teacher)
    Vector.objects.update(due_at=now() - dt.timedelta(minutes=1))
    chat = make_chat(teacher)
    Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
    tasks.embed_waiting()
    assert list(Vector.objects.filter(due_at=None).values_list("row_id", flat=True)) == [chat.pk]


def test_the_end_of_a_reply_wakes_it_and_beat_does(monkeypatch, settings):
    woken = []
    monkeypatch.setattr(chat_tasks, "wake", lambda task: woken.append(task.name))
    settings.TOPIC_TAGGING = "off"
    chat_tasks.wake_tagger()
    assert woken == [tasks.embed_waiting.name]
    entry = settings.CELERY_BEAT_SCHEDULE["embed-for-recommendations"]
    assert entry["task"] == tasks.embed_waiting.name


@pytest.mark.parametrize("kind", BODIES)
def test_every_kind_of_document_has_words_beside_its_title(kind):
    text = text_of("Titel", sample(kind))
    assert text.startswith("Titel. ")
    assert len("Titel. ") < len(text) <= MOST


def test_a_trigger_takes_no_statement_of_ours(teacher, django_assert_num_queries):
    chat = make_chat(teacher)
    with django_assert_num_queries(1):
        Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
    assert connection.vendor in {"postgresql", "sqlite"}
