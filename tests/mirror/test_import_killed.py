"""An import that is stopped leaves whole rows, and the next one ends as if nothing had happened."""

import os
import time
from contextlib import contextmanager, suppress

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Count, F

from chats.models import Chat, Message
from teachers.models import Teacher, TeacherPreferences
from tests.mirror.backups import (
    chat,
    message,
    new_uuid,
    parts,
    run,
    user,
    whole,
    write_folder,
    write_zip,
)
from tests.warm import manage_process

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES, SECONDS = 1500, 60


def start_import(path):
    """The command as a process of its own, on the database of this test."""
    name = connection.settings_dict
    url = f"sqlite:///{name['NAME']}"
    if settings.DATABASE_IS_POSTGRESQL:
        url = f"postgres://{name['USER']}@{name['HOST']}:{name['PORT']}/{name['NAME']}"
    env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "eduhu.settings"}
    return manage_process(env, path.parent / "said", "instant_import", str(path))


def wait_until(is_so, process):
    end = time.monotonic() + SECONDS
    while not is_so():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)


def open_pipe(path, process):
    """Open for writing as soon as the command reads."""
    opened = []

    def is_read():
        with suppress(OSError):
            opened.append(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        return opened

    wait_until(is_read, process)
    os.set_blocking(opened[0], True)
    return os.fdopen(opened[0], "wb")


def test_killed_in_the_middle_and_started_again(tmp_path):
    chats = [chat(), *(chat(id=new_uuid()) for _ in range(20))]
    times = {each["id"]: each["updated_at"] for each in chats}
    messages = [
        message(id=new_uuid(), chat_id=chats[number % 21]["id"]) for number in range(MESSAGES)
    ]
    named = parts({"$users": [user()], "chats": chats, "messages": messages})
    lines = named.pop("entities/messages.jsonl")
    folder = write_folder(tmp_path / "folder", named)
    # A pipe instead of a file, so that the command stands still where we want it.
    pipe = folder / "entities/messages.jsonl"
    os.mkfifo(pipe)
    process = start_import(folder)
    try:
        with open_pipe(pipe, process) as survey:
            survey.write(lines)
        wait_until(Chat.objects.exists, process)
        with open_pipe(pipe, process) as restore:
            restore.write(b"".join(lines.splitlines(keepends=True)[:1200]))
            restore.flush()
            wait_until(lambda: Message.objects.count() >= 1000, process)
            process.kill()
    finally:
        process.kill()
        process.wait()
    assert Message.objects.count() == 1000
    assert_consistent(times)

    path = write_zip(tmp_path / "backup.zip", {**named, "entities/messages.jsonl": lines})
    ran = run("instant_import", path)
    assert ran.code == 0
    assert "messages: 500 created, 1,000 unchanged" in ran.output.splitlines()
    assert Message.objects.count() == MESSAGES
    assert_consistent(times)


def assert_consistent(times):
    wrong = Chat.objects.annotate(n=Count("messages")).exclude(message_count=F("n"))
    assert not wrong.exists()
    found = Chat.objects.values_list("pk", "updated_at")
    assert {str(pk): moment.timestamp() * 1000 for pk, moment in found} == times


@contextmanager
def without_the_table(name):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {name} RENAME TO hidden")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE hidden RENAME TO {name}")


def test_stopped_by_the_database_and_started_again(tmp_path):
    path = write_zip(tmp_path / "backup.zip", parts(whole()))
    with without_the_table("teacher_preferences"):
        ran = run("instant_import", path)
        assert ran.code == 2
        assert ran.error.startswith("Stopped by the database: ")
        assert "run the same command again" in ran.error
        exported = run("instant_export", tmp_path / "export.zip")
        assert (exported.code, exported.error.startswith("Stopped by the database: ")) == (2, True)
        assert list(tmp_path.iterdir()) == [path]
    assert Teacher.objects.count() == 1
    assert run("instant_import", path).code == 0
    assert (Message.objects.count(), TeacherPreferences.objects.count()) == (2, 1)
