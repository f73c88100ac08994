"""An alert is told once, taken back once, and kept."""

import datetime as dt

import pytest
from django.db import OperationalError

from eduhu.db import now
from monitoring.alerts import actions, evaluate
from monitoring.alerts.models import Alert, Delivery, Silence, Watchkeeping
from monitoring.alerts.tasks import forget_old

pytestmark = pytest.mark.django_db


@pytest.mark.claim(17)
def test_it_is_told_once_however_long_it_lasts(rounds, failing, told):
    failing.signs = {"chats": "612 ms"}
    assert rounds() == {(failing.rule, "chats")}
    first = told()
    assert [body["type"] for body in first.bodies] == ["alert.begun"]
    assert first.subjects == [
        "[eduhu development] Alarm: Eine Abfrage der Datenbank dauert lange: chats"
    ]
    rounds(20)
    assert (told().subjects, told().bodies) == ([], [])


@pytest.mark.claim(17)
def test_it_is_taken_back_once_when_it_is_over(rounds, failing, told):
    failing.signs = {"": "612 ms"}
    rounds()
    told()
    failing.signs = {}
    assert rounds(2) == {(failing.rule, "")}  # what flickers is not over
    assert rounds(2) == set()
    after = told()
    assert [body["type"] for body in after.bodies] == ["alert.resolved"]
    assert "vorbei" in after.subjects[0]
    rounds(5)
    assert told().bodies == []
    alert = Alert.objects.get()
    assert alert.resolved_at > alert.begun_at


def test_what_flickers_is_one_alert(rounds, failing, told):
    for number in range(12):
        failing.signs = {"": "9 %"} if number % 2 else {}
        rounds()
    assert [body["type"] for body in told().bodies] == ["alert.begun"]


def test_when_it_comes_back_it_is_another_alert(rounds, failing, told):
    for _ in range(2):
        failing.signs = {"": "9 %"}
        rounds()
        failing.signs = {}
        rounds(4)
    assert [body["type"] for body in told().bodies] == ["alert.begun", "alert.resolved"] * 2
    assert Alert.objects.count() == 2


def test_what_is_measured_is_kept_up_to_date(rounds, failing):
    for detail in ("6 %", "40 %"):
        failing.signs = {"": detail}
        rounds()
    assert Alert.objects.get().detail == "40 %"


def test_a_storm_is_bounded(rounds, failing, told):
    failing.signs = {f"query {number}": "612 ms" for number in range(40)}
    rounds()
    rounds()
    assert len(told().bodies) == evaluate.MAX_OPEN


class TestSilence:
    def test_nobody_is_told_while_it_lasts(self, rounds, failing, told, teacher):
        actions.silence(rule=failing.rule, subject="", seconds=100, reason="move", by=teacher)
        failing.signs = {"chats": "612 ms"}
        rounds(5)
        assert Alert.objects.get().told_at is None
        assert told().bodies == []

    def test_what_goes_on_is_told_when_it_ends(self, rounds, failing, told, teacher):
        actions.silence(rule=failing.rule, subject="", seconds=35, reason="move", by=teacher)
        failing.signs = {"": "612 ms"}
        rounds(3)
        assert told().bodies == []
        rounds()
        assert [body["type"] for body in told().bodies] == ["alert.begun"]

    def test_what_was_over_meanwhile_is_never_told(self, rounds, failing, told, teacher):
        actions.silence(rule=failing.rule, subject="", seconds=300, reason="move", by=teacher)
        failing.signs = {"": "612 ms"}
        rounds()
        failing.signs = {}
        rounds(40)
        assert told().bodies == []
        assert Alert.objects.get().resolved_at is not None

    def test_the_end_of_what_was_told_is_told(self, rounds, failing, told, teacher):
        failing.signs = {"": "612 ms"}
        rounds()
        actions.silence(rule=failing.rule, subject="", seconds=300, reason="move", by=teacher)
        failing.signs = {}
        rounds(4)
        assert [body["type"] for body in told().bodies] == ["alert.begun", "alert.resolved"]

    def test_it_is_about_one_subject_or_all(self, rounds, failing, told, teacher):
        actions.silence(rule=failing.rule, subject="a", seconds=300, reason="move", by=teacher)
        actions.silence(rule="disk", subject="", seconds=300, reason="move", by=teacher)
        failing.signs = {"a": "612 ms", "b": "612 ms"}
        rounds()
        assert [body["subject"] for body in told().bodies] == ["b"]

    def test_it_can_be_lifted(self, rounds, failing, told, teacher):
        silence = actions.silence(
            rule=failing.rule, subject="", seconds=300, reason="move", by=teacher
        )
        failing.signs = {"": "612 ms"}
        rounds()
        assert actions.lift(silence=silence)
        assert not actions.lift(silence=silence)
        rounds()
        assert len(told().bodies) == 1


