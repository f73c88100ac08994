"""A backup of InstantDB becomes our rows: all that fits, to whom it belongs, and only once."""

import json
import uuid
from threading import Thread

import pytest
from django.db import connection

from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.mirror.backup import restore
from eduhu.mirror.models import OutboxEntry
from teachers.models import Teacher, TeacherPreferences
from tests.factories import make_chat, make_teacher
from tests.mirror.backups import (
    ANNA,
    ANSWER,
    BEN,
    CHAT,
    CREATED,
    QUESTION,
    SHEET,
    WISHES,
    answer,
    artifact,
    chat,
    import_rows,
    link,
    message,
    new_uuid,
    parts,
    preferences,
    run,
    user,
    whole,
    write_folder,
    write_zip,
)

pytestmark = pytest.mark.django_db


def stored():
    """All rows of the four tables, and who signs in, as values."""
    models = (Teacher, Chat, Message, Artifact, TeacherPreferences)
    return {model: list(model.objects.order_by("pk").values()) for model in models}


def mirrored():
    """All rows as InstantDB would show them."""
    from eduhu.mirror import capture

    return {
        str(document["id"]): document
        for source in capture.sources().values()
        for document in source.documents(source.model._base_manager.values_list("pk", flat=True))
    }


def without_revision(row):
    return {label: value for label, value in row.items() if label != "mirror_rev"}


def test_a_whole_backup_arrives_as_it_was(tmp_path):
    ran, report = import_rows(tmp_path, whole())
    assert (ran.code, report) == (0, [])
    expected = [chat(), message(), answer(), artifact(), preferences()]
    assert mirrored() == {row["id"]: without_revision(row) for row in expected}


def test_new_teachers_cannot_sign_in(tmp_path):
    import_rows(tmp_path, whole())
    [teacher] = Teacher.objects.all()
    assert (str(teacher.pk), teacher.email) == (ANNA, "anna@eduhu.example")
    assert not teacher.is_active
    assert not teacher.has_usable_password()
    assert teacher.created_at.timestamp() * 1000 == CREATED


def test_a_teacher_is_known_by_address_before_id(tmp_path):
    known = make_teacher(email="anna@eduhu.example")
    make_teacher(id=uuid.UUID(ANNA))
    import_rows(tmp_path, whole(**{"$users": [user(email=" Anna@Eduhu.example")]}))
    assert Chat.objects.get().teacher == known
    assert Artifact.objects.get().teacher == known
    assert TeacherPreferences.objects.get().teacher == known
    assert Teacher.objects.count() == 2


def test_a_teacher_without_an_address_is_known_by_id(tmp_path):
    known = make_teacher(id=uuid.UUID(ANNA))
    ran, _report = import_rows(tmp_path, whole(**{"$users": [{"id": ANNA, "type": "guest"}]}))
    assert ran.code == 0
    assert Chat.objects.get().teacher == known


def test_users_whose_addresses_differ_in_case_are_one(tmp_path):
    other = chat(id=new_uuid(), teacher_id=BEN)
    users = [user(), user(BEN, "ANNA@eduhu.example")]
    import_rows(tmp_path, whole(**{"$users": users, "chats": [chat(), other]}))
    [teacher] = Teacher.objects.all()
    assert teacher.chats.count() == 2


@pytest.mark.services  # writers of SQLite take turns
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["teacher_preferences", "chats", "messages", "artifacts"])
def test_two_imports_at_once_refuse_nothing_to_each_other(tmp_path, monkeypatch, name):
    """The other one stores all that is left between our look and our write."""
    write, others, codes = restore._write, [], []
    path = write_zip(tmp_path / "backup.zip", parts(whole()))

    def write_after_the_other(table, plan):
        if table.name == name and not others:
            others.append(Thread(target=import_and_disconnect))
            others[0].start()
            others[0].join()
        write(table, plan)

    def import_and_disconnect():
        codes.append(run("instant_import", path).code)
        connection.close()

    monkeypatch.setattr(restore, "_write", write_after_the_other)
    ran = run("instant_import", path)
    assert (ran.code, codes) == (0, [0]), ran
    assert (Chat.objects.count(), Message.objects.count()) == (1, 2)


def test_rows_of_unknown_teachers_are_reported_and_not_stored(tmp_path):
    users = [user(email=None), user(BEN, "no address")]
    ran, report = import_rows(tmp_path, whole(**{"$users": users}))
    assert ran.code == 1
    assert not any(stored().values())
    assert report == [
        ("$users", "skipped", ANNA, "it has no e-mail address"),
        ("$users", "skipped", BEN, "its e-mail address is none"),
        ("teacher_preferences", "skipped", WISHES, "its teacher is unknown"),
        ("chats", "skipped", CHAT, "its teacher is unknown"),
        ("messages", "skipped", QUESTION, "its teacher is unknown"),
        ("messages", "skipped", ANSWER, "its teacher is unknown"),
        ("artifacts", "skipped", SHEET, "its teacher is unknown"),
    ]


