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

from artifacts import actions as artifact_actions
from artifacts import queries as artifact_queries
from artifacts.exporting import queries as exports
from artifacts.insights import queries as insights
from artifacts.insights import weeks
from artifacts.library import queries as library
from artifacts.library import weekly
from artifacts.library.models import Collection, CollectionItem, Facets, Favourite, Share, Tag
from artifacts.library.search import triggers as search_triggers
from artifacts.library.search.results import search
from artifacts.models import Artifact, ArtifactExport
from artifacts.recommendations import work as vectors
from artifacts.recommendations.models import ItemMark, Vector
from artifacts.recommendations.queries import languages_of
from artifacts.recommendations.queries import recommendations as recommended
from chats import actions, analytics, prompts, usage
from chats import queries as chat_queries
from chats.models import Chat, Message, MessageTopics, Reply, ReplyState, UsageEntry
from chats.providers.base import Usage
from chats.replies import store
from chats.suggestions import suggestions
from chats.tagging import work
from chats.tagging.tagger import Tags
from eduhu.cache import habits
from eduhu.cache.models import ReadHabit
from eduhu.db import now
from eduhu.errors import NotFound
from eduhu.mirror import outbox
from eduhu.mirror.models import OutboxEntry
from eduhu.named_queries import names
from eduhu.pages import PageRequest
from eduhu.seeding.plan import Plan
from eduhu.seeding.rows import email
from eduhu.seeding.store import store as seed
from monitoring.alerts import readings
from monitoring.console import series, topics
from monitoring.health import checks
from monitoring.metrics import sources
from teachers import idempotency, tokens
from teachers import queries as teacher_queries
from teachers.memory import queries as memory_queries
from teachers.memory.models import Memory
from teachers.models import IdempotentRequest, Teacher
from tests.client import ApiClient
from tests.eduhu.test_isolation import (
    CALLS,
    REFERRING,
    World,
    django_calls,
    make_library,
    send,
)
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
        if connection.vendor == "postgresql":  # or the words of all rows would be stemmed
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE chats DISABLE TRIGGER search_added")
                cursor.execute("ALTER TABLE artifacts DISABLE TRIGGER search_changed")
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
    UsageEntry.objects.bulk_create(
        UsageEntry(
            teacher_id=pk, reply_id=uuid.uuid4(), attempt=1, state=ReplyState.COMPLETE, model="m",
            provider="p", prompt_tokens=1, completion_tokens=1, is_estimated=False,
            ended_at=now() - dt.timedelta(minutes=number),
        )
        for number, pk in some
    )  # fmt: skip
    ArtifactExport.objects.bulk_create(
        ArtifactExport(
            teacher_id=pk, artifact_id=uuid.uuid4(), format="md", edition="teacher", is_again=False
        )
        for _number, pk in some
    )
    ReadHabit.objects.bulk_create(
        ReadHabit(teacher_id=pk, slot=number % 168, days=number % 9, last_on=now().date())
        for number, pk in enumerate((teachers * 20)[:20_000])
    )
    Memory.objects.bulk_create(Memory(teacher_id=pk, text="x", key=str(n)) for n, pk in some)
    ItemMark.objects.bulk_create(
        ItemMark(teacher_id=pk, item_id=uuid.uuid4(), mark="opened") for _number, pk in some
    )
    fill_the_library(teachers)
    said = {"topic": "other", "source": "model", "confidence": 0.5}
    MessageTopics.objects.bulk_create(
        MessageTopics(message_id=pk, **said)
        for pk in Message.objects.values_list("pk", flat=True)[:OTHERS]
    )
    filled = (
        "artifact_exports", "cache_habits", "knox_authtoken", "idempotent_requests",
        "message_topics", "mirror_outbox", "search_entries", "usage_entries",
        "recommendation_marks", "recommendation_vectors",
        "artifact_facets", "memories", "artifact_tags", "collection_items", "collections", "favourites", "shares",
    )  # fmt: skip
    with connection.cursor() as cursor:
        for table in filled:
            cursor.execute(f"ANALYZE {table}")


