"""A week of two teachers, played by the clock, and the numbers that were counted by hand."""

import datetime as dt

import pytest
import time_machine

from artifacts.models import ArtifactExport
from chats.actions import Question, retry_reply, send_message
from chats.models import Chat, Message
from chats.providers.base import Usage
from chats.replies import store
from chats.replies.store import Outcome
from tests.client import ApiClient

pytestmark = pytest.mark.django_db

# Later than any real clock: triggers move `updated_at` by that of the database.
MONDAY = dt.datetime.fromisoformat("2051-03-13T00:00:00+01:00")


class School:
    """A teacher, a worker, and the clock."""

    def __init__(self, teacher, clock):
        self.teacher, self.clock = teacher, clock
        self.api = ApiClient(teacher)

    def at(self, day, time):
        hour, minute, second = map(int, time.split(":"))
        self.clock.move_to(
            MONDAY + dt.timedelta(days=day, hours=hour, minutes=minute, seconds=second)
        )

    def ask(self, chat_id=None):
        send_message(teacher=self.teacher, question=Question("Was ist Licht?", chat_id))
        [job] = store.claim("w", 5)
        return job

    def answer(self, job, state="complete", text="Eine Welle.", first=None):
        """End a reply ten seconds later; its first token came after `first` seconds."""
        begun = first and job.accepted_at + dt.timedelta(seconds=first)
        self.clock.shift(10)
        assert store.finish(job, Outcome(state, text, Usage(1, 1), first_token_at=begun))
        return job

    def asked(self, chat_id=None, **how):
        return self.answer(self.ask(chat_id), **how)

    def retried(self, job, **how):
        retry_reply(teacher=self.teacher, reply_id=job.reply_id)
        [again] = store.claim("w", 5)
        return self.answer(again, **how)

    def keep(self, **body):
        body = {"title": "Licht", "content": "1.", "artifact_type": "worksheet", **body}
        return self.api.send("POST", "/api/artifacts", body).json()["id"]

    def edit(self, artifact_id):
        path, body = f"/api/artifacts/{artifact_id}", {"content": "2."}
        assert self.api.send("PATCH", path, body, HTTP_IF_MATCH="*").status_code == 200

    def export(self, artifact_id):
        found = self.api.get(f"/api/artifacts/{artifact_id}/export?format=md")
        assert found.status_code == 200

    def judge(self, job, value):
        path = f"/api/messages/{job.message_id}/feedback"
        assert self.api.send("PUT", path, {"value": value}).status_code == 200


@pytest.fixture
def clock():
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def school(teacher, clock):
    return School(teacher, clock)


@pytest.fixture
def week(school):
    """What a teacher does from Monday to the first minute of the next week."""
    school.at(0, "08:00:00")
    first = school.asked(first=2)
    Message.objects.filter(pk=first.user_message_id).update(
        educational_topics=["assessment", "worksheets"]
    )
    sheet = school.keep(message_id=str(first.message_id))
    school.edit(sheet)
    school.at(0, "08:05:00")
    school.export(sheet)
    school.export(sheet)  # for a colleague, the same day
    school.judge(first, "up")

    school.at(1, "10:00:00")
    school.export(sheet)  # again
    stopped = school.asked(state="cancelled", text="Ei", first=1)
    Chat.objects.filter(pk=stopped.chat_id).update(topic_category="worksheets")
    second = school.retried(stopped, first=4)
    school.judge(second, "down")
    school.keep(message_id=str(second.message_id))

    school.at(2, "10:00:00")
    school.asked(state="failed", text="")

    school.at(3, "10:00:00")
    school.keep()  # without a chat
    gone = school.asked(first=9)
    school.export(school.keep(message_id=str(gone.message_id)))
    assert school.api.send("DELETE", f"/api/chats/{gone.chat_id}").status_code == 204

    school.at(6, "23:59:00")
    late = school.asked(first=1)
    school.at(7, "00:01:00")
    school.asked(late.chat_id, first=3)
    return school


EMPTY = {
    "topics": [], "questions": 0, "answers": 0, "thumbs_up": 0, "thumbs_down": 0, "material": 0,
    "funnel": {"chats": 0, "with_material": 0, "exported": 0, "reused": 0},
    "average_first_token_ms": None, "average_finished_ms": None, "abandon_rate": None,
    "repeat_rate": None, "edit_rate": None,
}  # fmt: skip
THE_WEEK = {
    "topics": [{"topic": "worksheets", "questions": 2}, {"topic": "assessment", "questions": 1}],
    "questions": 4,
    "answers": 4,  # one of them stopped; of the failed one there is no word
    "thumbs_up": 1,
    "thumbs_down": 1,
    "material": 3,
    "funnel": {"chats": 4, "with_material": 2, "exported": 1, "reused": 1},
    "average_first_token_ms": 2000,  # 2, 1, 4 and 1 seconds
    "average_finished_ms": 300_000,
    "abandon_rate": 0.2,  # one of five
    "repeat_rate": 0.2,
    "edit_rate": 0.333,
}


@pytest.mark.claim(15, 66, 75, 88, 125)
def test_a_scripted_week_has_the_numbers_counted_by_hand(week):
    assert week.api.get("/api/analytics").json() == {
        "begins": "2051-01-02",
        "weeks": [
            {**EMPTY, "begins": "2051-03-20", "questions": 1, "answers": 1, "abandon_rate": 0.0,
             "average_first_token_ms": 3000, "repeat_rate": 0.0},
            {**THE_WEEK, "begins": "2051-03-13"},
        ],
        "total": {**THE_WEEK, "questions": 5, "answers": 5, "average_first_token_ms": 2200,
                  "abandon_rate": 0.167, "repeat_rate": 0.167},
    }  # fmt: skip


def test_a_stranger_has_weeks_of_their_own(week, stranger):
    found = ApiClient(stranger).get("/api/analytics").json()
    assert (found["weeks"], found["total"]) == ([], EMPTY)


def test_an_export_that_is_refused_is_none(school, stranger):
    sheet = school.keep()
    assert school.api.get(f"/api/artifacts/{sheet}/export?format=gift").status_code == 400
    assert ApiClient(stranger).get(f"/api/artifacts/{sheet}/export?format=md").status_code == 404
    assert not ArtifactExport.objects.exists()
    school.export(sheet)
    assert ArtifactExport.objects.exists()
    school.teacher.delete()  # it goes with its teacher
    assert not ArtifactExport.objects.exists()


def test_what_a_colleague_exports_is_no_number_of_the_owner(school, stranger):
    answer = school.asked(first=1)
    sheet = school.keep(message_id=str(answer.message_id))
    school.api.send("POST", f"/api/artifacts/{sheet}/shares", {"email": stranger.email})
    assert ApiClient(stranger).get(f"/api/artifacts/{sheet}/export?format=md").status_code == 200
    funnel = school.api.get("/api/analytics").json()["total"]["funnel"]
    assert (funnel["with_material"], funnel["exported"]) == (1, 0)
    school.export(sheet)
    funnel = school.api.get("/api/analytics").json()["total"]["funnel"]
    assert funnel["exported"] == 1