def test_rows_of_nobody_stay_nobodys(tmp_path):
    rows = whole(chats=[chat(teacher_id=None)], messages=[message(teacher_id=None)], artifacts=[])
    ran, _report = import_rows(tmp_path, rows)
    assert ran.code == 0
    assert "messages: 1 created, 1 of nobody" in ran.output.splitlines()
    assert Chat.objects.get().teacher is None
    assert Message.objects.count() == 1


def test_again_changes_nothing(tmp_path):
    import_rows(tmp_path, whole())
    before = stored()
    ran, report = import_rows(tmp_path, whole())
    assert (ran.code, report) == (0, [])
    assert "messages: 2 unchanged" in ran.output
    assert stored() == before


def test_a_later_backup_brings_what_has_changed(tmp_path):
    import_rows(tmp_path, whole())
    later = 1_760_000_000_000
    rows = whole(
        chats=[chat(title="Neu", is_archived=False, updated_at=later)],
        messages=[message(), answer(content="Ganz.")],
        teacher_preferences=[preferences(grade_level="7", updated_at=later)],
    )
    ran, report = import_rows(tmp_path, rows)
    assert ran.code == 0
    documents = mirrored()
    assert documents[CHAT] == without_revision(rows["chats"][0])
    assert documents[ANSWER]["content"] == "Ganz."
    assert documents[WISHES]["grade_level"] == "7"
    assert {(each[1], each[2]) for each in report} == {
        ("changed", CHAT), ("changed", ANSWER), ("changed", WISHES),
    }  # fmt: skip


def test_what_is_newer_here_stays(tmp_path):
    import_rows(tmp_path, whole())
    imported = Chat.objects.get()
    imported.title = "Umbenannt"
    imported.save(update_fields=["title"])
    kept = TeacherPreferences.objects.get()
    kept.grade_level = "8"
    kept.save()
    ran, _report = import_rows(tmp_path, whole())
    assert "chats: 1 newer here" in ran.output
    assert Chat.objects.get().title == "Umbenannt"
    assert TeacherPreferences.objects.get().grade_level == "8"


def test_preferences_made_at_the_first_look_take_the_imported_values(tmp_path):
    teacher = make_teacher(email="anna@eduhu.example")
    own = TeacherPreferences.objects.create(teacher=teacher)
    TeacherPreferences.objects.update(updated_at="2020-01-01T00:00:00Z")
    ran, _report = import_rows(tmp_path, whole())
    assert ran.code == 0
    [preference] = TeacherPreferences.objects.all()
    assert (preference.pk, preference.subject_areas) == (own.pk, ["Mathe"])


def test_of_two_preferences_of_a_teacher_the_first_stays(tmp_path):
    second = preferences(id=new_uuid(), grade_level="9")
    _ran, report = import_rows(tmp_path, whole(teacher_preferences=[preferences(), second]))
    assert TeacherPreferences.objects.get().grade_level == "6"
    assert report == [
        ("teacher_preferences", "skipped", second["id"], "its teacher_id came before")
    ]


def test_rows_of_somebody_else_are_left_alone(tmp_path):
    stranger = make_teacher()
    make_chat(stranger, id=uuid.UUID(CHAT), title="Fremd")
    without_owner = [message(teacher_id=None)]
    ran, report = import_rows(tmp_path, whole(messages=without_owner, artifacts=[]))
    assert ran.code == 1
    assert Chat.objects.get().title == "Fremd"
    assert not Message.objects.exists()
    assert report == [
        ("chats", "skipped", CHAT, "a row of somebody else has this id"),
        ("messages", "skipped", QUESTION, "its chat_id was not imported"),
    ]


def test_a_message_moves_to_no_other_chat(tmp_path):
    import_rows(tmp_path, whole())
    other = chat(id=new_uuid())
    rows = whole(chats=[chat(), other], messages=[message(chat_id=other["id"]), answer()])
    _ran, report = import_rows(tmp_path, rows)
    assert report == [("messages", "skipped", QUESTION, "a row of another chat_id has this id")]
    assert str(Message.objects.get(pk=QUESTION).chat_id) == CHAT


