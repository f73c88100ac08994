"""Every write path of the ORM × every mirrored model leaves its entry, in the same transaction."""

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.db import new_id
from eduhu.mirror import capture
from eduhu.mirror.models import OutboxEntry
from teachers.models import Teacher, TeacherPreferences
from tests.admin import run_action, staff_client
from tests.factories import make_chat, make_teacher

pytestmark = pytest.mark.django_db

TEXT = {Chat: "title", Message: "content", Artifact: "title", TeacherPreferences: "grade_level"}
MODELS = pytest.mark.parametrize("model", TEXT, ids=lambda model: model._meta.db_table)


def new(model):
    """An unsaved row, with all that it hangs on stored."""
    teacher = make_teacher()
    if model is TeacherPreferences:
        return model(teacher=teacher, grade_level="7")
    if model is Chat:
        return model(teacher=teacher, title="Optik")
    chat = make_chat(teacher)
    if model is Message:
        return model(chat=chat, role="user", content="Was ist Licht?")
    return model(chat=chat, teacher=teacher, title="Optik", content="…", artifact_type="worksheet")


def stored(model):
    row = new(model)
    row.save()
    return row


def save_again(row):
    setattr(row, TEXT[type(row)], "neu")
    row.save()


def bulk_update(row):
    setattr(row, TEXT[type(row)], "neu")
    type(row).objects.bulk_update([row], [TEXT[type(row)]])


def update_with_f(row):
    name = TEXT[type(row)]
    type(row).objects.filter(pk=row.pk).update(**{name: Concat(F(name), Value("!"))})


def update_through_a_join(row):
    name = TEXT[type(row)]
    path = "chat__teacher__is_active" if isinstance(row, Message) else "teacher__is_active"
    type(row).objects.filter(**{path: True}, pk=row.pk).update(**{name: "neu"})