def fill_the_library(teachers):
    """Of the artifacts everything; of the messages those that are the first by id."""
    artifacts = list(Artifact.objects.order_by("pk")[:1000].only("pk", "teacher_id"))
    # As wide as documents make it: what is narrow is read as a whole sooner.
    Facets.objects.update(subject="Physik", grade="8", topic="Licht " * 100)
    collections = [Collection(teacher_id=each.teacher_id, name="Optik") for each in artifacts]
    Collection.objects.bulk_create(collections)
    pairs = list(zip(artifacts, collections, strict=True))
    CollectionItem.objects.bulk_create(
        CollectionItem(collection=collection, artifact=artifact, position=0)
        for artifact, collection in pairs
    )
    Share.objects.bulk_create(
        Share(
            owner_id=artifact.teacher_id, receiver_id=teachers[number % len(teachers)],
            email=f"{number}@eduhu.example",
            **({"artifact": artifact} if number % 2 else {"collection": collection}),
        )
        for number, (artifact, collection) in enumerate(pairs)
    )  # fmt: skip
    marked = [{"teacher_id": each.teacher_id, "artifact": each} for each in artifacts]
    Favourite.objects.bulk_create(Favourite(**each) for each in marked)
    Tag.objects.bulk_create(Tag(**each, name="Optik", key="optik") for each in marked)
    some = Message.objects.order_by("pk").values_list("pk", flat=True)
    search_again("message", some[0], some[1500])


def search_again(source, first, last):
    ids = {"first": first, "last": last}
    if connection.vendor == "sqlite":
        ids = {name: each.hex for name, each in ids.items()}
    with connection.cursor() as cursor:
        cursor.execute(search_triggers.rebuilding(connection, source), ids)


def rows_of_somebody(busiest):
    """What a scenario may ask for: a chat that has everything, of an ordinary teacher."""
    others = Artifact.objects.exclude(teacher__email=busiest)
    artifact = others.filter(message__isnull=False).select_related("teacher").earliest("pk")
    teacher = artifact.teacher
    reply = Reply.objects.get(message_id=artifact.message_id)
    kept = make_library(artifact)
    search_again("artifact", artifact.pk, artifact.pk)
    world = World(artifact.chat_id, artifact.message_id, reply.pk, artifact.pk, *kept)
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


def tag_waiting(year):
    """Judge a question whose reply has ended, beside many that wait."""
    write(year)
    work.store((each, Tags(("other",), 0.5, "model", "m1")) for each in work.take())


def artifact_pages(year):
    for wanted in ({}, {"artifact_type": "worksheet"}, {"chat_id": year.chat_id}):
        for page in (PAGE, DEEP):
            artifact_queries.artifact_page(year.teacher, page, **wanted)


def library_pages(year):
    filters = {
        "artifact_type": "worksheet", "subject": "Physik", "grade": "8", "topic": "Licht",
        "tag": "Optik", "favourite": True, "collection": year.world.collection_id, "since": 0,
    }  # fmt: skip
    for name, value in filters.items():
        library.library_page(year.teacher, PAGE, **{name: value})
    for shared in library.SHELVES:
        library.library_page(year.teacher, DEEP, shared=shared, topic="Licht")


def library_page(year):
    library.library_page(year.teacher, PAGE)


def searches(year):
    for question in (year.artifact.title, "die Aufgaben zu", "Auf"):
        search(year.teacher, question)
        search(year.teacher, question, sources=["message"], archived=True)


def shared_artifact(year):
    with contextlib.suppress(NotFound):
        artifact_queries.shared_artifact(year.teacher, year.artifact.pk)


def chat_pages(year):
    for page in (PAGE, DEEP):
        for is_archived in (False, True):
            chat_queries.chat_page(year.teacher, page, is_archived=is_archived)


def message_pages(year):
    for page in (PAGE, DEEP):
        chat_queries.message_page(year.teacher, year.chat_id, page)


def judge_answer(year):
    answer = {"teacher": year.teacher, "message_id": year.world.message_id}
    actions.give_feedback(**answer, is_helpful=True)
    chat_queries.feedback_of(**answer)
    actions.take_feedback_back(**answer)


def recommend(year):
    recommended(year.teacher, limit=6)
    recommended(year.teacher, chat_id=year.chat_id, limit=6)


def embed(year):
    """Make the vectors of an artifact and a chat, beside many that wait; the model has its test."""
    wanted = [year.artifact.pk, year.chat_id]
    Vector.objects.filter(row_id__in=wanted).update(due_at=now())
    rows, until = vectors.take()
    vectors.texts_of([row for row in rows if row.row_id in wanted])
    vectors.store({rows[0].pk: b""}, until)


