"""What staff see of the mirror, and what they can do about it."""

import datetime as dt
import time

import pytest
from auditlog.models import LogEntry as AuditEntry
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from artifacts.models import Artifact
from chats.models import Chat
from eduhu.db import now
from eduhu.mirror import actions
from eduhu.mirror.client import client_of_settings
from eduhu.mirror.drain import Drain
from eduhu.mirror.leader import make_leader
from eduhu.mirror.models import MirrorState, OutboxEntry, ReconcileReport
from eduhu.mirror.outbox import Pending, park
from teachers.models import TeacherPreferences
from tests.admin import page, queries_of, run_action, staff_client
from tests.factories import make_chat, make_messages
from tests.fakes.instant_server import Fault
from tests.mirror.sides import foreign_rows

pytestmark = pytest.mark.django_db
OVERVIEW = "/admin/mirror/mirrorstate/"
REASON = "validation-failed: title is too long"


@pytest.fixture
def staff(mirror_on):
    return staff_client()


@pytest.fixture
def watcher(mirror_on):
    """May see everything of the mirror, and change nothing."""
    seen = ("mirrorstate", "outboxentry", "reconcilereport")
    return staff_client(*(f"mirror.view_{name}" for name in seen), is_superuser=False)


def parked(chat):
    entry = OutboxEntry.objects.filter(row_id=chat.pk).latest("id")
    park(Pending("chats", chat.pk, (entry.pk,)), REASON)
    entry.refresh_from_db()
    return entry


def row_page(table, row_id):
    return reverse("admin:mirror_row", args=[table, row_id])


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def drained():
    """Send what waits, as a leader would."""
    with client_of_settings() as client:
        leader = make_leader()
        assert leader.acquire()
        drain = Drain(client, leader)
        while drain.run_pass().read:
            pass
        drain._lanes.close()
        leader.release()


