"""When the AI service fails: what the teacher reads, and that nothing is lost."""

import uuid

import pytest
from django.db import OperationalError
from knox.models import AuthToken

from chats import actions
from chats.models import Chat, Message, Reply
from eduhu.threads import in_thread
from tests.asgi import ask, reply_engine
from tests.factories import make_teacher
from tests.fakes.ai_script import Script

# Fault, code, the tokens that arrive before it, German text, English text.
FAULTS = [
    ("status_500", "provider_unavailable", 0, "vorübergehend nicht verfügbar", "unavailable"),
    ("status_503", "provider_unavailable", 0, "vorübergehend nicht verfügbar", "unavailable"),
    ("status_429", "provider_rate_limited", 0, "überlastet", "overloaded"),
    ("status_400", "provider_refused", 0, "nicht angenommen", "not accept"),
    ("status_401", "provider_refused", 0, "nicht angenommen", "not accept"),
    ("not_json_html", "provider_unavailable", 0, "vorübergehend nicht verfügbar", "unavailable"),
    ("hang_before_first_byte", "provider_timeout", 0, "zu lange gebraucht", "too long"),
    ("hang_after_headers", "provider_timeout", 0, "zu lange gebraucht", "too long"),
    ("hang_mid_stream", "provider_timeout", 3, "zu lange gebraucht", "too long"),
    ("cut_after_n_tokens", "provider_unavailable", 3, "nicht verfügbar", "unavailable"),
    ("reset_after_n_tokens", "provider_unavailable", 3, "nicht verfügbar", "unavailable"),
    ("bad_json", "provider_unavailable", 3, "nicht verfügbar", "unavailable"),
    ("error_event", "provider_unavailable", 3, "nicht verfügbar", "unavailable"),
]


@pytest.mark.claim(80)
@pytest.mark.parametrize(("fault", "code", "tokens", "german", "english"), FAULTS)
async def test_a_fault_of_the_provider_ends_in_a_clear_error_and_loses_nothing(
    ai, device, sign_in, fault, code, tokens, german, english
):
    script = Script(fault=fault, delay=0.01)
    ai.script = script
    stream = await (await device.ask("Meine lange Frage")).read()
    kept = "".join(script.said_pieces()[:tokens])
    assert stream.ending.data["type"] == "error"
    assert stream.ending.data["code"] == code
    assert german in stream.ending.data["error"]
    assert stream.text == kept
    assert stream.ending.id == len(kept)
    expected = [("user", "Meine lange Frage"), *([("assistant", kept)] if kept else [])]
    chat_id = stream.meta["chat_id"]
    assert await device.said(chat_id) == expected

    colleague = await sign_in(device.token, **{"Accept-Language": "en-GB"})
    again = await (await colleague.follow(stream.meta["reply_id"], len(kept))).read()
    assert again.ending.data["code"] == code
    assert english in again.ending.data["error"]

    ai.script = Script.saying("Jetzt geht es.")
    second = await (await device.ask({"chat_id": chat_id, "content": "Noch einmal"})).read()
    assert second.ending.data["finish_reason"] == "stop"
    assert len(await device.messages(chat_id)) == len(expected) + 2


@pytest.mark.parametrize("fault", ["status_500", "error_event", "not_json_html"])
async def test_nothing_the_provider_said_about_its_fault_reaches_the_teacher(ai, device, fault):
    ai.script = Script(fault=fault, said="secret-canary /srv/models sk-canary")
    stream = await (await device.ask("Hallo")).read()
    seen = str([event.data for event in stream.events])
    for word in ("canary", "/srv", "Error", "aiohttp", "Traceback"):
        assert word not in seen


@pytest.mark.parametrize(
    ("fault", "text"), [("nul", "vor\ufffdnach"), ("surrogate_split", "Gut 😀 gemacht\ufffd")]
)
async def test_characters_that_cannot_be_stored_are_replaced(ai, device, fault, text):
    ai.script = Script(fault=fault, delay=0.01)
    stream = await (await device.ask("Hallo")).read()
    assert stream.ending.data["finish_reason"] == "stop"
    assert stream.text == text
    _question, answer = await device.messages(stream.meta["chat_id"])
    assert answer["content"] == text


@pytest.mark.claim(80)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("language", "text"), [("de", "ausgelastet"), ("en", "busy")])
async def test_a_database_that_goes_away_leaves_nothing_half_stored(monkeypatch, language, text):
    _auth, token = await in_thread(AuthToken.objects.create)(await in_thread(make_teacher)())
    question = {"content": "Meine lange Frage", "message_id": str(uuid.uuid4())}
    asking = {"token": token, "headers": {"accept-language": language}}

    insert = actions.insert

    def gone(row):
        if isinstance(row, Reply):
            raise OperationalError("server closed the connection unexpectedly")
        insert(row)

    with monkeypatch.context() as broken:
        broken.setattr(actions, "insert", gone)
        refused = await ask("POST", "/api/chat", question, **asking)
    assert (refused.status, refused.json()["code"]) == (503, "unavailable"), refused.body
    assert text in refused.json()["error"]
    assert int(refused.headers["retry-after"]) >= 1
    assert not await in_thread(Chat.objects.exists)()

    async with reply_engine():
        again = await ask("POST", "/api/chat", question, **asking)
    assert again.frames()[-1]["finish_reason"] == "stop"
    assert await in_thread(Message.objects.count)() == 2