def judge(ask):
    """Ask for the health of something, whatever it is."""
    checks._applied_until = 0.0  # or it might be known
    with contextlib.suppress(checks.Unhealthy):
        ask()


HOT = {
    "alerts.replies": lambda y: list(readings._recent_replies()),
    "artifacts.export": lambda y: artifact_queries.artifact_to_export(y.teacher, y.artifact.pk),
    "artifacts.exported": lambda y: artifact_actions.export_artifact(
        teacher=y.teacher,
        artifact=artifact_queries.artifact_to_export(y.teacher, y.artifact.pk),
        format="md",
        edition="teacher",
    ),
    "artifacts.page": artifact_pages,
    "artifacts.shared": shared_artifact,
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
    "console.series": lambda _y: series.read(0),
    "console.topics": lambda _y: topics._recent_topics(),
    "health.celery": lambda _y: judge(checks._ask_celery),
    "health.database": lambda _y: judge(checks._ask_database),
    "health.migrations": lambda _y: judge(checks._ask_migrations),
    "idempotency.kept": lambda y: idempotency.find_kept(y.teacher, "key", "mark"),
    "insights.material": lambda y: insights.teacher_insights(y.teacher),
    "insights.replies": lambda y: insights.teacher_insights(y.teacher),
    "insights.weeks": lambda y: weeks.count(weeks.Rows.of_teacher(y.teacher), 12),
    "messages.feedback": judge_answer,
    "messages.feedback_of": judge_answer,
    "exports.list": lambda y: exports.export_list(y.teacher),
    "weekly.summary": lambda y: weekly.summary(y.teacher, (now() - dt.timedelta(days=7), now())),
    "library.collection": lambda y: library.collection_detail(y.teacher, y.world.collection_id),
    "library.collections": lambda y: library.collections(y.teacher),
    "library.facets": library_page,
    "library.favourites": library_page,
    "library.items": lambda y: library.collection_detail(y.teacher, y.world.collection_id),
    "library.page": library_pages,
    "library.tags": lambda y: library.tags(y.teacher),
    "library.tags_of": library_page,
    "memory.all": lambda y: memory_queries.memories(y.teacher),
    "memory.prompt": lambda y: memory_queries.for_prompt(y.teacher.pk),
    "messages.said": lambda y: suggestions(y.teacher, y.chat_id),
    "messages.history": lambda y: prompts.build_prompt(y.reply),
    "messages.page": message_pages,
    "messages.question": lambda y: chat_queries.reply_with_question(y.teacher, y.reply.pk),
    "messages.repeated": repeat,
    "messages.row": lambda y: chat_queries.message_row(y.teacher, y.artifact.message_id),
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
    "preferences.saved": recommend,
    "recommendations.artifacts": embed,
    "recommendations.chat": recommend,
    "recommendations.languages": lambda y: languages_of([y.artifact.pk]),
    "recommendations.marks": recommend,
    "recommendations.own": recommend,
    "recommendations.questions": embed,
    "recommendations.recent": recommend,
    "recommendations.renew": lambda _y: vectors.renew(),
    "recommendations.shared": recommend,
    "recommendations.store": embed,
    "recommendations.take": embed,
    "recommendations.vectors": recommend,
    "replies.checkpoint": write,
    "replies.heartbeat": write,
    "replies.live_of_chat": lambda y: chat_queries.chat_detail(y.teacher, y.chat_id),
    "replies.live_of_teacher": write,
    "replies.lock": continue_interrupted,
    "replies.reload": lambda y: chat_queries.reload_replies([y.reply.pk]),
    "replies.reserved": write,
    "replies.row": lambda y: chat_queries.find_reply(y.teacher, y.reply.pk),
    "replies.take": lambda y: store.reap("worker"),
    "search.find": searches,
    "search.rows": searches,
    "teachers.lock": write,
    "usage.of_teacher": lambda y: usage.teacher_usage(y.teacher),
    "topics.store": tag_waiting,
    "topics.take": tag_waiting,
    "tokens.find": lambda y: tokens.find_token(y.token),
}


def planned(run):
    """The statements of `run`, and those among them that walk a whole table."""
    with recorded() as statements:
        run()
    return statements, [(each.name, each.sql, s) for each in statements if (s := scans(each))]


def test_every_hot_query_is_looked_at():
    assert set(HOT) == {name for name in names() if not name.startswith("test.")}


@pytest.mark.claim(7, 50)
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
