"""Alerts with a clock that stands still, and real servers to tell."""

from types import SimpleNamespace

import pytest
import time_machine

from eduhu import outcomes, resilience
from eduhu.named_queries import forget_timings
from monitoring.alerts import channels, evaluate, sample
from monitoring.alerts.deliver import deliver_due
from monitoring.alerts.models import Alert
from monitoring.alerts.sample import Sampler, resident_bytes
from monitoring.health.tasks import heartbeat
from tests.fakes.http_sink import HttpSink
from tests.fakes.smtp_server import SmtpServer

MB = 1024 * 1024
SECRET = "a-secret-of-the-tests-that-is-long-enough"


@pytest.fixture
def clock():
    """The time of this process; `shift(seconds)` moves it."""
    with time_machine.travel(1_790_000_000.0, tick=False) as clock:
        yield clock


@pytest.fixture(autouse=True)
def nothing_measured_yet():
    """No test judges what another did."""
    outcomes.forget()
    forget_timings()
    channels._breaker.cache_clear()
    for name in set(resilience._breakers) - {"cache"}:
        resilience._breakers.pop(name, None)


@pytest.fixture(autouse=True)
def small_process(monkeypatch):
    """Count what this process takes from 100 MB on: with all tests in it, it is larger than any."""
    before = resident_bytes()
    monkeypatch.setattr(sample, "resident_bytes", lambda: resident_bytes() - before + 100 * MB)


class Rounds:
    """Lets rounds pass as the watch makes them, ten seconds each; tells what is open then."""

    def __init__(self, clock):
        self.clock = clock
        self.celery_lives = True
        self._sampler = Sampler("test")

    def __call__(self, count=1):
        for _ in range(count):
            for _second in range(10):
                self.clock.shift(1)
                self._sampler.look()
            if self.celery_lives:
                heartbeat()
            evaluate.report(self._sampler.name, self._sampler.sample())
            assert evaluate.evaluate()
        return {(alert.rule, alert.subject) for alert in Alert.objects.open()}


@pytest.fixture
def rounds(db, clock):
    """Rounds that pass when called."""
    rounds = Rounds(clock)
    rounds()
    return rounds


@pytest.fixture
def mails(settings):
    """A mail server, to which alerts go."""
    with SmtpServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 2
        settings.ALERT_EMAILS = ["ops@eduhu.example"]
        yield server


@pytest.fixture
def sink(settings):
    """A web server, to which alerts go."""
    with HttpSink() as server:
        settings.ALERT_WEBHOOK_URLS = [f"{server.url}/hook?team=ops"]
        settings.ALERT_WEBHOOK_SECRET = SECRET
        settings.ALERT_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
        yield server


@pytest.fixture
def told(mails, sink):
    """What mails and webhooks have said since it was last asked."""

    def take():
        deliver_due()
        subjects = [str(mail["Subject"]) for mail in mails.received]
        bodies = [each.json for each in sink.received]
        mails.received.clear()
        sink.received.clear()
        return SimpleNamespace(subjects=subjects, bodies=bodies)

    return take


@pytest.fixture
def failing(rounds, monkeypatch):
    """A state that is wrong while `failing.signs` says so, and nothing else is judged."""
    state = SimpleNamespace(signs={})
    rule = evaluate.RULES[0]
    patched = type(rule)(rule.name, rule.title, lambda _readings: state.signs)
    monkeypatch.setattr(evaluate, "RULES", (patched,))
    state.rule = rule.name
    return state