def test_the_overview_tells_how_the_mirror_fares(teacher, watcher):
    make_chat(teacher)
    OutboxEntry.objects.update(created_at=now() - dt.timedelta(minutes=5))
    parked(make_chat(teacher))
    MirrorState.write(
        leader="web-1:17", seen_at=now(), sent_at=now(),
        sent_per_minute=[[int(time.time() // 60), 1234]], schema_ready_at=now(),
    )  # fmt: skip
    ReconcileReport.objects.create(finished_at=now(), tables=["chats"], compared=70, missing=3)
    text = watcher.get(OVERVIEW, headers={"Accept-Language": "en"}).text
    for fact in ("5\N{NO-BREAK SPACE}minutes", "1,234", "web-1:17", "70 compared, 3 differed"):
        assert fact in text, fact
    assert "Nobody sends" not in text
    assert page(OutboxEntry, state="parked") in text
    german = watcher.get(OVERVIEW, headers={"Accept-Language": "de"}).text
    for word in ("Rückstand", "Zurückgestellt", "1.234", "Schema und Rechte", "Gesendet von"):
        assert word in german, word


def test_the_overview_tells_that_nobody_sends_and_why(teacher, watcher):
    MirrorState.write(
        seen_at=now() - dt.timedelta(minutes=1), leader="web-1:17", is_closed=True,
        failure="Closed: app-read-only", failing_since=now(),
    )  # fmt: skip
    text = watcher.get(OVERVIEW, headers={"Accept-Language": "en"}).text
    assert "Nobody sends" in text
    assert "Closed: app-read-only" in text


def test_the_overview_says_that_the_mirror_is_off(db):
    text = staff_client().get(OVERVIEW, headers={"Accept-Language": "en"}).text
    assert "The mirror to InstantDB is off: INSTANT_APP_ADMIN_TOKEN is not set." in text
    assert "Lag" not in text


def test_a_person_pauses_and_resumes_and_the_history_has_it(staff):
    answer = staff.post(f"{OVERVIEW}pause/", {"reason": "<b>cut-over</b>"}, follow=True)
    state = MirrorState.load()
    assert (state.paused_by, state.pause_reason) == (staff.teacher, "<b>cut-over</b>")
    assert "&lt;b&gt;cut-over" in answer.text
    assert staff.teacher.email in answer.text
    staff.post(f"{OVERVIEW}resume/")
    assert MirrorState.load().paused_at is None
    history = staff.get(page(MirrorState, "history", state)).text
    assert "&lt;b&gt;cut-over" in history
    assert LogEntry.objects.count() == 2
    assert AuditEntry.objects.count() == 2


def test_who_pauses_says_why(staff):
    answer = staff.post(f"{OVERVIEW}pause/", {"reason": " "}, follow=True)
    assert MirrorState.load().paused_at is None
    assert said(answer) == ["Bitte nennen Sie einen Grund."]
    assert not LogEntry.objects.exists()


def test_pausing_what_is_paused_changes_nothing(staff, teacher):
    actions.pause(by=teacher, reason="first")
    staff.post(f"{OVERVIEW}pause/", {"reason": "second"})
    assert MirrorState.load().pause_reason == "first"
    assert not LogEntry.objects.exists()


def test_who_may_only_look_cannot_act(watcher, teacher, instant_app):
    entry = parked(make_chat(teacher))
    url = row_page("chats", entry.row_id)
    for path in (OVERVIEW, page(OutboxEntry), page(ReconcileReport), url):
        answer = watcher.get(path)
        assert answer.status_code == 200
        assert 'action="/admin/mirror/mirrorstate' not in answer.text
    posts = [f"{OVERVIEW}pause/", f"{OVERVIEW}resume/", url]
    for path in posts:
        answer = watcher.post(path, {"reason": "x", "compare": "1"})
        assert answer.status_code == 403, path
    for action in ("send_again", "compare"):
        run_action(watcher, action, entry)
    assert OutboxEntry.objects.count() == 1
    assert MirrorState.load().paused_at is None
    assert instant_app.log == []
    assert not LogEntry.objects.exists()


def test_who_may_see_nothing_sees_nothing(mirror_on, teacher):
    chat = make_chat(teacher)
    helper = staff_client("chats.view_chat", is_superuser=False)
    for path in (OVERVIEW, page(OutboxEntry), page(ReconcileReport), row_page("chats", chat.pk)):
        assert helper.get(path).status_code == 403, path
    assert OVERVIEW not in helper.get(reverse("admin:index")).text
    assert "/mirror/" not in helper.get(page(Chat, "change", chat)).text
    assert Client().get(OVERVIEW).status_code == 302


def test_nobody_acts_on_a_mirror_that_is_off(teacher, instant_app, settings):
    entry = parked(make_chat(teacher))
    settings.INSTANT_APP_ADMIN_TOKEN = ""
    staff = staff_client()
    for path in (f"{OVERVIEW}pause/", row_page("chats", entry.row_id)):
        assert staff.post(path, {"reason": "x", "compare": "1"}).status_code == 403
    run_action(staff, "compare", entry)
    assert instant_app.log == []
    assert OutboxEntry.objects.count() == 1


def test_rows_of_other_tables_have_no_page(staff, teacher):
    assert staff.post(row_page("teachers", teacher.pk), {"compare": "1"}).status_code == 404
    OutboxEntry.objects.create(table="gone", row_id=teacher.pk, operation="delete")
    assert staff.get(page(OutboxEntry)).status_code == 200


def test_buttons_need_a_post_with_a_token(staff):
    assert staff.get(f"{OVERVIEW}pause/").status_code == 403
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(staff.teacher)
    assert forger.post(f"{OVERVIEW}pause/", {"reason": "x"}).status_code == 403
    assert MirrorState.load().paused_at is None


def test_entries_are_found_by_table_state_row_and_reason(staff, teacher):
    chat = make_chat(teacher)
    refused = parked(chat)
    [message] = make_messages(make_chat(teacher), 1)

    def listed(**query):
        return {
            entry.row_id for entry in staff.get(page(OutboxEntry), query).context["cl"].result_list
        }

    assert listed(state="parked") == listed(q="too long") == listed(q=str(chat.pk)) == {chat.pk}
    assert listed(state="waiting", table="messages") == {message.pk}
    assert chat.pk not in listed(state="waiting")
    assert REASON in staff.get(page(OutboxEntry)).text
    assert REASON in staff.get(page(OutboxEntry, "change", refused)).text


def test_parked_rows_are_sent_again(staff, teacher, instant_app):
    chats = [make_chat(teacher), make_chat(teacher)]
    run_action(staff, "send_again", *map(parked, chats))
    entries = OutboxEntry.objects.all()
    assert [(each.parked_at, each.operation) for each in entries] == [(None, "insert")] * 2
    drained()
    assert set(instant_app.store.rows["chats"]) == {str(chat.pk) for chat in chats}
    assert not OutboxEntry.objects.exists()
    history = staff.get(page(Chat, "history", chats[0])).text
    assert "Noch einmal an InstantDB gesendet." in history


def test_a_row_is_sent_from_its_own_page(staff, teacher, instant_app):
    chat = make_chat(teacher)
    OutboxEntry.objects.all().delete()
    staff.post(row_page("chats", chat.pk), {"send": "1"})
    drained()
    assert set(instant_app.store.rows["chats"]) == {str(chat.pk)}


def test_what_is_no_mirrored_row_is_sent_again_as_it_was_and_never_compared(staff, instant_app):
    entry = OutboxEntry.objects.create(
        table="$users", row_id=staff.teacher.pk, operation="delete", parked_at=now()
    )
    run_action(staff, "compare", entry)
    assert instant_app.log == []
    run_action(staff, "send_again", entry)
    [again] = OutboxEntry.objects.all()
    assert (again.table, again.operation, again.parked_at) == ("$users", "delete", None)
    assert again.pk > entry.pk


def test_a_row_is_compared_and_sent_if_it_differs(staff, teacher, instant_app):
    equal, different, missing, gone = (make_chat(teacher) for _ in range(4))
    drained()
    rows, gone_id = instant_app.store.rows["chats"], gone.pk
    rows[str(different.pk)]["title"] = "anders"
    del rows[str(missing.pk)]
    OutboxEntry.objects.all().delete()
    Chat.objects.filter(pk=gone.pk).delete()
    OutboxEntry.objects.all().delete()
    expected = {
        equal.pk: "InstantDB holds it as we do.",
        different.pk: "InstantDB holds it otherwise; it is sent again.",
        missing.pk: "InstantDB does not hold it; it is sent again.",
        gone_id: "It is gone here, but InstantDB still holds it; it is deleted there.",
    }
    for row_id, text in expected.items():
        answer = staff.post(
            row_page("chats", row_id), {"compare": "1"}, follow=True,
            headers={"Accept-Language": "en"},
        )  # fmt: skip
        assert said(answer) == [text]
    waiting = set(OutboxEntry.objects.values_list("row_id", flat=True))
    assert waiting == {different.pk, missing.pk, gone_id}
    drained()
    rows = instant_app.store.rows["chats"]
    assert set(rows) == {str(each) for each in (equal.pk, different.pk, missing.pk)}
    assert rows[str(different.pk)]["title"] == "Brüche"
    assert LogEntry.objects.filter(object_id=str(different.pk)).count() == 1
    assert AuditEntry.objects.filter(object_pk=str(different.pk)).count() == 1


def test_a_row_that_we_did_not_write_stays_until_a_person_says_otherwise(staff, instant_app):
    row_id, other_id = foreign_rows(instant_app, 2)
    path = row_page("messages", row_id)
    answer = staff.post(path, {"compare": "1"}, follow=True)
    assert AuditEntry.objects.get().additional_data["rows"] == [["chats.message", str(row_id)]]
    assert "sie bleibt dort" in said(answer)[0]
    for each in (row_id, other_id):
        OutboxEntry.objects.create(table="messages", row_id=each, operation="update")
    answer = run_action(staff, "compare", *OutboxEntry.objects.all())
    assert said(answer) == ["2 × fremd. Fremde Zeilen bleiben."]
    OutboxEntry.objects.all().delete()
    drained()
    assert set(instant_app.store.rows["messages"]) == {row_id, other_id}
    staff.post(path, {"send": "1"})
    drained()
    assert set(instant_app.store.rows["messages"]) == {other_id}


def test_many_rows_are_compared_at_once(staff, teacher, instant_app):
    chats = [make_chat(teacher) for _ in range(3)]
    drained()
    instant_app.store.rows["chats"].pop(str(chats[0].pk))
    for chat in chats:
        chat.save()
    seen = len(instant_app.log)
    answer = run_action(staff, "compare", *OutboxEntry.objects.all())
    assert said(answer) == ["2 × gleich, 1 × fehlend. Was abweicht, wird noch einmal gesendet."]
    assert len(instant_app.log) == seen + 1


@pytest.mark.parametrize("trouble", ["away", "silent", "closed"])
def test_a_comparison_ends_soon_when_instantdb_does_not_answer(
    staff, teacher, instant_app, monkeypatch, trouble
):
    monkeypatch.setattr(actions, "PATIENCE_SECONDS", 0.2)
    chat = make_chat(teacher)
    OutboxEntry.objects.all().delete()
    if trouble == "away":
        instant_app.stop()
    elif trouble == "silent":
        instant_app.fault = Fault("slow", seconds=1.0)
    else:
        instant_app.status = "disabled"
    begun = time.monotonic()
    answer = staff.post(row_page("chats", chat.pk), {"compare": "1"}, follow=True)
    assert time.monotonic() - begun < 2
    [text] = said(answer)
    assert text.startswith("InstantDB lässt sich gerade nicht abfragen, es wurde nichts geändert:")
    assert not OutboxEntry.objects.exists()
    assert not LogEntry.objects.exists()


def test_pages_of_mirrored_rows_lead_to_the_mirror(staff, teacher):
    chat = make_chat(teacher)
    [message] = make_messages(chat, 1)
    artifact = Artifact.objects.create(
        chat=chat, teacher=teacher, title="Blatt", content="1/2", artifact_type="worksheet"
    )
    kept = TeacherPreferences.objects.create(teacher=teacher)
    for row in (chat, message, artifact, kept):
        link = f"{page(type(row), 'change', row).removesuffix('change/')}mirror"
        assert link in staff.get(page(type(row), "change", row)).text
        answer = staff.get(link, follow=True)
        assert answer.redirect_chain[-1][0] == row_page(row._meta.db_table, row.pk)
        assert str(row.pk) in answer.text
    of_teacher = page(type(teacher), "change", teacher).replace("change/", "mirror/")
    assert staff.get(of_teacher).status_code == 403  # teachers are not mirrored


def test_without_a_mirror_no_page_leads_to_it(db, teacher):
    chat = make_chat(teacher)
    assert (
        "/mirror" not in staff_client().get(page(Chat, "change", chat)).text.partition("<main")[2]
    )


def test_a_report_leads_to_the_rows_that_differed(watcher, teacher):
    sample = [{"table": "chats", "row_id": str(make_chat(teacher).pk), "kind": "missing"}]
    report = ReconcileReport.objects.create(
        finished_at=now(), tables=["chats", "messages"], compared=70, missing=1, sample=sample
    )
    assert "70" in watcher.get(page(ReconcileReport)).text
    text = watcher.get(page(ReconcileReport, "change", report)).text
    assert row_page("chats", sample[0]["row_id"]) in text


def test_the_first_page_shows_lag_depth_and_parked(watcher, teacher):
    parked(make_chat(teacher))
    cards = watcher.get(reverse("admin:index")).context["cards"]
    assert [card.value for card in cards] == ["0\N{NO-BREAK SPACE}s", "0", "1", "0"]
    for card in cards[:3]:
        assert watcher.get(card.url).status_code == 200


def test_the_first_page_shows_no_mirror_that_is_off(db):
    assert "cards" not in staff_client().get(reverse("admin:index")).context


@pytest.mark.parametrize("path", [OVERVIEW, page(OutboxEntry), page(ReconcileReport), "/admin/"])
def test_pages_take_as_many_queries_for_many_rows_as_for_few(staff, teacher, path):
    def make(count):
        for _number in range(count):
            parked(make_chat(teacher))
            make_messages(make_chat(teacher), 1)
            ReconcileReport.objects.create(tables=["chats"])

    make(2)
    staff.get(path)
    few = queries_of(staff, path)
    make(8)
    assert queries_of(staff, path) == few <= 12
