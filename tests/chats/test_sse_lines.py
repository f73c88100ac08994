from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chats.providers.openai_answer import ChatAnswer
from chats.providers.sse_lines import OversizedEvent, SSELines
from chats.providers.text import TextMender
from tests.fakes.ai_script import Script, openai_frames

BODY = "\ufeffdata: eins\n\n: Kommentar\n\ndata: zwei\ndata: Ümläut 🎈\ndata\n\nevent: x\ndata:vier\n\n"
EVENTS = ["eins", "zwei\nÜmläut 🎈\n", "vier"]


def read(parts: list[bytes], limit: int = 10_000) -> list[str]:
    lines = SSELines(limit)
    events = [event for part in parts for event in lines.feed(part)]
    return [event.decode() for event in (*events, *lines.close())]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_events_are_the_same_wherever_the_bytes_are_cut(newline):
    body = BODY.replace("\n", newline).encode()
    assert read([body]) == EVENTS
    assert read([body[i : i + 1] for i in range(len(body))]) == EVENTS
    for first in range(len(body)):
        assert read([body[:first], body[first:]]) == EVENTS
        for second in range(first, min(first + 4, len(body))):
            assert read([body[:first], body[first:second], body[second:]]) == EVENTS


@pytest.mark.parametrize("newline", ["", "\n", "\r", "\r\n", "\n\n"])
def test_last_event_needs_no_newline(newline):
    assert read([b"data: a\n\ndata: b" + newline.encode()]) == ["a", "b"]


def test_one_leading_space_is_taken_off_and_no_more():
    assert read([b"data:  a \n\ndata:b\n\n"]) == [" a ", "b"]


def test_blank_lines_and_unfinished_lines_are_no_sign_of_life():
    lines = SSELines(1000)
    for chunk in (b"\n\n", b"da", b"ta: x", b"\r\n"[:0]):
        lines.feed(chunk)
    assert lines.lines == 0
    lines.feed(b"\n: ping\n")
    assert lines.lines == 2


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 1100],
        [b"x"] * 1100,
        [b"data: " + b"x" * 400 + b"\n"] * 3,
        [b"data\n"] * 1100,
        [b"data: " + b"x" * 1100 + b"\n\n"],
    ],
)
def test_event_that_never_ends_is_refused(chunks):
    with pytest.raises(OversizedEvent):
        read(chunks, limit=1000)


def test_limit_is_for_one_event_and_not_for_the_stream():
    event = b"data: " + b"x" * 900 + b"\n\n"
    comments = b": ping\n" * 1000
    assert len(read([event[:500], event[500:], comments] * 5, limit=1000)) == 5


def mend(pieces: list[str]) -> str:
    mender = TextMender()
    return "".join([*(mender.feed(piece) for piece in pieces), mender.flush()])


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["plain", " text 🎈"], "plain text 🎈"),
        (["a\0b"], "a\ufffdb"),
        (["\ud83d", "\ude00"], "😀"),
        (["a\ud83d", "\ude00b\ud83d", "\ude01"], "a😀b😁"),
        (["\ud83d\ude00"], "😀"),
        (["\ud83d", "x"], "\ufffdx"),
        (["\ude00x"], "\ufffdx"),
        (["\ud83d", "\ud83d", "\ude00"], "\ufffd😀"),
        (["\ud83d", "", "\ude00"], "😀"),
        (["x\ud83d"], "x\ufffd"),
        (["\ud83d"], "\ufffd"),
    ],
)
def test_halves_of_characters_are_joined_or_replaced(pieces, text):
    assert mend(pieces) == text


HALVES = st.text(st.sampled_from("aü😀\0\ud83d\ude00\udfff\udbff"), max_size=12)


@given(HALVES, st.lists(st.integers(0, 12), max_size=5))
def test_mended_text_is_the_same_wherever_it_is_cut(text, cuts):
    borders = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(borders)]
    whole = mend([text])
    assert mend(pieces) == whole
    assert "\0" not in whole
    assert whole.encode().decode() == whole


def answer_text(parts: list[bytes]) -> tuple[str, ChatAnswer]:
    answer = ChatAnswer(1000, streamed=True)
    text = "".join(answer.feed(part) for part in parts)
    return text + answer.close(), answer


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("fault", ["none", "surrogate_split", "nul", "length", "no_done"])
def test_answer_is_the_same_wherever_its_bytes_are_cut(fault, newline):
    pieces = ("Für ", "die 4b: ", "½ + ¼ ", "🎈", "!") if fault in ("none", "no_done") else ()
    body = openai_frames(Script(pieces=pieces, fault=fault, newline=newline), True).joined()
    expected, whole = answer_text([body])
    assert whole.reason
    assert whole.usage
    assert whole.fault is None
    assert expected
    for cut in range(len(body) + 1):
        text, answer = answer_text([body[:cut], body[cut:]])
        assert (text, answer.reason, answer.usage) == (expected, whole.reason, whole.usage)
    assert answer_text([body[i : i + 1] for i in range(len(body))])[0] == expected
