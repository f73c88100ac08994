"""E-mails to teachers: sent once, in their language, and not at all when switched off."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from artifacts.library.tasks import note_weekly_summaries
from artifacts.library.weekly import note_summaries
from chats.models import Message
from eduhu.db import now
from teachers.mail import actions
from teachers.mail.models import Mailing
from teachers.mail.tasks import forget_old_mails, send_mails
from tests.factories import make_chat
from tests.fakes.smtp_server import SmtpServer

pytestmark = [pytest.mark.django_db, pytest.mark.claim(48)]
FACTS = {"name": "Optik & Brüche", "days": 7}


@pytest.fixture
def smtp(settings):
    with SmtpServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 2
        settings.PUBLIC_URL = "https://eduhu.example"
        actions._breaker.cache_clear()
        yield server
        actions._breaker.cache_clear()


def note(teacher, key="1"):
    return actions.note_mail(teacher=teacher, kind="export_ready", key=key, facts=FACTS)


def switch(api, **switches):
    answer = api.send("PATCH", "/api/preferences", {"notification_settings": switches})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("language", "subject", "word"),
    [
        ("de", "Ihr Export ist fertig: Optik & Brüche", "Guten Tag"),
        ("en", "Your export is ready: Optik & Brüche", "Hello"),
    ],
)
def test_an_e_mail_is_sent_once_in_the_teachers_language(teacher, smtp, language, subject, word):
    teacher.language = language
    teacher.save()
    assert [note(teacher), note(teacher)] == [True, False]
    for _ in range(2):
        send_mails()
    [mail] = smtp.received
    assert (mail["To"], mail["Subject"]) == (teacher.email, subject)
    assert mail.get_content().startswith(word)
    assert Mailing.objects.get().outcome == "sent"


def test_a_switched_off_e_mail_is_not_sent_even_if_it_was_noted_before(api, teacher, smtp):
    switch(api, export_ready=False)
    assert not note(teacher)
    switch(api, export_ready=True)
    assert note(teacher)
    switch(api, export_ready=False)
    send_mails()
    assert (smtp.received, Mailing.objects.get().outcome) == ([], "unwanted")


def test_without_a_mail_server_nothing_is_noted(teacher, smtp, settings):
    settings.EMAIL_URL = ""
    assert not note(teacher)


def test_the_link_in_it_switches_off_that_kind_alone(api, teacher, smtp, client):
    switch(api, weekly_summary=True)
    note(teacher)
    send_mails()
    [mail] = smtp.received
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(r"<https://eduhu\.example(/.+)>", mail["List-Unsubscribe"].strip())[1]
    assert link in mail.get_content().replace("\n", "")
    wanted = {
        "export_ready": True,
        "weekly_summary": True,
        "insights": True,
        "recommendations": True,
    }
    assert client.get(link).status_code == 200  # programs look into links
    assert api.get("/api/preferences").json()["notification_settings"] == wanted
    for _ in range(2):
        assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    wanted["export_ready"] = False
    assert api.get("/api/preferences").json()["notification_settings"] == wanted
    assert client.post(link[:-3] + "xyz").status_code == 404


def test_a_server_that_does_not_take_it_is_asked_again_later_and_left_alone(teacher, smtp):
    smtp.refuses = True
    for number in range(4):
        note(teacher, key=str(number))
    send_mails()
    assert smtp.connections == 3  # then the breaker is open
    assert not smtp.received
    smtp.refuses = False
    send_mails()
    assert not smtp.received  # it is not due
    actions._breaker.cache_clear()
    Mailing.objects.update(due_at=now())
    send_mails()
    assert len(smtp.received) == 4


def test_it_is_given_up_after_a_day_and_forgotten_after_some_months(teacher, smtp):
    smtp.refuses = True
    note(teacher)
    Mailing.objects.update(created_at=now() - dt.timedelta(hours=25))
    send_mails()
    assert Mailing.objects.get().outcome == "given up"
    forget_old_mails()
    assert Mailing.objects.exists()
    Mailing.objects.update(ended_at=now() - dt.timedelta(days=91))
    forget_old_mails()
    assert not Mailing.objects.exists()


def test_one_that_cannot_be_made_keeps_no_other_waiting_and_is_given_up(teacher, smtp):
    note(teacher, key="bad")
    Mailing.objects.update(facts={})
    note(teacher, key="good")
    send_mails()
    assert Mailing.objects.get(key="good").outcome == "sent"
    bad = Mailing.objects.filter(key="bad")
    assert bad.get().attempts == 1
    bad.update(due_at=now(), created_at=now() - dt.timedelta(hours=25))
    send_mails()
    assert bad.get().outcome == "given up"


def test_the_weekly_summary_is_for_who_wants_it_once(api, teacher, stranger, smtp):
    monday = timezone.localdate() - dt.timedelta(days=timezone.localdate().weekday())
    last_week = timezone.make_aware(dt.datetime.combine(monday, dt.time())) - dt.timedelta(days=3)
    for each in (teacher, stranger):
        chat = make_chat(each, created_at=last_week)
        Message.objects.create(chat=chat, role="user", content="?", timestamp=last_week)
        Message.objects.create(chat=chat, role="user", content="?", timestamp=now())
    assert note_summaries() == 0  # it is off
    switch(api, weekly_summary=True)
    for _ in range(2):
        note_weekly_summaries()
        send_mails()
    [mail] = smtp.received
    assert mail["To"] == teacher.email
    assert "- 1 Chat begonnen\n- 1 Frage\n- 0 Materialien" in mail.get_content().replace("\r", "")


def test_who_did_nothing_hears_nothing(api, teacher, smtp):
    switch(api, weekly_summary=True)
    assert note_summaries() == 0


def test_an_account_takes_its_e_mails_with_it(teacher, smtp):
    note(teacher)
    teacher.delete()
    assert not Mailing.objects.exists()
