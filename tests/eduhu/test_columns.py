"""The four tables have exactly the promised columns, keys and indexes, on both engines."""

import pytest
from django.core.management import call_command
from django.db import connection

from tests import sql

pytestmark = pytest.mark.django_db

NOT_NULL, NULL = False, True
PROMISED = {
    "chats": {
        "id": NOT_NULL,
        "title": NOT_NULL,
        "created_at": NOT_NULL,
        "updated_at": NOT_NULL,
        "teacher_id": NULL,
        "topic_category": NULL,
        "message_count": NOT_NULL,
        "is_archived": NOT_NULL,
    },
    "messages": {
        "id": NOT_NULL,
        "chat_id": NOT_NULL,
        "content": NOT_NULL,
        "role": NOT_NULL,
        "timestamp": NOT_NULL,
        "content_type": NOT_NULL,
        "token_count": NULL,
        "response_time_ms": NULL,
        "educational_topics": NOT_NULL,
    },
    "artifacts": {
        "id": NOT_NULL,
        "chat_id": NULL,
        "message_id": NULL,
        "title": NOT_NULL,
        "content": NOT_NULL,
        "artifact_type": NOT_NULL,
        "created_at": NOT_NULL,
        "teacher_id": NULL,
    },
    "teacher_preferences": {
        "id": NOT_NULL,
        "teacher_id": NOT_NULL,
        "grade_level": NULL,
        "subject_areas": NOT_NULL,
        "ai_model_preference": NULL,
        "notification_settings": NOT_NULL,
        "updated_at": NOT_NULL,
    },
}
BESIDE = {
    "messages": {
        "token_count_estimated": NOT_NULL,
        "is_helpful": NULL,
        "feedback_comment": NOT_NULL,
    },
    "artifacts": {"kind": NOT_NULL, "revision": NOT_NULL, "changed_at": NULL},
    "teacher_preferences": {"federal_state": NULL, "school_type": NULL, "uses_memory": NOT_NULL},
}
TIMES = [
    ("chats", "created_at"), ("chats", "updated_at"), ("messages", "timestamp"),
    ("artifacts", "created_at"), ("artifacts", "changed_at"), ("artifact_versions", "created_at"),
    ("teacher_preferences", "updated_at"),
]  # fmt: skip
FOREIGN_KEYS = [
    ("chats", "teacher_id", "teachers"),
    ("messages", "chat_id", "chats"),
    ("artifacts", "chat_id", "chats"),
    ("artifacts", "message_id", "messages"),
    ("artifacts", "teacher_id", "teachers"),
    ("artifact_versions", "artifact_id", "artifacts"),
    ("teacher_preferences", "teacher_id", "teachers"),
    ("replies", "chat_id", "chats"),
    ("message_topics", "message_id", "messages"),
    ("chat_topics", "chat_id", "chats"),
    ("replies", "user_message_id", "messages"),
    ("replies", "teacher_id", "teachers"),
]
TRIGGERS = {
    "messages_added", "messages_removed", "chats_touched", "messages_untagged",
    "messages_topics_gone", "chats_topic_gone", "replies_ended", "messages_vector_due",
    "artifacts_vector_gone", "chats_vector_gone",
}  # fmt: skip


@pytest.mark.parametrize("table", PROMISED)
def test_a_table_has_exactly_the_promised_columns(table):
    assert sql.columns(table) == {**PROMISED[table], **BESIDE.get(table, {})}


@pytest.mark.parametrize("table", [*PROMISED, "replies", "teachers"])
@pytest.mark.claim(26, 35, 43)
def test_the_id_is_the_primary_key(table):
    keys = [each["columns"] for each in sql.constraints(table) if each["primary_key"]]
    assert keys == [["id"]]


@pytest.mark.claim(27, 36)
@pytest.mark.parametrize(("table", "column", "target"), FOREIGN_KEYS)
def test_the_database_knows_the_foreign_key(table, column, target):
    keys = [
        (each["columns"], each["foreign_key"])
        for each in sql.constraints(table)
        if each["foreign_key"]
    ]
    assert ([column], (target, "id")) in keys


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("chats", ["teacher_id", "is_archived", "updated_at", "id"]),
        pytest.param("messages", ["chat_id", "timestamp", "id"], marks=pytest.mark.claim(27)),
        ("artifacts", ["teacher_id", "created_at", "id"]),
    ],
)
def test_the_list_has_its_index(table, columns):
    assert columns in [each["columns"] for each in sql.constraints(table) if each["index"]]


@pytest.mark.claim(44)
def test_preferences_are_unique_for_each_teacher():
    unique = [each["columns"] for each in sql.constraints("teacher_preferences") if each["unique"]]
    assert ["teacher_id"] in unique


@pytest.mark.services
@pytest.mark.parametrize(("table", "column"), TIMES)
def test_times_are_kept_with_zone_in_milliseconds(table, column):
    found = sql.execute(
        "SELECT data_type, datetime_precision FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s AND column_name = %s",
        [table, column],
    )
    assert found == [("timestamp with time zone", 3)]


def artifact_triggers():
    if connection.vendor == "postgresql":
        return {"artifacts_same_chat", "artifacts_versioned", "artifacts_vector_due"}
    return {
        "artifacts_same_chat_insert", "artifacts_same_chat_update", "artifacts_versioned",
        "artifacts_vector_due_insert", "artifacts_vector_due_update",
    }  # fmt: skip


def test_triggers_stand_after_migrate():
    assert sql.triggers() >= TRIGGERS | artifact_triggers()


def test_migrate_brings_lost_triggers_back():
    for name, table in sql.triggers_of_tables():
        on = f" ON {table}" if connection.vendor == "postgresql" else ""
        sql.execute(f"DROP TRIGGER {name}{on}")
    assert not sql.triggers()
    call_command("migrate", verbosity=0)
    assert sql.triggers() >= TRIGGERS | artifact_triggers()
