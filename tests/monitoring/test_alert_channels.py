"""People, programs and Sentry are told: signed, again if need be, and nowhere they should not."""

import hashlib
import hmac
import itertools
import socket
import time

import pytest
import sentry_sdk

from eduhu.db import now
from eduhu.errors import CircuitOpen
from eduhu.resilience import BreakerState, breakers
from monitoring.alerts import channels, webhook
from monitoring.alerts.channels import News, Undelivered
from monitoring.alerts.deliver import deliver_due
from monitoring.alerts.models import Alert, Delivery, Kind
from tests.fakes.http_sink import HttpSink
from tests.monitoring.conftest import SECRET

NEWS = News("7-begun", Kind.BEGUN, "disk", "", "3.0 %", now())


numbers = itertools.count()


def opened():
    subject = f"no {next(numbers)}"
    alert = Alert.objects.create(rule="disk", subject=subject, detail="3.0 %", told_at=now())
    for channel in channels.configured():
        Delivery.objects.create(alert=alert, kind=Kind.BEGUN, channel=channel.name)
    return alert


@pytest.mark.claim(17)
def test_a_mail_says_what_is_wrong_and_where_to_read(mails, settings):
    settings.RUNBOOK_URL = "https://wiki.example/operations"
    channels.Mail().send(NEWS)
    [mail] = mails.received
    assert mail["Subject"].strip() == "[eduhu development] Alarm: Der Datenträger ist fast voll"
    assert mail["To"] == "ops@eduhu.example"
    text = mail.get_content()
    assert "3.0 %" in text
    assert "https://wiki.example/operations#disk" in text


def test_what_is_measured_cannot_add_a_header(mails):
    channels.Mail().send(News("7-begun", Kind.BEGUN, "disk", "a", "3\nBcc: x@y.example", now()))
    assert mails.received[0]["Bcc"] is None
    with pytest.raises(ValueError, match="newline"):
        channels.Mail().send(News("7-begun", Kind.BEGUN, "disk", "a\nBcc: x@y.example", "", now()))


@pytest.mark.claim(17)
def test_a_webhook_is_signed_and_says_when(sink):
    channels.configured()[-1].send(NEWS)
    [got] = sink.received
    assert got.path == "/hook?team=ops"
    assert got.json["rule"] == "disk"
    assert got.json["type"] == "alert.begun"
    assert got.json["runbook"].endswith("#disk")
    assert got.json["resolved_at"] is None
    moment, signature = (
        part.partition("=")[2] for part in got.headers["eduhu-signature"].split(",")
    )
    assert abs(int(moment) - time.time()) < 60
    signed = f"{moment}.".encode() + got.body
    assert signature == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


def test_a_signature_holds_for_one_body_one_moment_and_one_secret(settings):
    settings.ALERT_WEBHOOK_SECRET = SECRET
    one = webhook.signature(b"{}", 1000)
    settings.ALERT_WEBHOOK_SECRET = "another" * 8
    other = webhook.signature(b"{}", 1000)
    digests = {each.partition("v1=")[2] for each in (one, other, webhook.signature(b"{}", 1001))}
    assert len(digests) == 3


def test_sentry_gets_an_event_grouped_by_rule():
    with HttpSink() as sink:
        sentry_sdk.init(sink.dsn, default_integrations=False, auto_enabling_integrations=False)
        try:
            channels.Sentry().send(NEWS)
            sentry_sdk.flush(5)
        finally:
            sentry_sdk.init()
    [event] = sink.events()
    assert event["fingerprint"] == ["alert", "disk", ""]
    assert event["level"] == "error"
    assert event["contexts"]["alert"]["runbook"].endswith("#disk")


REFUSED = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0177.0.0.1/", "http://0/", "http://0.0.0.0/", "http://localhost/", "http://[::1]/",
    "http://[::]/", "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/",
    "http://[fe80::1]/", "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a00:1]/", "http://[2002:7f00:1::]/", "http://[2002:a00:1::1]/",
    "http://[ff02::1]/", "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/",
    "http://192.0.2.1/", "http://198.51.100.7/", "http://203.0.113.9/", "http://198.18.0.1/",
    "http://[2001:db8::1]/", "http://user@93.184.216.34/", "http://user:pw@93.184.216.34/",
    "ftp://93.184.216.34/", "file:///etc/passwd", "gopher://93.184.216.34/", "http:///x",
    "http://93.184.216.34:99999/", "//93.184.216.34/", "127.0.0.1", "",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_no_private_address_is_sent_to(url, settings, monkeypatch):
    settings.ALERT_WEBHOOK_SECRET = SECRET

    def connect(*_args, **_kwargs):
        raise AssertionError(url)

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(webhook, "_pool", connect)
    with pytest.raises((webhook.Refused, webhook.Failed)):
        webhook.post(url, {})


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_are_sent_to(address):
    assert webhook.is_allowed(address)


