"""What a row looks like in InstantDB: a contract with every browser that reads it."""

import uuid

import pytest

from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.db import from_epoch_ms
from eduhu.mirror import capture
from eduhu.mirror.documents import same
from teachers.models import TeacherPreferences

pytestmark = pytest.mark.django_db

TIME = 1_798_000_000_123
ID = "01a2031f-d2ce-7c5c-af28-c92bb47f1040"


def document(row):
    """The row as it is mirrored."""
    [found] = capture.sources()[row._meta.db_table].documents([row.pk])
    return found


@pytest.fixture
def chat(teacher):
    return Chat.objects.create(
        id=uuid.UUID(ID), teacher=teacher, title="Brüche", created_at=from_epoch_ms(TIME),
        updated_at=from_epoch_ms(TIME),
    )  # fmt: skip


def test_chat(teacher, chat):
    assert document(chat) == {
        "id": ID, "teacher_id": str(teacher.pk), "title": "Brüche", "topic_category": None,
        "created_at": TIME, "updated_at": TIME, "message_count": 0, "is_archived": False,
    }  # fmt: skip


def test_message(teacher, chat):
    message = Message.objects.create(
        chat=chat, role="assistant", content="½", timestamp=from_epoch_ms(TIME), token_count=3,
        educational_topics=["fractions"],
    )  # fmt: skip
    assert document(message) == {
        "id": str(message.pk), "teacher_id": str(teacher.pk), "chat_id": ID, "content": "½",
        "role": "assistant", "timestamp": TIME, "content_type": "text", "token_count": 3,
        "response_time_ms": None, "educational_topics": ["fractions"],
    }  # fmt: skip


def test_artifact(teacher, chat):
    artifact = Artifact.objects.create(
        chat=chat, teacher=teacher, title="Blatt", content="1/2", artifact_type="worksheet",
        created_at=from_epoch_ms(TIME),
    )  # fmt: skip
    assert document(artifact) == {
        "id": str(artifact.pk), "teacher_id": str(teacher.pk), "chat_id": ID, "message_id": None,
        "title": "Blatt", "content": "1/2", "artifact_type": "worksheet", "created_at": TIME,
    }  # fmt: skip


@pytest.mark.claim(46)
def test_preferences(teacher):
    kept = TeacherPreferences.objects.create(teacher=teacher, subject_areas=["Physik"])
    TeacherPreferences.objects.filter(pk=kept.pk).update(updated_at=from_epoch_ms(TIME))
    assert document(kept) == {
        "id": str(kept.pk), "teacher_id": str(teacher.pk), "grade_level": None,
        "subject_areas": ["Physik"], "ai_model_preference": None, "notification_settings": {},
        "updated_at": TIME,
    }  # fmt: skip


def test_null_is_missing_and_ids_have_no_case():
    ours = {"id": ID.upper(), "title": "A", "topic": None, "tags": [ID, {ID.upper(): 1}]}
    theirs = {"id": ID, "title": "A", "tags": [ID.upper(), {ID: 1}], "mirror_rev": 7}
    assert same(ours, theirs)
    assert not same({**ours, "title": "a"}, theirs)
    assert not same({**ours, "topic": ""}, theirs)