def test_a_message_of_one_teacher_in_the_chat_of_another_is_refused(tmp_path):
    users = [user(), user(BEN, "ben@eduhu.example")]
    rows = whole(**{"$users": users, "messages": [message(teacher_id=BEN), answer()]})
    _ran, report = import_rows(tmp_path, rows)
    assert report == [("messages", "skipped", QUESTION, "its chat_id belongs to somebody else")]


def test_an_id_that_comes_twice_is_stored_once(tmp_path):
    _ran, report = import_rows(
        tmp_path, whole(messages=[message(), answer(), message(content="x")])
    )
    assert Message.objects.get(pk=QUESTION).content == "Was ist ½?"
    assert report == [("messages", "skipped", QUESTION, "its id came before")]


def test_lines_without_an_id_or_with_a_strange_owner(tmp_path):
    nameless = {label: value for label, value in answer().items() if label != "id"}
    strange = message(id=new_uuid(), teacher_id="anna")
    users = [user(), {"email": "x@eduhu.example"}]
    rows = whole(**{"$users": users, "messages": [message(), nameless, strange], "artifacts": []})
    _ran, report = import_rows(tmp_path, rows)
    assert report == [
        ("$users", "skipped", None, "it has no id that is a UUID"),
        ("messages", "skipped", None, "it has no id that is a UUID"),
        ("messages", "skipped", strange["id"], "teacher_id is no UUID"),
    ]


def test_more_than_a_batch(tmp_path, monkeypatch):
    """Batches end by their number of lines and by their size, and links back wait on the disk."""
    monkeypatch.setattr(restore, "BATCH_BYTES", 100_000)
    ids = [new_uuid() for _ in range(1200)]
    links = [link("chats", "messages", "messages", "chat", has="many", reverse_has="one")]
    turns = [renamed(message(id=each), chat_id="_") for each in ids]
    turns[7]["content"] = "ä" * 90_000
    rows = {"$users": [user()], "chats": [chat(messages=ids)], "messages": turns}
    assert import_rows(tmp_path, rows, links=links)[0].code == 0
    assert Chat.objects.get().message_count == 1200


def test_links_that_lead_nowhere_are_cut(tmp_path):
    other = chat(id=new_uuid())
    lost, moved = (
        artifact(id=new_uuid(), chat_id=new_uuid()),
        artifact(id=new_uuid(), chat_id=other["id"]),
    )
    orphan = artifact(id=new_uuid(), chat_id=None)
    rows = whole(
        chats=[chat(), other], artifacts=[artifact(message_id=new_uuid()), lost, moved, orphan]
    )
    ran, report = import_rows(tmp_path, rows)
    assert ran.code == 0
    found = {
        str(each.pk): (each.chat_id and str(each.chat_id), each.message_id and str(each.message_id))
        for each in Artifact.objects.all()
    }
    assert found == {
        SHEET: (CHAT, None), lost["id"]: (CHAT, ANSWER), moved["id"]: (other["id"], None),
        orphan["id"]: (CHAT, ANSWER),
    }  # fmt: skip
    assert {(each[2], each[3]) for each in report} == {
        (SHEET, "message_id was cut: that row was not imported"),
        (lost["id"], "chat_id was cut: that row was not imported"),
        (moved["id"], "message_id was cut: that row is of another chat"),
    }


def test_values_that_do_not_fit_cost_no_more_than_they_must(tmp_path):
    odd = message(id=new_uuid(), content_type="video", token_count=-1, educational_topics='["a"]')
    nul = message(id=new_uuid(), content="a\0b", role="user")
    rows = whole(
        chats=[chat(title="ü" * 300, is_archived=1), chat(id=new_uuid(), title=None)],
        messages=[message(role="tool"), answer(content=None), odd, nul],
        artifacts=[artifact(artifact_type="quiz", message_id=None)],
        teacher_preferences=[preferences(subject_areas="Mathe", notification_settings=[])],
    )
    ran, report = import_rows(tmp_path, rows)
    assert ran.code == 1
    assert {chat.title for chat in Chat.objects.all()} == {"ü" * 199 + "…", "Neuer Chat"}
    [kept] = Message.objects.all()
    assert (kept.content_type, kept.token_count, kept.educational_topics) == ("text", None, ["a"])
    assert TeacherPreferences.objects.get().subject_areas == ["Mathe"]
    reasons = {each[3] for each in report}
    assert reasons == {
        "title was cut to 200 characters", "it had no title", "it has no content",
        "is_archived is neither true nor false, and was left out",
        "content is text with a NUL character",
        "role is none of user, assistant, system",
        "content_type is none of text, artifact, image, and was left out",
        "token_count is no whole number from 0 to 2147483647, and was left out",
        "artifact_type is none of lesson_plan, worksheet, rubric, activity",
        "notification_settings is no object, and was left out",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_750_000_000_123, 1_750_000_000_123),
        ("2025-06-15T15:06:40.123Z", 1_750_000_000_123),
        ("2025-06-15T17:06:40.123+02:00", 1_750_000_000_123),
        ("2025-06-15 15:06:40", 1_750_000_000_000),
        ("2025-6-15T15:06:40.123Z", 1_750_000_000_123),
        ('"2025-06-15T15:06:40.123Z"', 1_750_000_000_123),
        ("Sun, 15 Jun 2025 15:06:40 GMT", 1_750_000_000_000),
        ("Sun Jun 15 2025 17:06:40 GMT+0200", 1_750_000_000_000),
        ("6/15/2025, 3:06:40 PM", 1_750_000_000_000),
        ("Sun Jun 15 2025", 1_749_945_600_000),
        ("2025-06-15", 1_749_945_600_000),
        (None, CREATED),
        ("soon", CREATED),
        (1e300, CREATED),
        (253_402_300_799_999, CREATED),
        (True, CREATED),
        ("epoch", 0),
    ],
)
def test_times_are_read_in_every_form(tmp_path, value, expected):
    import_rows(tmp_path, whole(chats=[chat(created_at=value)]))
    assert mirrored()[CHAT]["created_at"] == expected