def test_a_name_is_looked_up_once(sink, monkeypatch):
    """A second look may find another address."""
    answers = ["127.0.0.1", "10.0.0.1"]
    looked_up = []

    def look_up(host, port, *_args, **_kwargs):
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(looked_up) - 1], port))]

    real = socket.getaddrinfo

    def only_names(host, *args, **kwargs):
        is_name = host == "hooks.example"
        return look_up(host, *args, **kwargs) if is_name else real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", only_names)
    webhook.post(f"http://hooks.example:{sink.port}/hook", {})
    assert looked_up == ["hooks.example"]
    assert sink.received[0].headers["host"] == f"hooks.example:{sink.port}"
    with pytest.raises(webhook.Refused):
        webhook.post(f"http://hooks.example:{sink.port}/hook", {})


def test_a_name_with_one_private_address_is_refused(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("93.184.216.34", "10.0.0.1")]  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: both)
    with pytest.raises(webhook.Refused):
        webhook.post("http://hooks.example/", {})


def test_a_redirect_is_not_followed(sink):
    with HttpSink() as elsewhere:
        sink.status, sink.location = 307, f"{elsewhere.url}/other"
        with pytest.raises(webhook.Failed, match="HTTP 307"):
            webhook.post(f"{sink.url}/hook", {})
        assert elsewhere.received == []


def test_the_name_of_a_webhook_tells_no_secret(settings):
    settings.ALERT_WEBHOOK_URLS = ["https://hooks.example/services/s3cret?token=s3cret"]
    [channel] = channels.configured()
    assert channel.name.startswith("webhook:hooks.example:")
    assert "s3cret" not in channel.name


@pytest.mark.django_db
class TestDeliveries:
    def test_what_was_sent_is_not_sent_again(self, mails, sink):
        opened()
        assert deliver_due() == 2
        assert deliver_due() == 0
        assert (len(mails.received), len(sink.received)) == (1, 1)

    def test_one_that_fails_is_sent_later_under_the_same_id(self, clock, sink):
        opened()
        sink.status = 503
        assert deliver_due() == 0
        clock.shift(4)
        assert deliver_due() == 0
        sink.status = 200
        clock.shift(2)
        assert deliver_due() == 1
        ids = [each.json["id"] for each in sink.received]
        assert len(ids) == 2
        assert len(set(ids)) == 1
        delivery = Delivery.objects.get()
        assert (delivery.attempts, delivery.reason) == (2, "")

    def test_mail_that_is_refused_does_not_keep_the_webhook_waiting(self, clock, mails, sink):
        mails.refuses = True
        opened()
        assert deliver_due() == 1
        assert len(sink.received) == 1
        assert Delivery.objects.get(channel="mail").reason == "SMTPSenderRefused"

    def test_a_mail_server_that_hangs_costs_a_bounded_time(self, mails, settings):
        settings.EMAIL_TIMEOUT = 0.2
        mails.is_hanging.set()
        with pytest.raises(Undelivered):
            channels.Mail().send(NEWS)

    @pytest.mark.claim(58)
    @pytest.mark.parametrize("way", ["mail", "webhook"])
    def test_a_breaker_leaves_a_dead_server_alone(self, clock, mails, sink, way):
        mails.refuses, sink.status = True, 500
        for _ in range(6):
            opened()
        deliver_due()
        tried = mails.connections if way == "mail" else len(sink.received)
        assert tried == channels.BREAKER_FAILURES
        named = {
            each.name: each.state for each in breakers() if each.name.startswith(f"alerts:{way}")
        }
        assert list(named.values()) == [BreakerState.OPEN]
        waiting = Delivery.objects.filter(channel__startswith=way)
        assert {each.attempts for each in waiting} == {0, 1}
        with pytest.raises(CircuitOpen):
            next(c for c in channels.configured() if c.name.startswith(way)).send(NEWS)

    def test_an_address_that_is_refused_is_given_up(self, sink, settings):
        settings.ALERT_WEBHOOK_NETWORKS = []
        opened()
        assert deliver_due() == 0
        delivery = Delivery.objects.get()
        assert delivery.given_up_at is not None
        assert delivery.reason == "a private address"
        assert sink.received == []

    def test_a_channel_that_was_taken_out_is_given_up(self, sink, settings):
        opened()
        settings.ALERT_WEBHOOK_URLS = []
        deliver_due()
        assert Delivery.objects.get().given_up_at is not None

    def test_after_a_day_nothing_is_tried_any_more(self, clock, sink):
        opened()
        sink.status = 500
        for _ in range(30):
            deliver_due()
            channels._breaker.cache_clear()
            clock.shift(3600)
        assert Delivery.objects.get().given_up_at is not None
        assert len(sink.received) <= 26

    def test_of_two_processes_one_sends(self, sink):
        opened()
        from monitoring.alerts import deliver

        assert deliver._taken() is not None
        assert deliver._taken() is None  # until the first one's time is over
