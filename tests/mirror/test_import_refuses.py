"""What is no whole backup is refused with a reason, before a single row is stored."""

import json
import warnings
import zipfile
from pathlib import Path

import pytest

from chats.models import Chat, Message
from teachers.models import Teacher
from tests.mirror.backups import (
    answer,
    chat,
    import_rows,
    message,
    new_uuid,
    parts,
    run,
    whole,
    write_folder,
    write_zip,
)

pytestmark = pytest.mark.django_db
MESSAGES = "entities/messages.jsonl"


def assert_refused(ran, reason):
    assert (ran.code, reason in ran.error) == (2, True), ran
    assert not Teacher.objects.exists()
    assert not Chat.objects.exists()


def whole_zip(tmp_path, **more):
    return write_zip(tmp_path / "backup.zip", {**parts(whole()), **more})


def no_zip(tmp_path):
    (tmp_path / "backup.zip").write_text("PK?")


def cut_off(tmp_path):
    path = whole_zip(tmp_path)
    path.write_bytes(path.read_bytes()[:-200])


def damaged(tmp_path):
    path = whole_zip(tmp_path)
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo(MESSAGES)
    content = bytearray(path.read_bytes())
    content[part.header_offset + 30 + len(MESSAGES) + 40] ^= 0xFF
    path.write_bytes(content)


def bomb(tmp_path):
    whole_zip(tmp_path, **{"files/zeros": bytes(65 * 1024 * 1024)})


def encrypted(tmp_path):
    path = whole_zip(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # in the list of parts at the end
    path.write_bytes(content)


def other_compression(tmp_path):
    with zipfile.ZipFile(tmp_path / "backup.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("config.json", "{}")


def two_of_a_name(tmp_path):
    with warnings.catch_warnings(), zipfile.ZipFile(whole_zip(tmp_path), "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(MESSAGES, "")


def with_part(name):
    def make(tmp_path):
        whole_zip(tmp_path, **{name: b"root::0:0"})

    return make


def config(**changes):
    def make(tmp_path):
        write_zip(tmp_path / "backup.zip", parts(whole(), **changes))

    return make


def config_with_link(**forward):
    odd = {"forward": {"on": "chats", "label": "tags", "has": "one", **forward},
           "reverse": {"on": "tags", "label": "chats"}}  # fmt: skip
    return config(schema={"entities": {}, "links": {"odd": odd}})


def raw(**named):
    def make(tmp_path):
        named_parts = {
            name.replace("__", "/").replace("_", "."): raw for name, raw in named.items()
        }
        whole_zip(tmp_path, **named_parts)

    return make


def without(name):
    def make(tmp_path):
        named = parts(whole())
        del named[name]
        write_zip(tmp_path / "backup.zip", named)

    return make


def too_long(tmp_path):
    write_zip(
        tmp_path / "backup.zip", parts(whole(messages=[message(content="a" * 17 * 1024 * 1024)]))
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _path: None, "cannot be read: No such file or directory"),
        (no_zip, "is no zip file, or only a part of one"),
        (cut_off, "is no zip file, or only a part of one"),
        (damaged, "entities/messages.jsonl is damaged"),
        (bomb, "no backup shrinks so far"),
        (encrypted, "encrypted"),
        (other_compression, "compressed in a way that no backup is"),
        (two_of_a_name, "two parts of the same name"),
        (with_part("../../etc/cron.d/job"), "which no backup does"),
        (with_part("entities/../../../etc/job.jsonl"), "which no backup does"),
        (with_part("entities/..\\..\\job.jsonl"), "which no backup does"),
        (with_part("/etc/passwd"), "which no backup does"),
        (with_part("backup/config.json"), "must stand at its top"),
        (without("config.json"), "There is no config.json"),
        (raw(config_json=b"{"), "config.json is not JSON"),
        (raw(config_json=b"[" * 5000 + b"]" * 5000), "config.json is not JSON"),
        (raw(config_json=b"[]"), "config.json is not that of a backup"),
        (config(schema=None), "config.json is not that of a backup"),
        (config(schema={"entities": {"chats": {"attrs": [1]}}}), "is not that of a backup"),
        (config_with_link(label=["tags"]), "config.json is not that of a backup"),
        (config_with_link(on=None), "config.json is not that of a backup"),
        (config(counts=[1]), "config.json is not that of a backup"),
        (config(tripleCount="many"), "config.json is not that of a backup"),
        (config(counts={}), "lines in $users, and config.json says 0"),
        (config(tripleCount=7), "values in all, and config.json says 7"),
        (without(MESSAGES), "messages has no file"),
        (raw(entities__messages_jsonl=b'{"entity": {'), "line 1 is not JSON"),
        (raw(entities__messages_jsonl=b"\xff\xfe\n"), "line 1 is not JSON"),
        (raw(entities__messages_jsonl=b"[1]\n"), "line 1 is no row of a backup"),
        (raw(entities__messages_jsonl=b""), "0 lines in messages, and config.json says 2"),
        (too_long, "line 1 is longer than 16,777,216 bytes"),
    ],
)
def test_what_is_no_whole_backup(tmp_path, make, reason):
    make(tmp_path)
    assert_refused(run("instant_import", tmp_path / "backup.zip"), reason)


def test_the_last_line_is_read_before_the_first_is_stored(tmp_path):
    named = parts(whole())
    named["entities/teacher_preferences.jsonl"] = b"{}\n"
    path = write_zip(tmp_path / "backup.zip", named)
    assert_refused(run("instant_import", path), "entities/teacher_preferences.jsonl, line 1")


def test_folders_that_are_no_backup(tmp_path):
    assert_refused(run("instant_import", tmp_path), "There is no config.json")
    write_folder(tmp_path, parts({}) | {"entities/chats.jsonl.zst": b"\x28\xb5\x2f\xfd"})
    assert_refused(run("instant_import", tmp_path), "zstd -d --rm entities/chats.jsonl.zst")


def test_a_config_without_end(tmp_path):
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert_refused(run("instant_import", tmp_path), "config.json is longer than 67,108,864 bytes")


def test_a_folder_without_its_rows(tmp_path):
    write_folder(tmp_path, {"config.json": parts(whole())["config.json"]})
    assert_refused(run("instant_import", tmp_path), "The backup is not whole")


def test_a_folder_whose_rows_are_no_file(tmp_path):
    named = parts(whole())
    del named[MESSAGES]
    (write_folder(tmp_path, named) / MESSAGES).mkdir()
    assert_refused(run("instant_import", tmp_path), f"{MESSAGES} cannot be read: Is a directory")


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        (None, "cannot be read"),
        (b"{", "is not JSON"),
        (b"[]", "must hold an object"),
        ({"quizzes": {}}, "names the table 'quizzes'"),
        ({"chats": "talks"}, "may have a namespace and attributes"),
        ({"chats": {"name": "talks"}}, "may have a namespace and attributes"),
        ({"chats": {"namespace": 7}}, "are no names"),
        ({"chats": {"namespace": "talks"}}, "has no 'talks'. There are: $users, artifacts"),
        ({"chats": {"namespace": "messages"}}, "two tables of 'messages'"),
        ({"chats": {"namespace": "$magicCodes"}}, "not ours to read"),
        ({"chats": {"attributes": {"headline": "title"}}}, "chats of the backup has no headline"),
        ({"chats": {"attributes": {"title": "headline"}}}, "makes 'title' chats.headline"),
    ],
)
def test_mappings_that_make_no_sense(tmp_path, named, reason):
    path = tmp_path / "mapping.json"
    if named is not None:
        path.write_bytes(named if isinstance(named, bytes) else json.dumps(named).encode())
    ran, _report = import_rows(tmp_path, whole(), "--mapping", path)
    assert_refused(ran, reason)