def renamed(row, **labels):
    return {labels.get(label, label): value for label, value in row.items()}


def test_chats_may_be_sessions_with_links(tmp_path):
    """The other naming: sessions, and ids under the forward labels of links."""
    names = {"chat_id": "session", "message_id": "message", "teacher_id": "teacher"}
    rows = {
        "$users": [user()],
        "chat_sessions": [renamed(chat(), **names)],
        "messages": [renamed(message(), chat_id="session_id"), renamed(answer(), **names)],
        "artifacts": [renamed(artifact(), **names)],
    }
    ran, _report = import_rows(tmp_path, rows)
    assert ran.code == 0
    expected = [chat(), message(), answer(), artifact()]
    assert mirrored() == {row["id"]: without_revision(row) for row in expected}


def test_links_are_read_backwards(tmp_path):
    """The chat holds its messages and artifacts, and the user holds the chats."""
    links = [
        link("$users", "chats", "chats", "teacher", has="many", reverse_has="one"),
        link("chats", "messages", "messages", "chat", has="many", reverse_has="one"),
        link("chats", "artifacts", "artifacts", "chat", has="many", reverse_has="one"),
    ]
    holder = renamed(chat(), teacher_id="_") | {
        "messages": [QUESTION, ANSWER.upper()],
        "artifacts": [SHEET],
    }
    rows = {
        "$users": [user(chats=[CHAT])],
        "chats": [holder],
        "messages": [renamed(each, chat_id="_", teacher_id="__") for each in (message(), answer())],
        "artifacts": [renamed(artifact(), chat_id="_", message_id="__")],
    }
    ran, _report = import_rows(tmp_path, rows, links=links)
    assert ran.code == 0
    expected = [chat(), message(), answer(), artifact(message_id=None)]
    assert mirrored() == {row["id"]: without_revision(row) for row in expected}


@pytest.mark.parametrize("without_id", [{}, {"id": "anna"}])
def test_a_link_back_to_a_line_without_an_id_is_none(tmp_path, without_id):
    talk = chat()
    del talk["teacher_id"]
    rows = whole(
        **{"$users": [{**without_id, "talks": [CHAT]}, user(talks=[CHAT])], "chats": [talk]}
    )
    teaches = link("$users", "talks", "chats", "teacher", has="many", reverse_has="one")
    ran, report = import_rows(tmp_path, rows, links=[teaches])
    assert [line[3] for line in report] == ["it has no id that is a UUID"], ran
    assert str(Chat.objects.get().teacher_id) == ANNA


def test_a_mapping_names_other_things(tmp_path):
    rows = {
        "$users": [user()],
        "talks": [renamed(chat(), title="headline", created_at="born")],
        "messages": [renamed(message(), chat_id="talk")],
    }
    mapping = tmp_path / "mapping.json"
    attributes = {"headline": "title", "born": "created_at"}
    named = {"namespace": "talks", "attributes": attributes}
    mapping.write_text(
        json.dumps({"chats": named, "messages": {"attributes": {"talk": "chat_id"}}})
    )
    ran, _report = import_rows(tmp_path, rows, "--mapping", mapping)
    assert ran.code == 0
    assert mirrored() == {
        CHAT: {**without_revision(chat()), "message_count": 1},
        QUESTION: message(),
    }