class TestSeveralProcesses:
    def test_of_those_that_look_at_once_one_judges(self, rounds, clock):
        clock.shift(10)
        assert [evaluate.evaluate() for _ in range(3)] == [True, False, False]
        clock.shift(10)
        assert evaluate.evaluate()

    def test_another_one_judges_when_that_one_is_dead(self, rounds, clock):
        clock.shift(10)
        assert evaluate._take_turn()  # and dies
        clock.shift(10)
        assert evaluate.evaluate()

    def test_a_clock_that_was_set_back_stops_nobody(self, rounds):
        Watchkeeping.objects.update(evaluated_at=now() + dt.timedelta(hours=1))
        assert evaluate.evaluate()

    def test_two_that_judge_at_once_tell_once(self, rounds, failing, told, monkeypatch):
        monkeypatch.setattr(evaluate, "_take_turn", lambda: True)
        failing.signs = {"": "612 ms"}
        stale = list(Alert.objects.open())
        evaluate.evaluate()
        assert stale == []
        evaluate.evaluate()
        evaluate._tell()
        assert len(told().bodies) == 1

    def test_an_end_is_noted_once(self, rounds, failing, told):
        failing.signs = {"": "612 ms"}
        rounds()
        alert = Alert.objects.get()
        for _ in range(2):
            evaluate._resolve(alert)
        assert [body["type"] for body in told().bodies] == ["alert.begun", "alert.resolved"]


def test_a_probe_that_fails_keeps_no_other_from_being_heard(rounds, failing, monkeypatch, caplog):
    rule = evaluate.RULES[0]
    broken = type(rule)("broken", "broken", lambda _readings: {"": str(1 // 0)})
    monkeypatch.setattr(evaluate, "RULES", (broken, *evaluate.RULES))
    failing.signs = {"": "612 ms"}
    assert rounds() == {(failing.rule, "")}
    assert "the rule broken cannot be judged" in caplog.text


def test_a_database_that_fails_ends_the_round(rounds, failing, monkeypatch):
    rule = evaluate.RULES[0]

    def fail(_readings):
        raise OperationalError("gone")

    monkeypatch.setattr(evaluate, "RULES", (type(rule)("broken", "broken", fail),))
    with pytest.raises(OperationalError):
        rounds()


def test_old_alerts_are_forgotten(rounds, failing, clock, teacher):
    actions.silence(rule="disk", subject="", seconds=10, reason="move", by=teacher)
    failing.signs = {"": "612 ms"}
    rounds()
    failing.signs = {}
    rounds(4)
    failing.signs = {"": "612 ms"}
    rounds()
    clock.shift(179 * 86400)
    forget_old()
    assert (Alert.objects.count(), Silence.objects.count()) == (2, 1)
    clock.shift(2 * 86400)
    for _ in range(2):
        forget_old()
    assert Alert.objects.get().resolved_at is None
    assert not Silence.objects.exists()


def test_without_channels_alerts_are_kept_all_the_same(rounds, failing):
    failing.signs = {"": "612 ms"}
    assert rounds() == {(failing.rule, "")}
    assert not Delivery.objects.exists()
