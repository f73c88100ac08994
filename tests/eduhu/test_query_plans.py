"""No statement reads a big table from one end to the other, with 200,000 messages in it.

A new `@named_query` fails `test_every_hot_query_is_looked_at` until it stands here.
"""

import contextlib
import dataclasses
import datetime as dt
import types
import uuid

import pytest
from django.db import connection, transaction
from knox.models import AuthToken

from artifacts import queries as artifact_queries
from artifacts.models import Artifact
from chats import actions, analytics, prompts
from chats import queries as chat_queries
from chats.models import Chat, Message, Reply, ReplyState
from chats.providers.base import Usage
from chats.replies import store
from eduhu.cache import habits
from eduhu.cache.models import ReadHabit
from eduhu.db import now
from eduhu.mirror import outbox
from eduhu.mirror.models import OutboxEntry
from eduhu.named_queries import names
from eduhu.pages import PageRequest
from eduhu.seeding.plan import Plan
from eduhu.seeding.rows import email
from eduhu.seeding.store import store as seed
from monitoring.alerts import readings
from monitoring.health import checks
from monitoring.metrics import sources
from teachers import idempotency, tokens
from teachers import queries as teacher_queries
from teachers.models import IdempotentRequest, Teacher
from tests.client import ApiClient
from tests.eduhu.test_isolation import CALLS, REFERRING, World, django_calls, send
from tests.plans import recorded, scans

pytestmark = pytest.mark.django_db

POSTGRESQL = Plan(seed=1, teachers=1000, chats=20_000, messages=200_000, artifacts=4000)
SQLITE = dataclasses.replace(POSTGRESQL, teachers=100, chats=1000, messages=10_000, artifacts=200)
OTHERS = 3000  # rows of the tables that the seed leaves empty
PAGE = PageRequest(50, None)
DEEP = PageRequest(50, (now() - dt.timedelta(days=200), uuid.uuid4()))