def test_a_folder_is_as_good_as_the_zip(tmp_path):
    folder = write_folder(tmp_path / "unpacked", parts(whole()))
    assert run("instant_import", folder).code == 0
    assert Message.objects.count() == 2


def test_what_programs_that_pack_folders_add_is_no_harm(tmp_path):
    clutter = {
        "entities/": b"",
        ".DS_Store": b"\0",
        "entities/.DS_Store": b"\0",
        "__MACOSX/._config.json": b"\0",
    }
    path = write_zip(tmp_path / "backup.zip", parts(whole()) | clutter)
    assert run("instant_import", path).code == 0


def test_secrets_are_not_touched(tmp_path):
    secrets = {
        "$magicCodes": [{"id": new_uuid(), "code": "424242-secret"}],
        "$userRefreshTokens": [{"id": new_uuid(), "hashedToken": "secret-hash", "$user": ANNA}],
        "$oauthClients": [{"id": new_uuid(), "encryptedClientSecret": "secret"}],
        "$files": [{"id": new_uuid(), "path": "secret.png"}],
        "diaries": [{"id": new_uuid(), "text": "secret"}],
    }
    ran, report = import_rows(tmp_path, whole(**secrets))
    assert (ran.code, report) == (0, [])
    assert "secret" not in ran.output
    assert "  $magicCodes: 1 → no table of ours, left out" in ran.output.splitlines()
    assert "  left out of chats: message_count, mirror_rev" in ran.output.splitlines()


def test_reasons_do_not_tell_content(tmp_path):
    rows = whole(messages=[message(role="geheim"), answer(token_count="geheim")])
    ran, report = import_rows(tmp_path, rows)
    assert len(report) == 2
    assert "geheim" not in str(report) + ran.output + ran.error


def test_dry_run_says_the_same_and_writes_nothing(tmp_path):
    rows = whole(messages=[message(), answer(), message(id=new_uuid(), chat_id=new_uuid())])
    planned, reported = import_rows(tmp_path, rows, "--dry-run")
    assert not any(stored().values())
    done, report = import_rows(tmp_path, rows)
    assert (planned.code, reported) == (done.code, report) == (1, report)
    _head, tail = planned.output.split("This would happen; nothing was written:\n")
    assert done.output.endswith(tail)
    assert "messages: 2 created, 1 skipped" in tail.splitlines()


def test_to_repair_is_not_advised_while_lines_are_missing(tmp_path, mirror_on):
    """In the same app a repair would delete them."""
    ran, _report = import_rows(tmp_path, whole(messages=[message(role="geheim"), answer()]))
    assert ran.code == 1
    assert "mirror_reconcile" not in ran.output


@pytest.mark.parametrize("asked", [False, True])
def test_imported_rows_go_to_instantdb_only_when_asked(tmp_path, mirror_on, asked):
    ran, _report = import_rows(tmp_path, whole(), *(["--mirror"] if asked else []))
    assert OutboxEntry.objects.exists() == asked
    assert ("InstantDB was not told" in ran.output) != asked
    OutboxEntry.objects.all().delete()
    Chat.objects.update(title="Später")
    assert OutboxEntry.objects.count() == 1


def test_messages_leave_the_times_of_chats_alone(tmp_path):
    import_rows(tmp_path, whole())
    later = message(id=new_uuid(), timestamp=1_750_000_900_000)
    import_rows(tmp_path, whole(messages=[message(), answer(), later]))
    [found] = Chat.objects.all()
    assert found.message_count == 3
    # A chat is never older than its last message.
    assert found.updated_at.timestamp() * 1000 == later["timestamp"]


def test_what_only_the_database_refuses_costs_one_row(tmp_path, monkeypatch):
    """A rule that the import does not know: here that of the artifact's message."""
    from artifacts import backup
    from eduhu.mirror.backup import tables

    careless = {field: getattr(backup.ARTIFACTS, field) for field in backup.ARTIFACTS.__slots__}
    careless |= {"mend": lambda values, parents: []}
    monkeypatch.setitem(tables._tables, "artifacts", tables.Table(**careless))
    other = chat(id=new_uuid())
    bad = artifact(id=new_uuid(), chat_id=other["id"])
    ran, report = import_rows(tmp_path, whole(chats=[chat(), other], artifacts=[bad, artifact()]))
    assert ran.code == 1
    assert str(Artifact.objects.get().pk) == SHEET
    [(_namespace, outcome, row_id, reason)] = report
    assert (outcome, row_id) == ("skipped", bad["id"])
    assert reason.startswith("the database refuses it: ")
    assert "\n" not in reason  # where PostgreSQL goes on with the row itself
