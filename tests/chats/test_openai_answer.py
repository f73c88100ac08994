from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from chats.providers.base import Usage
from chats.providers.openai_answer import ChatAnswer
from chats.providers.upstream import error_for_status, parse_retry_after
from eduhu.errors import ProviderRefused, ProviderUnavailable


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 1),
        ("1.2", 2),
        ("-5", 1),
        ("9999", 300),
        ("1e400", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
        ("Mon, 01 Jan 2001 00:00:00 -0000", 1),
    ],
)
def test_retry_after_is_bounded(header, seconds):
    assert parse_retry_after(header) == seconds


def test_retry_after_may_be_a_date():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 58 <= parse_retry_after(date) <= 60


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, ProviderUnavailable),
        (301, ProviderRefused),
        (403, ProviderRefused),
        (408, ProviderUnavailable),
        (413, ProviderRefused),
        (422, ProviderRefused),
        (529, ProviderUnavailable),
    ],
)
def test_other_statuses(status, error):
    assert type(error_for_status(status)) is error


@pytest.mark.parametrize(
    "event",
    [
        b"[]",
        b"7",
        b"null",
        b'{"choices": 7}',
        b'{"choices": [7]}',
        b'{"choices": [{"delta": {"content": 7}}]}',
        b'{"choices": [{"delta": {"content": [{"type": "text"}]}}]}',
        b'{"usage": 7}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"error": "text"}',
        b'{"object": "error", "message": "text", "code": 500}',
    ],
)
def test_no_shape_of_an_event_breaks_the_reader(event):
    answer = ChatAnswer(100_000, streamed=True)
    good = b'data: {"choices": [{"delta": {"content": "gut"}}]}\n\n'
    assert answer.feed(good + b"data: " + event + b"\n\n" + good) == "gut"
    assert type(answer.fault) is ProviderUnavailable


@pytest.mark.parametrize(
    ("event", "text", "usage"),
    [
        (b'{"choices": [{"delta": {"reasoning_content": "hm"}}]}', "", None),
        (b'{"choices": [{"delta": null}]}', "", None),
        (b'{"choices": null, "error": null}', "", None),
        (b'{"choices": [{"delta": {"content": ["x"]}}]}'.replace(b'["x"]', b"[]"), "", None),
        (
            b'{"choices": [{"delta": {"content": [{"type": "thinking"}, '
            b'{"type": "text", "text": "x"}]}}]}',
            "x",
            None,
        ),
        (b'{"usage": {"prompt_tokens": 1, "completion_tokens": 2}}', "", Usage(1, 2)),
        (b'{"usage": {"prompt_tokens": null, "completion_tokens": 2}}', "", None),
        (b'{"usage": {"prompt_tokens": -1, "completion_tokens": 2}}', "", None),
        (b'{"usage": {"prompt_tokens": 1, "completion_tokens": 9999999999}}', "", None),
    ],
)
def test_harmless_events_are_read_for_what_they_hold(event, text, usage):
    answer = ChatAnswer(100, streamed=True)
    assert answer.feed(b"data: " + event + b"\n\n") == text
    assert answer.usage == usage
    assert answer.fault is None


def test_document_without_a_finish_reason_is_whole():
    answer = ChatAnswer(100, streamed=False)
    assert answer.feed(b'{"choices": [{"message": {"content": ') == ""
    assert answer.feed(b'"gut"}}]}') + answer.close() == "gut"
    assert answer.reason == "stop"


def test_broken_trailer_after_a_whole_answer_is_no_fault():
    answer = ChatAnswer(100, streamed=True)
    answer.feed(b'data: {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}\n\n')
    answer.feed(b"data: [DO\n\n")
    assert (answer.fault, answer.reason, answer.done) == (None, "stop", True)
