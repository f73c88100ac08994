"""Who is told: people by e-mail, programs by webhook, and Sentry."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from smtplib import SMTPException
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from eduhu.db import epoch_ms
from eduhu.resilience import Breaker
from monitoring.alerts import webhook
from monitoring.alerts.models import Alert, Kind
from monitoring.alerts.rules import BY_NAME

BREAKER_FAILURES, BREAKER_SECONDS = 3, 60.0


@dataclass(frozen=True, slots=True)
class News:
    """What is told; `id` is the same however often it is sent."""

    id: str
    kind: Kind
    rule: str
    subject: str
    detail: str
    begun_at: dt.datetime
    resolved_at: dt.datetime | None = None

    @classmethod
    def of(cls, alert: Alert, kind: Kind) -> "News":
        """Return what is told of an alert."""
        return cls(
            id=f"{alert.pk}-{kind}",
            kind=kind,
            rule=alert.rule,
            subject=alert.subject,
            detail=alert.detail,
            begun_at=alert.begun_at,
            resolved_at=alert.resolved_at if kind is Kind.RESOLVED else None,
        )

    @property
    def title(self) -> str:
        """The rule in words, in the language of this installation."""
        known = BY_NAME.get(self.rule)
        with translation.override(settings.LANGUAGE_CODE):
            title = str(known.title) if known else self.rule
            return f"{title}: {self.subject}" if self.subject else title

    @property
    def runbook(self) -> str:
        """Where cause and cure are described."""
        return f"{settings.RUNBOOK_URL}#{self.rule}"


class Channel(Protocol):
    """One way to tell; `name` is stored, and holds no secret."""

    @property
    def name(self) -> str:
        """What is stored."""

    def send(self, news: News) -> None:
        """Tell, or raise `Undelivered`, `CircuitOpen`, or `webhook.Refused` for good."""


class Undelivered(Exception):
    """It was not taken now, and may be later."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to all of `ALERT_EMAILS`."""

    name: str = "mail"

    def send(self, news: News) -> None:
        """Send it; raises Undelivered or CircuitOpen."""
        with _breaker("alerts:mail").guard():
            try:
                _mail(news).send()
            except (SMTPException, OSError) as error:
                raise Undelivered(type(error).__name__) from error


def _mail(news: News) -> EmailMessage:
    with translation.override(settings.LANGUAGE_CODE):
        state = _("over") if news.kind is Kind.RESOLVED else _("alert")
        lines = [
            news.title,
            "",
            f"{_('Measured')}: {news.detail}",
            f"{_('Begun')}: {localtime(news.begun_at):%Y-%m-%d %H:%M:%S %Z}",
        ]
        if news.resolved_at is not None:
            lines.append(f"{_('Over')}: {localtime(news.resolved_at):%Y-%m-%d %H:%M:%S %Z}")
        lines += [f"{_('What to do')}: {news.runbook}", ""]
    return EmailMessage(
        subject=f"[eduhu {settings.ENVIRONMENT}] {state}: {news.title}",
        body="\n".join(lines),
        to=settings.ALERT_EMAILS,
        # Mail programs put the beginning and the end of one alert together.
        headers={"References": f"<alert-{news.id.partition('-')[0]}@eduhu>"},
    )


@dataclass(frozen=True, slots=True)
class Webhook:
    """A signed POST to one of `ALERT_WEBHOOK_URLS`."""

    name: str
    url: str

    def send(self, news: News) -> None:
        """Send it; raises Undelivered, CircuitOpen, or Refused for an address that may not be."""
        with _breaker(f"alerts:{self.name}").guard():
            try:
                webhook.post(self.url, _body(news))
            except webhook.Failed as error:
                raise Undelivered(str(error)) from error


def _body(news: News) -> dict[str, object]:
    return {
        "id": news.id,
        "type": f"alert.{news.kind}",
        "environment": settings.ENVIRONMENT,
        "rule": news.rule,
        "subject": news.subject,
        "title": news.title,
        "detail": news.detail,
        "begun_at": epoch_ms(news.begun_at),
        "resolved_at": epoch_ms(news.resolved_at) if news.resolved_at else None,
        "runbook": news.runbook,
    }


@dataclass(frozen=True, slots=True)
class Sentry:
    """An event in Sentry, grouped by rule and subject."""

    name: str = "sentry"

    def send(self, news: News) -> None:
        """Hand it to Sentry's client, which sends in the background."""
        import sentry_sdk

        with sentry_sdk.new_scope() as scope:
            scope.fingerprint = ["alert", news.rule, news.subject]
            scope.set_tag("alert", news.rule)
            scope.set_context(
                "alert", {"measured": news.detail, "runbook": news.runbook, "id": news.id}
            )
            is_over = news.kind is Kind.RESOLVED
            sentry_sdk.capture_message(
                f"{news.title} ({news.kind})", level="info" if is_over else "error"
            )


def configured() -> list[Channel]:
    """Return all channels that the settings name."""
    found: list[Channel] = [Mail()] if settings.ALERT_EMAILS else []
    found += [Webhook(_name_of(url), url) for url in settings.ALERT_WEBHOOK_URLS]
    return [*found, Sentry()] if settings.SENTRY_DSN else found


def _name_of(url: str) -> str:
    # An address may hold a secret in its path: only its host is told, and a digest.
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"webhook:{(urlsplit(url).hostname or '')[:80]}:{digest}"


@lru_cache(maxsize=32)
def _breaker(name: str) -> Breaker:
    return Breaker(name, failures=(Undelivered,), threshold=BREAKER_FAILURES, pause=BREAKER_SECONDS)
