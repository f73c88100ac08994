"""Staff see what goes on and what was, and operators may ask for quiet."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from eduhu.db import now
from monitoring.alerts.models import Alert, Delivery, Silence
from tests.admin import page, staff_client

pytestmark = pytest.mark.django_db

VIEW = ("alerts.view_alert", "alerts.view_silence")


@pytest.fixture
def alerts():
    going = Alert.objects.create(rule="disk", detail="3.0 %", told_at=now())
    Delivery.objects.create(alert=going, kind="begun", channel="mail", sent_at=now())
    over = Alert.objects.create(rule="slow-query", subject="chats.row", resolved_at=now())
    Alert.objects.create(rule="of-an-earlier-release", detail="?")
    return going, over


def test_lists_show_what_goes_on_first(alerts, django_assert_max_num_queries):
    client = staff_client()
    with django_assert_max_num_queries(10):
        text = client.get(page(Alert)).content.decode()
    assert "Der Datenträger ist fast voll" in text
    assert "of-an-earlier-release" in text
    only = client.get(page(Alert, state="open")).content.decode()
    assert "chats.row" not in only
    only = client.get(page(Alert, rule="slow-query")).content.decode()
    assert "chats.row" in only


def test_an_alert_shows_who_was_told_and_what_to_do(alerts, settings):
    settings.RUNBOOK_URL = "https://wiki.example/operations"
    text = staff_client().get(page(Alert, "change", alerts[0])).content.decode()
    assert 'href="https://wiki.example/operations#disk"' in text
    assert "mail" in text


def silence(client, *chosen):
    data = {"action": "silence_hour", "_selected_action": [alert.pk for alert in chosen]}
    return client.post(page(Alert), data, follow=True)


def test_an_operator_silences_what_is_chosen(alerts):
    client = staff_client(*VIEW, "alerts.silence_alert", is_superuser=False)
    silence(client, *alerts)
    silences = {(each.rule, each.subject, each.by) for each in Silence.objects.all()}
    assert silences == {("disk", "", client.teacher), ("slow-query", "chats.row", client.teacher)}
    assert LogEntry.objects.filter(user=client.teacher).count() == 2


def test_others_only_look(alerts):
    client = staff_client(*VIEW, is_superuser=False)
    assert client.get(page(Alert)).status_code == 200
    silence(client, *alerts)
    assert client.get(reverse("admin:alerts_silence_add")).status_code == 403
    assert not Silence.objects.exists()


def test_a_silence_is_made_with_a_reason_and_lifted():
    client = staff_client()
    add = reverse("admin:alerts_silence_add")
    assert client.get(add).status_code == 200
    data = {"rule": "celery", "subject": "", "seconds": "28800", "reason": "Umzug"}
    assert client.post(add, {**data, "reason": ""}).status_code == 200
    assert client.post(add, data).status_code == 302
    made = Silence.objects.get()
    assert (made.rule, made.reason, made.by) == ("celery", "Umzug", client.teacher)
    assert 28_700 < (made.until - now()).total_seconds() <= 28_800
    assert client.get(page(Silence, "change", made)).status_code == 200
    client.post(page(Silence), {"action": "lift", "_selected_action": [made.pk]})
    made.refresh_from_db()
    assert made.until <= now()
    assert LogEntry.objects.filter(user=client.teacher).count() == 2