def upsert(row):
    again = type(row)(**{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    type(row).objects.bulk_create(
        [again], update_conflicts=True, unique_fields=["id"], update_fields=[TEXT[type(row)]]
    )


def load_fixture(row):
    for each in serializers.deserialize("json", serializers.serialize("json", [row])):
        each.save()


INSERTS = {
    "save": lambda row: row.save(),
    "create": lambda row: type(row).objects.create(**fields_of(row)),
    "get_or_create": lambda row: type(row).objects.get_or_create(
        pk=row.pk, defaults=fields_of(row)
    ),
    "update_or_create": lambda row: type(row).objects.update_or_create(
        pk=row.pk, defaults=fields_of(row)
    ),
    "bulk_create": lambda row: type(row).objects.bulk_create([row]),
    "bulk_create ignoring conflicts": lambda row: type(row).objects.bulk_create(
        [row], ignore_conflicts=True
    ),
    "upsert": upsert,
    "fixture": load_fixture,
    "id as text": lambda row: type(row).objects.create(**{**fields_of(row), "id": str(row.pk)}),
}
UPDATES = {
    "save": save_again,
    "save some fields": lambda row: row.save(update_fields=[TEXT[type(row)]]),
    "update": lambda row: type(row).objects.filter(pk=row.pk).update(**{TEXT[type(row)]: "neu"}),
    "update with F": update_with_f,
    "update through a join": update_through_a_join,
    "bulk_update": bulk_update,
    "update_or_create": lambda row: type(row).objects.update_or_create(
        pk=row.pk, defaults={TEXT[type(row)]: "neu"}
    ),
    "base manager": lambda row: (
        type(row)._base_manager.filter(pk=row.pk).update(**{TEXT[type(row)]: "neu"})
    ),
    "fixture": load_fixture,
}
DELETES = {
    "delete": lambda row: row.delete(),
    "queryset delete": lambda row: type(row).objects.filter(pk=row.pk).delete(),
    "raw delete": lambda row: type(row).objects.filter(pk=row.pk)._raw_delete("default"),
    "delete through a join": lambda row: type(row)
    .objects.filter(**{"chat__teacher__is_active" if isinstance(row, Message) else
                       "teacher__is_active": True}, pk=row.pk)
    .delete(),
    "cascade from the teacher": lambda row: Teacher.objects.filter(pk=owner(row)).delete(),
}  # fmt: skip


def owner(row):
    return row.chat.teacher_id if isinstance(row, Message) else row.teacher_id


def fields_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_every_mirrored_model_is_covered_here():
    assert {source.model for source in capture.sources().values()} == set(TEXT)


@MODELS
@pytest.mark.parametrize("path", INSERTS)
def test_insert_is_captured(captured, model, path):
    row = new(model)
    captured()
    INSERTS[path](row)
    expected = {(model._meta.db_table, row.pk, "insert")}
    if model is Message:
        expected.add(("chats", row.chat_id, "update"))  # its count and time
    found = captured()
    assert expected <= found
    assert {entry[:2] for entry in found} == {entry[:2] for entry in expected}


@MODELS
@pytest.mark.parametrize("path", UPDATES)
def test_update_is_captured(captured, model, path):
    row = stored(model)
    captured()
    UPDATES[path](row)
    assert captured() == {(model._meta.db_table, row.pk, "update")}


@MODELS
@pytest.mark.parametrize("path", DELETES)
def test_delete_is_captured(captured, model, path):
    row = stored(model)
    row_id = row.pk
    captured()
    DELETES[path](row)
    assert (model._meta.db_table, row_id, "delete") in captured()


@MODELS
def test_bulk_write_costs_one_statement_more(captured, model, django_assert_num_queries):
    rows = [new(model) for _ in range(30)]
    captured()
    with django_assert_num_queries(2):
        model.objects.bulk_create(rows)
    assert {entry[1] for entry in captured()} >= {row.pk for row in rows}
    with django_assert_num_queries(2):
        model.objects.filter(pk__in=[r.pk for r in rows]).update(**{TEXT[model]: "neu"})
    assert {entry[1] for entry in captured()} == {row.pk for row in rows}


def test_upsert_names_the_row_that_stays(captured):
    kept = stored(TeacherPreferences)
    captured()
    TeacherPreferences.objects.bulk_create(
        [TeacherPreferences(teacher=kept.teacher, grade_level="8")],
        update_conflicts=True, unique_fields=["teacher"], update_fields=["grade_level"],
    )  # fmt: skip
    assert captured() == {("teacher_preferences", kept.pk, "insert")}


def test_deleting_a_chat_captures_all_that_goes(captured):
    message = stored(Message)
    artifact = Artifact.objects.create(
        chat=message.chat, title="Optik", content="…", artifact_type="worksheet"
    )
    captured()
    Chat.objects.get(pk=message.chat_id).delete()
    assert captured() >= {
        ("chats", message.chat_id, "delete"),
        ("messages", message.pk, "delete"),
        ("artifacts", artifact.pk, "delete"),
    }


def test_deleting_a_message_captures_the_artifact_that_loses_it(captured):
    message = stored(Message)
    artifact = Artifact.objects.create(
        chat=message.chat, message=message, title="Optik", content="…", artifact_type="worksheet"
    )
    captured()
    Message.objects.filter(pk=message.pk).delete()
    assert ("artifacts", artifact.pk, "update") in captured()


def test_a_new_owner_of_a_chat_changes_its_messages(captured):
    message, stranger = stored(Message), make_teacher()
    captured()
    Chat.objects.filter(pk=message.chat_id).update(teacher=stranger)
    assert ("messages", message.pk, "update") in captured()


def test_an_action_of_the_admin_is_captured(captured):
    client, chat = staff_client(), stored(Chat)
    captured()
    run_action(client, "archive", chat)
    assert Chat.objects.get(pk=chat.pk).is_archived
    assert captured() == {("chats", chat.pk, "update")}


def test_the_number_of_rows_is_still_told(captured):
    chats = [stored(Chat), stored(Chat)]
    ids = [chat.pk for chat in chats]
    assert Chat.objects.filter(pk__in=ids).update(title="neu") == 2
    assert Chat.objects.filter(pk=new_id()).update(title="neu") == 0
    assert Chat.objects.none().update(title="neu") == 0
    assert Chat.objects.filter(pk__in=ids).delete()[0] == 2
    assert Chat.objects.filter(pk__in=[]).delete()[0] == 0


def test_an_entry_lives_and_dies_with_its_write(captured):
    def store_and_fail():
        with transaction.atomic():
            stored(Chat)
            Chat.objects.filter(title="Optik").update(title="")

    with pytest.raises(IntegrityError):
        store_and_fail()
    assert captured() == set()
    assert not Chat.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_write_that_cannot_leave_its_entry_is_not_made(mirror_on, monkeypatch):
    chat = stored(Chat)

    def fail(*_arguments):
        raise RuntimeError

    monkeypatch.setattr(capture, "enqueue", fail)
    for write in (lambda: chat.delete(), lambda: save_again(chat), lambda: stored(Chat)):
        with pytest.raises(RuntimeError):
            write()
    assert list(Chat.objects.values_list("title", flat=True)) == ["Optik"]


def test_entries_of_a_row_are_in_the_order_of_its_writes(mirror_on):
    chat = stored(Chat)
    save_again(chat)
    chat_id = chat.pk
    chat.delete()
    entries = OutboxEntry.objects.filter(row_id=chat_id).order_by("id")
    assert [entry.operation for entry in entries] == ["insert", "update", "delete"]


@MODELS
def test_without_a_token_nothing_is_written_and_nothing_is_paid(model, django_assert_num_queries):
    row = new(model)
    with django_assert_num_queries(1):
        model.objects.bulk_create([row])
    with django_assert_num_queries(1):
        model.objects.filter(pk=row.pk).update(**{TEXT[model]: "neu"})
    row.delete()
    assert not OutboxEntry.objects.exists()


def test_what_is_not_mirrored_leaves_no_entry(captured):
    teacher = make_teacher()
    teacher.name = "Frau Sommer"
    teacher.save()
    assert captured() == set()
