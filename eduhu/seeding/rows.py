"""The rows of some teachers, column by column, as both engines take them.

Written for speed, as there are millions: ids are hexadecimal text and times are text,
which PostgreSQL's COPY and SQLite store without any conversion of ours.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from eduhu.seeding.plan import Plan
from eduhu.seeding.words import ENGLISH, GERMAN, Words

COLUMNS = {
    "teachers": "id password is_superuser email name language is_active is_staff created_at",
    "teacher_preferences": "id teacher_id grade_level subject_areas ai_model_preference"
    " notification_settings updated_at",
    # Before their chats, which come with the right count: the triggers then find nothing to count.
    "messages": "id chat_id content role timestamp content_type token_count"
    " token_count_estimated response_time_ms educational_topics",
    "chats": "id title created_at updated_at teacher_id topic_category message_count is_archived",
    "replies": "id chat_id teacher_id user_message_id message_id context state attempt text"
    " attempt_offset model provider is_demo prompt_tokens completion_tokens usage_estimated"
    " finish_reason error_code cancel_requested worker created_at accepted_at first_token_at"
    " ended_at",
    "artifacts": "id chat_id message_id title content artifact_type created_at teacher_id",
}
START_MS = 1_725_260_400_000  # 2 September 2024, 9 o'clock in Berlin
DAYS = 540  # in which chats begin
DAY_MS = 86_400_000
TOPICS = ("lesson_planning", "assessment", "worksheets", "differentiation", None)
NO_PASSWORD = "!"  # Django's mark of a password that nobody can give
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 (UTC, as text without a zone)


@dataclass
class Rows:
    """Rows by table, each in the order of `COLUMNS`."""

    tables: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {table: [] for table in COLUMNS}
    )

    def add(self, table: str, *values: Any) -> None:
        """Append a row."""
        self.tables[table].append(values)


def make_rows(plan: Plan, teachers: Sequence[int]) -> Rows:
    """Return all rows of these teachers, by their numbers; the same for equal plans."""
    rows = Rows()
    for number in teachers:
        _Teacher(plan, number, rows).make()
    return rows


def email(plan: Plan, number: int) -> str:
    """Return the address of a teacher."""
    return f"load{number:06}@{plan.key}.eduhu.example"


class _Teacher:
    """Makes what one teacher has; its dice are its own, so that batches stand alone."""

    def __init__(self, plan: Plan, number: int, rows: Rows) -> None:
        self.plan, self.number, self.rows = plan, number, rows
        self.random = random = Random(f"{plan.key} {number}")
        self.words: Words = GERMAN if random.random() < 0.7 else ENGLISH
        self.subjects = random.sample(list(self.words.subjects), random.randint(1, 2))
        self.grade = str(random.randint(5, 12))
        self.since = START_MS - random.randrange(30 * DAY_MS)
        self.id = self.new_id(self.since)

    def new_id(self, milliseconds: int) -> str:
        """Return a UUIDv7 of that moment, in hexadecimal."""
        bits = self.random.getrandbits(74)
        return f"{milliseconds:012x}7{bits >> 62:03x}{2 << 62 | bits & (1 << 62) - 1:016x}"

    def make(self) -> None:
        plan, made, random = self.plan, moment_text(self.since), self.random
        self.rows.add(
            "teachers", self.id, NO_PASSWORD, False, email(plan, self.number),
            random.choice(self.words.names), self.words.code, True, False, made,
        )  # fmt: skip
        subjects = json.dumps(self.subjects)
        self.rows.add(
            "teacher_preferences", self.new_id(self.since), self.id, self.grade, subjects, None,
            "{}", made,
        )  # fmt: skip
        for chat in range(plan.first_chat_of[self.number], plan.first_chat_of[self.number + 1]):
            self.make_chat(plan.messages_of[chat], plan.artifacts_of[chat])

    def make_chat(self, messages: int, artifacts: int) -> None:
        random = self.random
        topic = random.choice(self.words.subjects[random.choice(self.subjects)])
        began = START_MS + random.randrange(DAYS) * DAY_MS + random.randrange(DAY_MS // 3)
        chat_id = self.new_id(began)
        answers, ended = self.converse(chat_id, topic, messages, began)
        self.rows.add(
            "chats", chat_id, self.question(topic)[:80], moment_text(began), moment_text(ended),
            self.id, random.choice(TOPICS), messages, random.random() < 0.1,
        )  # fmt: skip
        for _ in range(artifacts):
            self.make_artifact(chat_id, topic, answers, ended)

    def converse(self, chat_id: str, topic: str, count: int, now: int) -> tuple[list[str], int]:
        """Make the messages and replies of a chat; return the answers' ids and the last time."""
        random, add = self.random.random, self.rows.add
        topics, question_id, answers = json.dumps([topic]), "", []
        for number in range(count):
            now += 5_000 + int(random() * 90_000)
            message_id, time = self.new_id(now), moment_text(now)
            if number % 2 == 0:
                question, question_id = self.question(topic), message_id
                add(
                    "messages", message_id, chat_id, question, "user", time, "text",
                    len(question) // 4, True, None, topics,
                )  # fmt: skip
                continue
            answer, took = self.answer(topic), 900 + int(random() * 4_000)
            tokens = len(answer) // 4
            add(
                "messages", message_id, chat_id, answer, "assistant", time, "text", tokens, True,
                took, topics,
            )  # fmt: skip
            answers.append(message_id)
            asked = moment_text(now - took)
            add(
                "replies", self.new_id(now - took), chat_id, self.id, question_id, message_id,
                "[]", "complete", 1, answer, 0, "template", "template", True, tokens, tokens, True,
                "stop", "", False, "seed", asked, asked, time, time,
            )  # fmt: skip
        return answers, now

    def question(self, topic: str) -> str:
        return self._pick(self.words.questions).format(topic=topic, grade=self.grade)

    def answer(self, topic: str) -> str:
        words, first = self.words, int(self.random.random() * 5)
        lines = (f"{i}. {step}" for i, step in enumerate(words.steps[first : first + 4], 1))
        opening = self._pick(words.openings).format(topic=topic, grade=self.grade)
        return "\n".join((opening, "", *lines, "", self._pick(words.closings)))

    def make_artifact(self, chat_id: str, topic: str, answers: list[str], now: int) -> None:
        kind = self._pick(tuple(self.words.material))
        self.rows.add(
            "artifacts", self.new_id(now), chat_id, self._pick(answers) if answers else None,
            self.words.material[kind].format(topic=topic), self.answer(topic), kind,
            moment_text(now), self.id,
        )  # fmt: skip

    def _pick(self, choices: Sequence[str]) -> str:
        # A third of the time of `Random.choice`, and there are millions to make.
        return choices[int(self.random.random() * len(choices))]


def moment_text(milliseconds: int) -> str:
    """Return a time as Django stores it on SQLite; PostgreSQL reads it as well.

    Never a whole second, which would be written without a fraction.
    """
    return f"{_EPOCH + dt.timedelta(milliseconds=milliseconds | 1)}"