def test_two_namespaces_for_one_table(tmp_path):
    ran, _report = import_rows(tmp_path, whole(chat_sessions=[chat(id=new_uuid())]))
    assert_refused(ran, "chats and chat_sessions may both be chats")


def test_nothing_of_ours(tmp_path):
    ran, _report = import_rows(tmp_path, {"quizzes": [{"id": new_uuid()}]})
    assert_refused(ran, "The backup has none of our tables but quizzes")


def test_a_report_that_cannot_be_written(tmp_path):
    path = whole_zip(tmp_path)
    assert_refused(
        run("instant_import", path, "--report", tmp_path / "no" / "report"), "No such file"
    )


@pytest.mark.parametrize(
    "content", [None, b'{"chats": {"namespace": "conversations"}}\n', b"17", b"[]", b"\xff\n{}"],
    ids=["the backup", "the mapping", "a number", "a list", "bytes"],
)  # fmt: skip
def test_a_report_replaces_nothing_but_a_report(tmp_path, content):
    backup, path = whole_zip(tmp_path), tmp_path / "report.jsonl"
    if content is None:
        path.symlink_to(backup)
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    assert_refused(run("instant_import", backup, "--report", path), "is there, and no report")
    assert path.read_bytes() == before


def test_a_report_replaces_an_older_one(tmp_path):
    bad = write_zip(tmp_path / "bad.zip", parts(whole(messages=[message(role="tool"), answer()])))
    good, path = whole_zip(tmp_path), tmp_path / "report.jsonl"
    for backup, code, lines in ((bad, 1, 1), (bad, 1, 1), (good, 0, 0), (good, 0, 0)):
        ran = run("instant_import", backup, "--report", path)
        assert (ran.code, len(path.read_bytes().splitlines())) == (code, lines), ran


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_stops_the_import(tmp_path):
    path = write_zip(
        tmp_path / "backup.zip", parts(whole(messages=[message(role="tool"), answer()]))
    )
    ran = run("instant_import", path, "--report", "/dev/full")
    assert ran.code == 2
    assert "No space left on device" in ran.error
    assert "run the same command again" in ran.error
    assert run("instant_import", path).code == 1
    assert Message.objects.count() == 1
