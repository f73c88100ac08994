"""`POST /api/chat`: what a client sees while the assistant answers."""

from itertools import pairwise
from statistics import median

import pytest

from tests.fakes.ai_script import Script
from tests.readers import Device

EMOJI = "Grüße 👩‍🏫 an die 5b: ½ + ¼ = ¾ 🎈🎈 \\n \u2028Ende\n"
BODIES = [
    {"messages": [{"role": "user", "content": "Was ist ein Bruch?"}]},
    {"content": "Was ist ein Bruch?"},
]


@pytest.mark.claim(76)
@pytest.mark.claim(78)
@pytest.mark.parametrize("body", BODIES, ids=["messages", "short"])
async def test_an_answer_is_meta_then_contents_then_done(ai, device, body):
    ai.script = Script.saying(EMOJI, delay=0.02)
    stream = await (await device.ask(body)).read()
    assert stream.status == 200
    assert stream.types == ["meta", "content", "done"]
    assert stream.text == EMOJI
    done = stream.ending
    assert done.id == done.data["offset"] == len(EMOJI)
    assert done.data["finish_reason"] == "stop"
    assert done.data["reply_id"] == stream.meta["reply_id"]
    assert done.data["message_id"] == stream.meta["message_id"]
    assert stream.events[0].id is None


@pytest.mark.claim(78)
async def test_headers_keep_caches_and_proxies_from_holding_frames_back(device):
    stream = await (await device.ask("Hallo", **{"Accept-Encoding": "gzip"})).read()
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert stream.headers["Cache-Control"] == "no-cache, no-transform, private"
    assert stream.headers["X-Accel-Buffering"] == "no"
    assert "Content-Encoding" not in stream.headers
    assert stream.headers["X-Request-ID"]


@pytest.mark.claim(78)
async def test_frames_arrive_one_by_one_while_the_model_still_writes(ai, device):
    # The reader has already refused any flush that is not exactly one frame.
    ai.script = Script(tokens=8, delay=0.1)
    stream = await (await device.ask("Hallo")).read()
    times = [event.at for event in stream.events if event.type == "content"]
    assert stream.ending.at - times[0] > 0.6
    assert median(later - earlier for earlier, later in pairwise(times)) > 0.07


async def test_tokens_faster_than_the_tick_share_frames(ai, device):
    ai.script = Script(tokens=400, delay=0.001)
    stream = await (await device.ask("Hallo")).read()
    assert stream.text == ai.script.text
    frames = sum(event.type == "content" for event in stream.events)
    assert 2 <= frames <= 60


@pytest.mark.claim(78)
async def test_heartbeats_fill_the_silence_of_a_provider(ai, device):
    ai.script = Script(tokens=2, first_delay=0.75)
    stream = await (await device.ask("Hallo")).read()
    before_text = stream.events[: [event.type for event in stream.events].index("content")]
    assert sum(event.type == "comment" for event in before_text) >= 2
    assert stream.text == ai.script.text


async def test_an_answer_that_is_too_long_for_the_model_ends_as_length(ai, device):
    ai.script = Script(fault="length")
    stream = await (await device.ask("Hallo")).read()
    assert stream.ending.data["finish_reason"] == "length"


async def test_done_tells_usage_and_time(ai, device):
    ai.script = Script(tokens=7, prompt_tokens=40)
    done = (await (await device.ask("Hallo")).read()).ending.data
    assert done["usage"] == {"prompt_tokens": 40, "completion_tokens": 7, "estimated": False}
    assert 0 <= done["response_time_ms"] < 5_000


@pytest.mark.claim(76)
async def test_the_template_assistant_streams_without_any_key_and_says_it_is_a_demo(live_eduhu):
    async with Device(live_eduhu, "") as anyone:
        account = {"email": "demo@eduhu.example", "password": "eduhu-demo"}
        _status, signed_in = await anyone.call("POST", "/api/auth/login", account)
    async with Device(live_eduhu, signed_in["token"]) as device:
        stream = await (await device.ask("Stundenentwurf zu Magneten, Klasse 4")).read()
        assert stream.meta["demo"] is True
        assert stream.ending.data["finish_reason"] == "stop"
        assert len([event for event in stream.events if event.type == "content"]) > 10
        [_question, answer] = await device.messages(stream.meta["chat_id"])
        assert answer["content"] == stream.text
