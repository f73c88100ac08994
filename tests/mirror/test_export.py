"""What is exported can be imported, here and by InstantDB, and is one moment of our rows."""

import json
import os
import random
import resource
import stat
import threading
import zipfile
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connections

from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.mirror.backup import export
from eduhu.mirror.backup.archive import open_archive, read_lines
from eduhu.mirror.backup.config import parse_config
from eduhu.mirror.backup.progress import Progress
from eduhu.mirror.schema import permissions, schema
from teachers.models import Teacher, TeacherPreferences
from tests.factories import make_chat, make_messages, make_teacher
from tests.mirror.backups import run
from tests.mirror.test_import import mirrored

# A snapshot is a transaction of its own; it cannot be inside that of a test.
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch):
    monkeypatch.setattr(export, "PAGE", 2)


@pytest.fixture
def rows(transactional_db):
    """Two teachers with rows of every table, and some of nobody."""
    anna, ben = make_teacher(email="anna@eduhu.example"), make_teacher(email="ben@eduhu.example")
    for teacher in (anna, ben, None):
        chat = make_chat(teacher, title="Brüche \u2028 🍕", topic_category="fractions")
        question, _answer = make_messages(chat, 2)
        Message.objects.filter(pk=question.pk).update(educational_topics=["½", "b"], token_count=4)
        Artifact.objects.create(
            chat=chat, message=question, teacher=teacher, title="Blatt", content="1\n2",
            artifact_type="rubric",
        )  # fmt: skip
    Artifact.objects.create(teacher=ben, title="Allein", content="", artifact_type="activity")
    TeacherPreferences.objects.create(
        teacher=anna, subject_areas=["Physik"], notification_settings={"z": {"b": 1, "a": [None]}}
    )
    Chat.objects.filter(teacher=ben).update(is_archived=True)


def parts_of(path):
    """The parts of a backup; its time left out."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(found["config.json"])
    del config["backupAt"]
    return {**found, "config.json": json.dumps(config).encode()}


def exported(path):
    ran = run("instant_export", path)
    assert ran.code == 0, ran.error
    return path


def test_an_import_of_the_export_is_the_same(tmp_path, rows):
    before = mirrored()
    path = exported(tmp_path / "first.zip")
    again = run("instant_import", path)
    assert again.code == 0, again
    assert {"created", "changed", "altered"}.isdisjoint(again.output.replace(",", " ").split())
    call_command("flush", interactive=False, verbosity=0)
    ran = run("instant_import", path)
    assert ran.code == 0, ran
    assert mirrored() == before
    assert parts_of(exported(tmp_path / "second.zip")) == parts_of(path)
    call_command("flush", interactive=False, verbosity=0)
    nothing = exported(tmp_path / "nothing.zip")
    assert json.loads(parts_of(nothing)["config.json"])["counts"] == {}
    assert run("instant_import", nothing).code == 0


def test_instantdb_finds_what_it_restores(tmp_path, rows):
    """Its restore wants config.json first, and an attribute for every key of every line."""
    path = exported(tmp_path / "backup.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            "config.json", "entities/$users.jsonl", "entities/teacher_preferences.jsonl",
            "entities/chats.jsonl", "entities/messages.jsonl", "entities/artifacts.jsonl",
        ]  # fmt: skip
        config = json.loads(archive.read("config.json"))
        content = b"".join(map(archive.read, archive.namelist()))
    assert not any(each.password.encode() in content for each in Teacher.objects.all())
    assert (config["schema"], config["rules"]) == (schema(), permissions())
    archive, parsed = open_archive(path), parse_config(json.dumps(config).encode())
    lines = {name: list(read_lines(archive, name)) for name in archive.namespaces()}
    assert config["counts"] == {name: len(of) for name, of in lines.items()}
    assert config["tripleCount"] == sum(len(line.entity) for of in lines.values() for line in of)
    assert {line.entity["email"] for line in lines["$users"]} == {
        "anna@eduhu.example", "ben@eduhu.example",
    }  # fmt: skip
    for name in set(lines) - {"$users"}:
        keys = {label for line in lines[name] for label in line.entity}
        assert keys == {"id"} | parsed.labels(name)
        assert all(line.created_at for line in lines[name])


@committed
def test_it_shows_one_moment(tmp_path, teacher, monkeypatch):
    """Rows that others write meanwhile are in none of the parts, and nobody waits for it."""
    chat = make_chat(teacher)
    make_messages(chat, 5)
    counted, write = export._counts, threading.Thread(target=change_everything, args=[chat.pk])

    def count_and_let_others_write():
        counts = counted()
        write.start()
        write.join(10)
        assert not write.is_alive()
        return counts

    monkeypatch.setattr(export, "_counts", count_and_let_others_write)
    path = exported(tmp_path / "backup.zip")
    assert Message.objects.count() == 8
    archive = open_archive(path)
    assert len(list(read_lines(archive, "messages"))) == 5
    assert [line.entity["title"] for line in read_lines(archive, "chats")] == [chat.title]
    assert run("instant_import", path, "--dry-run").code == 0


def change_everything(chat_id):
    try:
        Chat.objects.filter(pk=chat_id).update(title="Neu")
        make_messages(Chat.objects.get(pk=chat_id), 3)
    finally:
        connections.close_all()


@contextmanager
def no_file_longer_than(size):
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@committed
def test_a_file_is_replaced_by_a_whole_one_or_stays(tmp_path, teacher):
    noise = random.Random(1).randbytes(1_500_000).hex()  # half as long when it is packed
    Message.objects.create(chat=make_chat(teacher), role="user", content=noise)
    path = tmp_path / "backup.zip"
    path.write_text("old")
    with no_file_longer_than(1_000_000):
        ran = run("instant_export", path)
    assert (ran.code, "cannot be written: File too large" in ran.error) == (2, True), ran
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    exported(path)
    assert zipfile.is_zipfile(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "is a folder"), ("no/backup.zip", "No such file"), ("pipe", "no ordinary file")],
)
def test_where_nothing_can_be_written(tmp_path, db, name, reason):
    os.mkfifo(tmp_path / "pipe")
    ran = run("instant_export", tmp_path / name)
    assert (ran.code, reason in ran.error) == (2, True), ran
    assert (tmp_path / "pipe").is_fifo()


def test_progress_is_for_terminals(monkeypatch, capsys):
    with Progress() as progress:
        progress("writing chats", 1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Progress() as progress:
        progress("writing chats", 1500)
    assert capsys.readouterr().err == "\r\x1b[Kwriting chats: 1,500\r\x1b[K"
