"""What replies have cost: counted by hand, never lost, at the prices of then."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from chats.actions import Question, continue_reply, delete_chat, retry_reply, send_message
from chats.models import Chat, Message, Reply, ReplyState, UsageEntry
from chats.providers.base import Usage
from chats.replies import store
from chats.replies.store import Outcome
from tests.client import ApiClient

pytestmark = pytest.mark.django_db(transaction=True)

NOON = dt.datetime(2026, 11, 18, 11, tzinfo=dt.UTC)  # a Wednesday; noon at school


@pytest.fixture(autouse=True)
def prices(settings):
    settings.AI_PRICES = {"template": (2.0, 8.0)}
    return settings


def begin(teacher, chat_id=None):
    """Ask; a worker has the question now."""
    send_message(teacher=teacher, question=Question("Was ist Licht?", chat_id))
    [job] = store.claim("w", 5)
    return job


def end(job, state=ReplyState.COMPLETE, text="Eine Welle.", usage=(30, 40), **more):
    return store.finish(job, Outcome(state, text, Usage(*usage), **more))


def at(moment):
    return time_machine.travel(moment, tick=False)


def usage(api):
    return api.get("/api/usage").json()


def of_messages():
    return Message.objects.aggregate(n=Sum("token_count"))["n"]


def answered(teacher):
    end(begin(teacher), finish_reason="stop")


def asked_again(teacher):
    """The question adds up its prompts."""
    job = begin(teacher)
    end(job)
    retry_reply(teacher=teacher, reply_id=job.reply_id)
    [again] = store.claim("w", 5)
    end(again, usage=(31, 10))


def continued(teacher):
    """One reply, two attempts."""
    job = begin(teacher)
    end(job, ReplyState.INTERRUPTED, "Eine ", usage=(30, 2))
    continue_reply(teacher=teacher, reply_id=job.reply_id)
    [more] = store.claim("w", 5)
    end(more, text="Eine Welle.", usage=(35, 5))


def failed_without_a_word(teacher):
    end(begin(teacher), ReplyState.FAILED, "", usage=(30, 0), error_code="provider_error")


def failed_on_the_way(teacher):
    end(begin(teacher), ReplyState.FAILED, "Eine", usage=(30, 1), error_code="provider_error")


def stopped(teacher):
    end(begin(teacher), ReplyState.CANCELLED, "Ei", usage=(30, 1))


def edited(teacher):
    answered(teacher)
    Message.objects.update(content="Eine andere Welle.")


def ended_twice(teacher):
    """A worker that could not hear of its commit tries again."""
    job = begin(teacher)
    assert end(job)
    assert end(job) is None


CASES = {
    answered: (1, 0, 70), asked_again: (2, 0, 111), continued: (1, 1, 72),
    failed_without_a_word: (1, 1, 30), failed_on_the_way: (1, 1, 31), stopped: (1, 0, 31),
    edited: (1, 0, 70), ended_twice: (1, 0, 70),
}  # fmt: skip


@pytest.mark.claim(32)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_usage_is_the_sum_of_the_tokens_of_all_messages(teacher, stranger, case):
    replies, failed, tokens = CASES[case]
    with at(NOON):
        case(teacher)
        found = usage(ApiClient(teacher))
        assert usage(ApiClient(stranger))["days_30"]["tokens"] == 0
    for period in (found["day"], found["days_7"], found["days_30"]):
        assert period["tokens"] == tokens == of_messages()
        assert (period["replies"], period["failed_replies"]) == (replies, failed)
        assert sum(model["tokens"] for model in period["models"]) == tokens


def test_writing_it_down_takes_no_statement_of_its_own(teacher):
    job = begin(teacher)
    with CaptureQueriesContext(connection) as queries:
        end(job)
    assert "replies" in " ".join(each["sql"] for each in queries)
    assert not any("usage_entries" in each["sql"] for each in queries)  # a trigger's work
    assert UsageEntry.objects.count() == 1


@pytest.mark.claim(32)
def test_what_was_spent_stays_spent_when_the_chat_is_deleted(teacher, api):
    job = begin(teacher)
    end(job)
    before = usage(api)
    delete_chat(teacher=teacher, chat_id=job.chat_id)
    assert of_messages() is None
    assert usage(api) == before
    assert before["day"]["tokens"] == 70


def test_so_it_does_when_the_chat_was_deleted_under_the_pen(teacher, api):
    job = begin(teacher)
    delete_chat(teacher=teacher, chat_id=job.chat_id)
    for _ in range(2):  # the worker may try again
        assert end(job, ReplyState.CANCELLED, usage=(30, 4)) is None
    assert usage(api)["day"]["tokens"] == 34
    gone = begin(teacher)
    teacher.delete()
    assert end(gone) is None
    assert not UsageEntry.objects.exists()  # it goes with its teacher


@pytest.mark.claim(32)
def test_days_are_those_at_school_and_prices_those_of_then(teacher, prices):
    def spend(moment, usage):
        with at(dt.datetime.fromisoformat(moment)):
            end(begin(teacher), usage=usage)

    spend("2026-10-19T21:59:00Z", (1, 0))  # 30 days before, still the 19th at school
    spend("2026-10-19T22:01:00Z", (10, 0))  # the first of 30 days
    spend("2026-11-11T22:59:00Z", (100, 0))  # the eighth day back
    spend("2026-11-11T23:01:00Z", (1000, 0))  # the seventh
    prices.AI_PRICES = {"template": (4.0, 16.0)}
    spend("2026-11-17T22:59:00Z", (10_000, 0))  # yesterday
    spend("2026-11-17T23:01:00Z", (100_000, 10_000))  # today at school
    prices.AI_PRICES = {}
    with at(NOON):
        UsageEntry.objects.filter(prompt_tokens=1000).update(
            model="unknown", prompt_price=None, completion_price=None
        )
        found = usage(ApiClient(teacher))
    tokens = {name: found[name]["tokens"] for name in ("day", "days_7", "days_30", "month")}
    assert tokens == {"day": 110_000, "days_7": 121_000, "days_30": 121_110, "month": 121_100}
    begins = [found[name]["begins"] for name in ("day", "days_7", "days_30", "month")]
    assert begins == ["2026-11-18", "2026-11-12", "2026-10-20", "2026-11-01"]
    assert found["day"]["cost"] == 0.56  # 100,000 at 4 and 10,000 at 16, per million
    assert found["days_30"]["cost"] == 0.60022  # and 10,000 at 4, 110 at 2
    assert found["days_30"]["unpriced_tokens"] == 1000
    models = [
        (each["model"], each["prompt_price"], each["tokens"]) for each in found["days_30"]["models"]
    ]
    assert models == [
        ("template", 2.0, 110), ("unknown", None, 1000), ("template", 4.0, 120_000),
    ]  # fmt: skip


@pytest.mark.parametrize(("limit", "is_near"), [(0, False), (88, False), (87, True), (10, True)])
def test_from_80_percent_of_the_month_on_there_is_a_warning(teacher, settings, limit, is_near):
    settings.USAGE_MONTHLY_TOKENS = limit
    with at(NOON):
        answered(teacher)
        month = usage(ApiClient(teacher))["month"]
    assert (month["limit"], month["is_near_limit"]) == (limit or None, is_near)


def test_a_demo_costs_nothing_and_another_model_answers_for_itself(teacher, api, settings):
    settings.AI_PRICES = {"fallback": (1.0, 1.0)}
    end(begin(teacher))
    end(begin(teacher, Chat.objects.get().pk), model="fallback", provider="other", usage=(5, 5))
    found = usage(api)["day"]
    costs = {each["model"]: (each["provider"], each["cost"]) for each in found["models"]}
    assert costs == {"fallback": ("other", 0.00001), "template": ("template", 0.0)}
    assert found["unpriced_tokens"] == 0
    assert Reply.objects.filter(model="fallback").exists()