@pytest.fixture(scope="module")
def rows(django_db_setup, django_db_blocker):
    """A school year, and the ids of one teacher; the transaction is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        plan = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
        seed(plan, lambda done: None)
        fill_the_other_tables()
        yield rows_of_somebody(busiest=email(plan, 0))
        transaction.set_rollback(True)


@pytest.fixture
def year(rows, db):
    yield rows
    # Or each test would check the foreign keys of all rows.
    transaction.set_rollback(True)


def fill_the_other_tables():
    teachers = list(Teacher.objects.values_list("pk", flat=True))
    some = [(number, teachers[number % len(teachers)]) for number in range(OTHERS)]
    later = now() + dt.timedelta(days=9)
    AuthToken.objects.bulk_create(
        AuthToken(digest=f"{number:0128}", token_key="x", user_id=pk, expiry=later)
        for number, pk in some
    )
    IdempotentRequest.objects.bulk_create(
        IdempotentRequest(key=str(number), fingerprint="x", teacher_id=pk) for number, pk in some
    )
    OutboxEntry.objects.bulk_create(
        OutboxEntry(
            table="chats", row_id=pk, operation="update", parked_at=now() if number % 10 else None
        )
        for number, pk in some
    )
    ReadHabit.objects.bulk_create(
        ReadHabit(teacher_id=pk, slot=number % 168, days=number % 9, last_on=now().date())
        for number, pk in enumerate((teachers * 20)[:20_000])
    )
    with connection.cursor() as cursor:
        for table in ("cache_habits", "knox_authtoken", "idempotent_requests", "mirror_outbox"):
            cursor.execute(f"ANALYZE {table}")


def rows_of_somebody(busiest):
    """What a scenario may ask for: a chat that has everything, of an ordinary teacher."""
    others = Artifact.objects.exclude(teacher__email=busiest)
    artifact = others.filter(message__isnull=False).select_related("teacher").earliest("pk")
    teacher = artifact.teacher
    reply = Reply.objects.get(message_id=artifact.message_id)
    world = World(artifact.chat_id, artifact.message_id, reply.pk, artifact.pk)
    return types.SimpleNamespace(
        teacher=teacher, world=world, chat_id=artifact.chat_id, reply=reply, artifact=artifact,
        api=ApiClient(teacher), token=AuthToken.objects.create(teacher)[1],
    )  # fmt: skip


def ask(year, content, message_id):
    question = actions.Question(content, chat_id=year.chat_id, message_id=message_id)
    actions.send_message(teacher=year.teacher, question=question)


def repeat(year):
    ask(year, year.reply.user_message.content, year.reply.user_message_id)


def write(year):
    """Ask, and let a worker answer."""
    ask(year, "Was ist Licht?", uuid.uuid4())
    [job] = store.claim("worker", 5)
    store.heartbeat("worker", [job.reply_id])
    store.checkpoint("worker", {job.reply_id: "Licht"})
    store.finish(job, store.Outcome(ReplyState.COMPLETE, "Licht ist", Usage(1, 2), "stop"))


def continue_interrupted(year):
    Reply.objects.filter(pk=year.reply.pk).update(state=ReplyState.INTERRUPTED)
    actions.continue_reply(teacher=year.teacher, reply_id=year.reply.pk)


def artifact_pages(year):
    for wanted in ({}, {"artifact_type": "worksheet"}, {"chat_id": year.chat_id}):
        for page in (PAGE, DEEP):
            artifact_queries.artifact_page(year.teacher, page, **wanted)


def chat_pages(year):
    for page in (PAGE, DEEP):
        for is_archived in (False, True):
            chat_queries.chat_page(year.teacher, page, is_archived=is_archived)


def message_pages(year):
    for page in (PAGE, DEEP):
        chat_queries.message_page(year.teacher, year.chat_id, page)


def judge(ask):
    """Ask for the health of something, whatever it is."""
    checks._applied_until = 0.0  # or it might be known
    with contextlib.suppress(checks.Unhealthy):
        ask()


HOT = {
    "alerts.replies": lambda y: list(readings._recent_replies()),
    "artifacts.export": lambda y: artifact_queries.artifact_to_export(y.teacher, y.artifact.pk),
    "artifacts.page": artifact_pages,
    "artifacts.row": lambda y: artifact_queries.artifact_row(y.teacher, y.artifact.pk),
    "cache.busiest": lambda y: habits.busiest(200),
    "cache.habits": lambda y: habits.expected([8, 9], 200),
    "chats.analytics": lambda y: analytics.chat_analytics(y.teacher, y.chat_id),
    "artifacts.version": lambda y: artifact_queries.version_row(y.artifact.pk, 1),
    "artifacts.versions": lambda y: artifact_queries.artifact_versions(y.teacher, y.artifact.pk),
    "chats.exists": message_pages,
    "chats.lock": write,
    "chats.page": chat_pages,
    "chats.row": lambda y: chat_queries.chat_detail(y.teacher, y.chat_id),
    "chats.summary": lambda y: analytics.teacher_summary(y.teacher),
    "chats.topics": lambda y: chat_queries.topics_of([y.chat_id]),
    "health.celery": lambda _y: judge(checks._ask_celery),
    "health.database": lambda _y: judge(checks._ask_database),
    "health.migrations": lambda _y: judge(checks._ask_migrations),
    "idempotency.kept": lambda y: idempotency.find_kept(y.teacher, "key", "mark"),
    "messages.history": lambda y: prompts.build_prompt(y.reply),
    "messages.page": message_pages,
    "messages.question": lambda y: chat_queries.reply_with_question(y.teacher, y.reply.pk),
    "messages.repeated": repeat,
    "metrics.live_replies": lambda _y: sources.live_replies(),
    "metrics.signs": lambda _y: sources.signs(),
    "mirror.artifacts": lambda y: artifact_queries.mirrored_artifacts([y.artifact.pk]),
    "mirror.chats": lambda y: chat_queries.mirrored_chats([y.chat_id]),
    "mirror.messages": lambda y: chat_queries.mirrored_messages([y.artifact.message_id]),
    "mirror.pending": lambda y: outbox.read_pending(500),
    "mirror.preferences": lambda y: teacher_queries.mirrored_preferences(
        [y.teacher.preferences.pk]
    ),
    "preferences.of_teacher": lambda y: teacher_queries.preferences_of(y.teacher),
    "preferences.row": lambda y: teacher_queries.preferences_row(y.teacher, y.chat_id),
    "replies.checkpoint": write,
    "replies.heartbeat": write,
    "replies.live_of_chat": lambda y: chat_queries.chat_detail(y.teacher, y.chat_id),
    "replies.live_of_teacher": write,
    "replies.lock": continue_interrupted,
    "replies.reload": lambda y: chat_queries.reload_replies([y.reply.pk]),
    "replies.reserved": write,
    "replies.row": lambda y: chat_queries.find_reply(y.teacher, y.reply.pk),
    "replies.take": lambda y: store.reap("worker"),
    "teachers.lock": write,
    "tokens.find": lambda y: tokens.find_token(y.token),
}


def planned(run):
    """The statements of `run`, and those among them that walk a whole table."""
    with recorded() as statements:
        run()
    return statements, [(each.name, each.sql, s) for each in statements if (s := scans(each))]


def test_every_hot_query_is_looked_at():
    assert set(HOT) == {name for name in names() if not name.startswith("test.")}


@pytest.mark.claim(50)
@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_finds_its_rows_by_an_index(year, name):
    statements, whole = planned(lambda: HOT[name](year))
    assert name in {each.name for each in statements}
    assert whole == []


@pytest.mark.claim(50)
@pytest.mark.parametrize("call", django_calls(CALLS + REFERRING, "own account", "list", "row"))
def test_so_does_every_statement_of_the_api(year, call):
    _statements, whole = planned(lambda: send(year.api, call, year.world))
    assert whole == []


def test_a_scan_would_be_noticed(year):
    _statements, whole = planned(lambda: Message.objects.filter(content="Licht").first())
    assert whole
    _statements, whole = planned(lambda: list(Chat.objects.filter(title__contains="Licht")))
    assert whole
    _statements, whole = planned(lambda: Artifact.objects.filter(content="").update(title="Licht"))
    assert whole
