"""What differs between the two sides is found, told and repaired."""

import dataclasses
import datetime as dt
import io
import threading
import uuid

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from django.db import OperationalError, connection

from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.db import now
from eduhu.mirror import capture, reconcile
from eduhu.mirror.client import InstantClient, client_of_settings
from eduhu.mirror.drain import EmbeddedMirror
from eduhu.mirror.failures import Rejected, Unreachable
from eduhu.mirror.management.commands.mirror_reconcile import Command
from eduhu.mirror.models import OutboxEntry, ReconcileReport
from tests import sql
from tests.factories import make_chat, make_teacher
from tests.fakes.instant_server import APP_ID, TOKEN, Fault
from tests.mirror.sides import damage, foreign_rows, is_equal, mirror_by_hand, numbers

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)  # the drain is a thread, and sees no more


@pytest.fixture
def client(instant_app):
    with InstantClient(app_id=APP_ID, admin_token=TOKEN, api_uri=instant_app.url) as client:
        yield client


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    quick = dataclasses.replace(reconcile.PATIENCE, sleep=lambda _seconds: None)
    monkeypatch.setattr(reconcile, "PATIENCE", quick)
    monkeypatch.setattr(reconcile, "POLL_SECONDS", 0.01)


def run(*options):
    """Return the exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command("mirror_reconcile", *options, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def compared_in_full(client, **scope):
    report = ReconcileReport(**{"tables": list(capture.sources()), **scope})
    reconcile.compare(client, report, lambda _compared: None)
    return report


def test_equal_sides_are_equal(mirrored):
    code, text = run()
    assert (code, text) == (0, "123 rows compared: 0 missing, 0 extra, 0 foreign, 0 different\n")
    report = ReconcileReport.objects.get()
    assert report.finished_at is not None
    assert (report.compared, report.found, report.is_repair, report.reason) == (123, 0, False, "")
    assert sorted(report.tables) == ["artifacts", "chats", "messages", "teacher_preferences"]


def test_what_differs_is_told_and_left(mirrored):
    damage(mirrored)
    code, text = run()
    assert code == 1
    assert "20 missing, 0 extra, 10 foreign, 50 different" in text
    assert text.count("messages ") == 80
    assert "10 rows in InstantDB were not written by eduhu; --repair would delete them" in text
    assert not OutboxEntry.objects.exists()
    report = ReconcileReport.objects.get()
    assert (numbers(report), report.repaired) == ((20, 0, 10, 50), 0)
    assert len(report.sample) == 80


@committed
def test_eighty_of_eighty_are_repaired_in_one_run(mirrored):
    damage(mirrored)
    code, text = run("--repair")
    assert code == 0
    assert "10 rows in InstantDB were not written by eduhu and are deleted there now\n" in text
    assert "20 missing, 0 extra, 10 foreign, 50 different; 80 repaired" in text
    assert is_equal(mirrored)
    assert ReconcileReport.objects.get().repaired == 80
    assert run()[0] == 0


@committed
def test_foreign_rows_can_be_kept(mirrored):
    foreign = foreign_rows(mirrored, 3)
    Message.objects.all().delete()
    code, text = run("--repair", "--keep-foreign")
    assert code == 1
    assert "3 rows in InstantDB were not written by eduhu and stay there\n" in text
    assert set(mirrored.store.rows["messages"]) == foreign
    assert all(f"messages {row_id} foreign\n" in text for row_id in foreign)
    assert ReconcileReport.objects.get().sample


@committed
def test_what_is_imported_is_foreign_no_more(mirrored, teacher):
    """Not even to the run that had found it before, and is about to delete it."""
    [row_id] = foreign_rows(mirrored, 1)
    here = Message(id=row_id, chat=Chat.objects.get(), role="user", content="neu")

    def bring_here(rows):
        with capture.paused():
            here.save(force_insert=True)
        reconcile.send_again(rows)

    report = ReconcileReport(tables=["messages"])
    drain = EmbeddedMirror()
    drain.start()
    try:
        with client_of_settings() as client:
            assert reconcile.repair(client, report, lambda _compared: None, bring_here) == 0
    finally:
        drain.stop()
    assert mirrored.store.rows["messages"][row_id]["content"] == "neu"


@committed
def test_an_empty_mirror_is_filled_and_a_second_run_sends_nothing(mirrored, monkeypatch):
    monkeypatch.setattr(reconcile, "PIECE", 40)
    monkeypatch.setattr(reconcile, "MOST_WAITING", 10)
    mirrored.store.rows.clear()
    assert run("--repair")[0] == 0
    assert is_equal(mirrored)
    sent = len(mirrored.transactions)
    assert run("--repair")[0] == 0
    assert len(mirrored.transactions) == sent


def test_writes_by_raw_sql_are_found(mirrored):
    message = Message.objects.first()
    sql.update("messages", message.pk, {"content": "an der Erfassung vorbei"})
    chat = Chat(title="neu", teacher=make_teacher())
    sql.insert("chats", sql.row_of(chat))
    artifact = Artifact.objects.get()
    sql.execute("DELETE FROM artifacts WHERE id = %s", [artifact.pk])
    code, text = run()
    assert code == 1
    assert f"messages {message.pk} different\n" in text
    assert f"chats {chat.pk} missing\n" in text
    assert f"artifacts {artifact.pk} extra\n" in text


def test_what_waits_in_the_outbox_is_on_its_way(mirrored, teacher):
    chat = make_chat(teacher)
    message = Message.objects.first()
    Message.objects.filter(pk=message.pk).delete()
    assert run()[0] == 0
    OutboxEntry.objects.all().delete()
    code, text = run()
    assert code == 1
    assert f"chats {chat.pk} missing" in text
    assert f"messages {message.pk} extra" in text


def test_what_is_parked_differs(mirrored, teacher):
    make_chat(teacher)
    OutboxEntry.objects.update(parked_at=now(), reason="zu groß")
    assert run()[0] == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_row_that_is_written_and_sent_between_two_looks_is_equal(
    mirrored, client, monkeypatch, times
):
    rows, titles = InstantClient.rows, iter(range(times))

    def write_and_send_meanwhile(self, table, ids):
        found = rows(self, table, ids)
        if table == "chats" and (title := next(titles, None)) is not None:
            Chat.objects.update(title=f"Titel {title}")
            mirror_by_hand(mirrored)
        return found

    monkeypatch.setattr(InstantClient, "rows", write_and_send_meanwhile)
    assert compared_in_full(client).found == 0
    assert Chat.objects.get().title == f"Titel {times - 1}"


def test_null_is_missing_and_ids_have_no_case(mirrored, client):
    message = Message.objects.first()
    Message.objects.filter(pk=message.pk).update(content=str(uuid.uuid4()).upper())
    mirror_by_hand(mirrored)
    del mirrored.store.rows["messages"][str(message.pk)]["token_count"]
    assert compared_in_full(client).found == 0


@pytest.mark.parametrize("revision", [7, None])
def test_rows_of_one_revision_are_all_found_once(mirrored, client, monkeypatch, revision):
    monkeypatch.setattr(reconcile, "PIECE", 4)
    monkeypatch.setattr(reconcile, "PAGE", 4)
    for row_id in foreign_rows(mirrored, 11):
        mirrored.store.rows["messages"][row_id]["mirror_rev"] = revision
    report = compared_in_full(client)
    assert numbers(report) == ((0, 11, 0, 0) if revision else (0, 0, 11, 0))
    assert len({each["row_id"] for each in report.sample}) == 11


def test_rows_that_leave_the_mirror_meanwhile_hide_no_others(mirrored, client, monkeypatch):
    monkeypatch.setattr(reconcile, "PIECE", 5)
    monkeypatch.setattr(reconcile, "PAGE", 5)
    foreign, revisions = foreign_rows(mirrored, 20), InstantClient.revisions
    ours = [row for row in mirrored.store.rows["messages"].values() if row["id"] not in foreign]
    for ours_before, row_id in zip(ours[::2], foreign, strict=False):
        mirrored.store.rows["messages"][row_id]["mirror_rev"] = ours_before["mirror_rev"] + 0.5

    def lose_a_row(self, table, where, **page):
        found = revisions(self, table, where, **page)
        if table == "messages" and found and str(found[-1][0]) not in foreign:
            Message.objects.filter(pk=found[-1][0]).delete()
            mirrored.store.transact([["delete", "messages", str(found[-1][0]), None]])
        return found

    monkeypatch.setattr(InstantClient, "revisions", lose_a_row)
    report = compared_in_full(client, tables=["messages"])
    assert {each["row_id"] for each in report.sample if each["kind"] == "extra"} == foreign


def test_only_some_tables(mirrored):
    Chat.objects.update(title="neu")
    Message.objects.update(content="neu")
    OutboxEntry.objects.all().delete()
    code, text = run("--table", "chats", "--table", "artifacts")
    assert (code, text.splitlines()[-2]) == (
        1, "2 rows compared: 0 missing, 0 extra, 0 foreign, 1 different",
    )  # fmt: skip


@pytest.mark.parametrize("since", ["2h", "iso"])
def test_only_what_was_written_lately(mirrored, since):
    """The messages are three days old."""
    Message.objects.update(content="neu")
    Chat.objects.update(title="neu")
    foreign_rows(mirrored, 3, timestamp=1)
    foreign_rows(mirrored, 2, timestamp=4102444800000)
    OutboxEntry.objects.all().delete()
    if since == "iso":
        since = (now() - dt.timedelta(hours=2)).isoformat()
    code, text = run("--since", since)
    assert code == 1
    assert "0 missing, 0 extra, 2 foreign, 1 different" in text


@pytest.mark.parametrize(
    "options",
    [["--table", "teachers"], ["--since", "gestern"], ["--since", "2999-01-01"],
     ["--since", "2026-13-01"], ["--since", "2h30"], ["--since", "999999d"]],
)  # fmt: skip
def test_wrong_arguments_are_refused(options, capsys):
    command = Command()
    command._called_from_command_line = True
    with pytest.raises(SystemExit) as stopped:
        command.create_parser("manage.py", "mirror_reconcile").parse_args(options)
    assert stopped.value.code == 2
    assert options[1] in capsys.readouterr().err


def test_to_keep_is_said_of_a_repair(mirrored):
    code, text = run("--keep-foreign")
    assert (code, text) == (2, "--keep-foreign goes with --repair.")


def test_it_says_that_the_mirror_is_off():
    code, text = run()
    assert code == 2
    assert "INSTANT_APP_ADMIN_TOKEN is not set" in text


def test_nobody_there(mirrored):
    mirrored.stop()
    code, text = run()
    assert code == 2
    assert "does not take part" in text
    report = ReconcileReport.objects.get()
    assert report.reason.startswith("NotConnected")
    assert report.finished_at is not None


@pytest.mark.parametrize("name", ["INSTANT_APP_ADMIN_TOKEN", "INSTANT_APP_ID"])
@pytest.mark.parametrize("value", ["33333333-3333-4333-8333-333333333333", "no uuid"])
def test_a_wrong_token_or_app(mirrored, settings, name, value):
    setattr(settings, name, value)
    code, text = run()
    assert code == 2
    assert any(why in text for why in ("record-not-found", "must be the UUID", "that no token has"))


@pytest.mark.parametrize("command", [["mirror_reconcile"], ["mirror_schema", "--check"]])
def test_from_a_shell_a_wrong_setting_is_no_difference(instant_app, settings, capsys, command):
    """Django checks the settings before it asks a command, and ends with 1."""
    settings.INSTANT_API_URI = "ftp://instant.example"
    with pytest.raises(SystemExit) as stopped:
        execute_from_command_line(["manage.py", *command])
    assert stopped.value.code == 2
    assert "eduhu.E008" in capsys.readouterr().err


def test_a_database_that_fails_is_no_difference(mirrored, monkeypatch):
    def fails(**_scope):
        raise OperationalError("no such table: mirror_reconcile_report\nLINE 1")

    monkeypatch.setattr(ReconcileReport.objects, "create", fails)
    assert run() == (2, "Stopped by the database: no such table: mirror_reconcile_report")


def test_an_app_without_our_schema(instant_app):
    code, text = run("--repair")
    assert code == 2
    assert "manage.py mirror_schema" in text


def test_a_short_failure_is_waited_for(mirrored, client, monkeypatch):
    def answer_again(_seconds):
        mirrored.fault = None

    patience = dataclasses.replace(reconcile.PATIENCE, sleep=answer_again)
    monkeypatch.setattr(reconcile, "PATIENCE", patience)
    for kind in ("status", "cut"):
        mirrored.fault = Fault(kind)
        assert numbers(compared_in_full(client)) == (0, 0, 0, 0)


def test_a_failure_in_the_middle_keeps_the_numbers(mirrored, client, monkeypatch):
    monkeypatch.setattr(reconcile, "PIECE", 10)
    damage(mirrored)

    def fail_then(compared):
        mirrored.fault = Fault("status") if compared >= 60 else None

    with pytest.raises(Unreachable), reconcile.reported(tables=["messages"]) as report:
        reconcile.compare(client, report, fail_then)
    report.refresh_from_db()
    assert (report.compared, report.reason[:11]) == (60, "Unreachable")
    assert report.found > 0


@committed
def test_a_row_that_is_refused_still_differs(mirrored, monkeypatch):
    poison, other, transact = Chat.objects.get(), make_chat(make_teacher()), InstantClient.transact

    def refuse_one(self, changes):
        if poison.pk in {each.row_id for each in changes}:
            raise Rejected("validation-failed")
        transact(self, changes)

    monkeypatch.setattr(InstantClient, "transact", refuse_one)
    mirrored.store.rows.clear()
    OutboxEntry.objects.all().delete()
    code, text = run("--repair", "--table", "chats")
    assert code == 1
    assert f"chats {poison.pk} missing\n" in text
    assert "2 missing, 0 extra, 0 foreign, 0 different; 1 repaired" in text
    assert set(mirrored.store.rows["chats"]) == {str(other.pk)}
    [entry] = OutboxEntry.objects.all()
    assert (entry.row_id, entry.reason) == (poison.pk, "validation-failed")


@committed
def test_an_app_that_takes_nothing_ends_the_repair(mirrored, monkeypatch):
    monkeypatch.setattr(reconcile, "STALL_SECONDS", 0.3)
    damage(mirrored)
    mirrored.status = "read-only"
    code, text = run("--repair")
    assert code == 2
    assert "none was sent" in text
    assert OutboxEntry.objects.count() == 80
    assert ReconcileReport.objects.get().foreign == 10


@committed
def test_beside_a_drain_that_leads_and_beside_itself(mirrored):
    damage(mirrored)
    drain, codes = EmbeddedMirror(), []

    def run_once():
        codes.append(run("--repair")[0])
        connection.close()  # a thread's own

    drain.start()
    try:
        threads = [threading.Thread(target=run_once) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(20)
    finally:
        drain.stop()
    assert codes == [0, 0]
    assert is_equal(mirrored)


def test_old_reports_go(monkeypatch):
    monkeypatch.setattr(ReconcileReport, "KEPT", 3)
    for _ in range(5):
        with reconcile.reported(tables=["chats"]) as newest:
            pass
    assert ReconcileReport.objects.count() == 3
    assert ReconcileReport.objects.filter(pk=newest.pk).exists()


def test_a_report_of_a_killed_run_has_no_end():
    with pytest.raises(KeyboardInterrupt), reconcile.reported(tables=["chats"]) as report:
        raise KeyboardInterrupt
    report.refresh_from_db()
    assert (report.finished_at, report.reason) == (None, "")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_how_far_it_is(mirrored):
    terminal = Terminal()
    call_command("mirror_reconcile", stdout=terminal, no_color=True)
    assert "\r[##############################] 123 of 123 rows" in terminal.getvalue()
