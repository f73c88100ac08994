"""What somebody tried, and must not work again."""

import pytest
from django.test import Client

from chats.models import Chat, Reply
from chats.replies import store
from tests.client import ApiClient
from tests.factories import PASSWORD, make_chat, make_teacher

pytestmark = pytest.mark.django_db


def queued(teacher):
    from chats.actions import Question, send_message

    return send_message(teacher=teacher, question=Question("Hallo"))


def test_the_reserved_id_of_an_answer_is_no_id_for_a_question(teacher):
    from chats.actions import Question, send_message
    from eduhu.errors import IdTaken

    reply = queued(teacher)
    with pytest.raises(IdTaken):
        send_message(teacher=teacher, question=Question("Boom", message_id=reply.message_id))


def test_one_reply_that_cannot_be_ended_does_not_hold_up_the_others(teacher, stranger, monkeypatch):
    for each in (queued(teacher), queued(stranger)):
        Reply.objects.filter(pk=each.pk).update(state="streaming", lease_until=each.created_at)
    poison = Reply.objects.get(teacher=teacher)
    build = store._job

    def fails_for_one(reply):
        if reply.pk == poison.pk:
            raise RuntimeError("poison")
        return build(reply)

    monkeypatch.setattr(store, "_job", fails_for_one)
    endings = store.reap("somebody")
    assert [ending.state for ending in endings] == ["interrupted"]


def test_stopping_an_ended_reply_leaves_it_as_it_is(teacher, api):
    reply = queued(teacher)
    Reply.objects.filter(pk=reply.pk).update(state="complete")
    assert api.send("POST", f"/api/replies/{reply.pk}/cancel").status_code == 202
    assert not Reply.objects.get(pk=reply.pk).cancel_requested


def test_a_question_may_begin_with_much_white_space(teacher):
    from chats.actions import Question, send_message

    send_message(teacher=teacher, question=Question("\n" * 900 + "Hallo"))
    assert Chat.objects.get(teacher=teacher).title == "Hallo"


@pytest.mark.parametrize("value", [True, 0, 7, 1.5])
def test_a_number_is_no_id(api, value):
    assert api.send("POST", "/api/chats", {"id": value}).status_code == 400


def test_deep_nesting_is_refused_also_with_a_key(api):
    body = b'{"title": ' + b"[" * 900 + b"]" * 900 + b"}"
    answer = api.send("POST", "/api/chats", body, headers={"Idempotency-Key": "deep"})
    assert answer.status_code == 400


def test_staff_passwords_cannot_be_guessed_for_ever():
    make_teacher(email="chief@eduhu.example", is_staff=True)
    client = Client()

    def sign_in(password):
        return client.post(
            "/admin/login/", {"username": "chief@eduhu.example", "password": password}
        )

    assert [sign_in("wrong").status_code for _ in range(10)] == [200] * 10
    refused = sign_in(PASSWORD)
    assert refused.status_code == 200
    assert "Zu viele Anfragen" in refused.content.decode()


def test_staff_sign_in_with_the_right_password():
    make_teacher(email="chief@eduhu.example", is_staff=True)
    client = Client()
    data = {"username": "Chief@eduhu.example", "password": PASSWORD}
    assert client.post("/admin/login/", data).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_error_reports_hold_nothing_that_teachers_write(settings):
    import sentry_sdk

    from eduhu.telemetry import start_sentry

    events = []
    settings.SENTRY_DSN = "http://key@127.0.0.1:9/1"
    start_sentry()
    sentry_sdk.get_client().options["before_send"] = lambda event, hint: events.append(event)
    try:
        teacher = make_teacher()
        make_chat(teacher)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("chats.actions.create_chat", _explode)
            answer = ApiClient(teacher).send("POST", "/api/chats", {"title": "GEHEIM-TITEL"})
        assert answer.status_code == 500
        assert events
        assert "GEHEIM-TITEL" not in str(events)
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.init()


def _explode(**_kwargs):
    raise RuntimeError("broken")
