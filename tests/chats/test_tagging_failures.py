"""Questions whose topics cannot be found: tried ever later, set aside, and forgotten in the end."""

import datetime as dt
import uuid

import pytest
import time_machine

from chats import tasks
from chats.models import Message, MessageTopics, TopicFailure
from chats.tagging import failures, work
from eduhu.db import now
from tests.admin import page, staff_client
from tests.chats.test_tagging_work import (  # noqa: F401  # `tagger` is a fixture for all
    LETTER,
    SHEET,
    asked,
    tagger,
    topics,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_that_cannot_be_judged_is_tried_ever_later_and_then_set_aside(teacher, monkeypatch):
    """The reason stands in the admin, from where it can be judged again."""
    bad, good = asked(teacher, "Gift"), asked(teacher, SHEET)
    tag, tried = work.tag, []

    def failing(texts):
        if "Gift" in texts:
            tried.append(texts)
            raise ValueError("Gift")
        return tag(texts)

    monkeypatch.setattr(work, "tag", failing)
    later = now()
    for hours in range(24):
        with time_machine.travel(later + dt.timedelta(hours=hours), tick=False):
            tasks.tag_messages()
    assert Message.objects.get(pk=good.user_message_id).educational_topics == [
        "worksheets", "assessment",
    ]  # fmt: skip
    assert len(tried) == failures.ATTEMPTS_MAX + 1  # once together with the other one
    waiting = MessageTopics.objects.get(pk=bad.user_message_id)
    row = TopicFailure.objects.get()
    assert (waiting.due_at, row.pk, row.reason, row.attempts) == (
        None, bad.user_message_id, "ValueError", failures.ATTEMPTS_MAX,
    )  # fmt: skip

    staff = staff_client()
    text = staff.get(page(TopicFailure), headers={"Accept-Language": "de"}).text
    assert "zurückgestellt" in text
    assert "ValueError" in text
    assert "Gift" not in text
    monkeypatch.setattr(work, "tag", tag)
    tasks.tag_messages()
    assert TopicFailure.objects.exists()
    chosen = {"action": "judge_again", "_selected_action": [str(row.pk)]}
    staff.post(page(TopicFailure), chosen)
    tasks.tag_messages()
    assert Message.objects.get(pk=bad.user_message_id).educational_topics == ["other"]
    assert not TopicFailure.objects.exists()


def test_a_failure_is_soon_tried_again_and_forgotten_once_it_went_well(teacher, monkeypatch):
    reply = asked(teacher, LETTER)
    with monkeypatch.context() as patched:
        patched.setattr(work, "tag", lambda texts: 1 / 0)
        tasks.tag_messages()
    assert TopicFailure.objects.get().attempts == 1
    tasks.tag_messages()
    assert topics(reply)[1] is None
    with time_machine.travel(now() + failures.FIRST_PAUSE + dt.timedelta(seconds=1)):
        tasks.tag_messages()
    assert topics(reply)[1] == "parent_communication"
    assert not TopicFailure.objects.exists()


def test_a_failure_is_forgotten_after_a_month_even_if_no_other_follows(db):
    for days in (29, 31):
        failed_at = now() - dt.timedelta(days=days)
        TopicFailure.objects.create(pk=uuid.uuid4(), attempts=days, failed_at=failed_at)
    tasks.tag_messages()
    assert TopicFailure.objects.get().attempts == 29
