"""What operators switch off is refused at once, in words a teacher understands."""

import time

import pytest
from asgiref.sync import sync_to_async
from auditlog.models import LogEntry
from django.db import DatabaseError
from django.urls import reverse
from knox.models import AuthToken
from waffle import switch_is_active
from waffle.models import Switch

from chats.models import Chat, Message, Reply
from chats.providers.base import Prompt, PromptMessage
from chats.providers.resilient import Resilient, Route, provider_breaker
from eduhu.cache import tasks, warming
from eduhu.errors import ModelOff
from eduhu.switches import actions, state
from eduhu.switches.reader import Reader
from teachers.actions import save_preferences
from tests.admin import page, staff_client
from tests.asgi import ask, reply_engine
from tests.client import ApiClient
from tests.eduhu.test_isolation import make_world
from tests.factories import PASSWORD, make_teacher

SWITCH = "/admin/waffle/switch/switch/"


def switch(**switches):
    """Switch features and models by name, and let this process read it."""
    for name, is_on in switches.items():
        Switch.objects.update_or_create(name=name, defaults={"active": is_on})
    state.load()


def off(*names):
    switch(**dict.fromkeys(names, False))


@pytest.fixture
def two_models(settings):
    settings.AI_MODEL, settings.AI_MODELS = "template", ["template", "large"]


CALLS = [
    ("exports", "GET", "/api/artifacts/{artifact_id}/export?format=md", None, 200),
    ("analytics", "GET", "/api/analytics/summary", None, 200),
    ("analytics", "GET", "/api/analytics", None, 200),
    ("analytics", "GET", "/api/insights", None, 200),
    ("recommendations", "GET", "/api/recommendations", None, 200),
    ("realtime", "POST", "/api/realtime/token", None, 404),
    ("sign_in", "POST", "/api/auth/login", {"email": "", "password": PASSWORD}, 200),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("feature", "method", "path", "data", "status"), CALLS)
def test_a_feature_that_is_off_says_so_and_is_back_when_it_is_on(
    feature, method, path, data, status, api, teacher, caplog
):
    path = make_world(teacher).fill(path)
    data = data and {**data, "email": teacher.email}
    off(f"feature:{feature}")
    words = {"de": "abgeschaltet", "en": "switched off"}
    for language, word in words.items():
        answer = api.send(method, path, data, HTTP_ACCEPT_LANGUAGE=language)
        assert (answer.status_code, answer.json()["code"]) == (503, "feature_off")
        assert answer.json()["feature"] == feature
        assert word in answer.json()["detail"]
        assert answer["Retry-After"] == "60"
    assert "Service Unavailable" not in caplog.text  # nobody is to be woken for it
    assert api.get("/api/chats").status_code == 200
    switch(**{f"feature:{feature}": True})
    assert api.send(method, path, data).status_code == status


@pytest.mark.django_db
def test_staff_reach_the_admin_while_nobody_signs_in():
    off("feature:sign_in")
    make_teacher(email="staff@eduhu.example", is_staff=True)
    form = {"username": "staff@eduhu.example", "password": PASSWORD}
    assert ApiClient().post(reverse("admin:login"), form).status_code == 302


@pytest.mark.parametrize(
    ("feature", "path", "data"),
    [
        ("chat", "/api/chat", {"content": "Was ist Licht?"}),
        ("chat", "/api/replies/{reply_id}/retry", None),
        ("chat", "/api/replies/{reply_id}/continue", None),
        ("generation", "/api/artifacts/generate", {"kind": "quiz", "topic": "Licht"}),
    ],
)
async def test_no_reply_begins_while_its_feature_is_off(
    feature, path, data, teacher, transactional_db
):
    @sync_to_async
    def prepare():
        off(f"feature:{feature}")
        return make_world(teacher), AuthToken.objects.create(teacher)[1]

    world, token = await prepare()
    answer = await ask("POST", world.fill(path), data, token=token)
    assert (answer.status, answer.json()["code"]) == (503, "feature_off")
    assert await Reply.objects.acount() == 1
    assert await Message.objects.acount() == 2  # those of the world


async def asked(token, **fields):
    async with reply_engine():
        return await ask("POST", "/api/chat", {"content": "Licht?", **fields}, token=token)


async def test_who_names_a_model_that_is_off_is_told(teacher, two_models, transactional_db):
    await sync_to_async(off)("model:large")
    token = await sync_to_async(lambda: AuthToken.objects.create(teacher)[1])()
    answer = await asked(token, model="large")
    assert (answer.status, answer.json()["code"]) == (503, "model_off")
    assert answer.json()["model"] == "large"
    assert not await Chat.objects.aexists()


async def test_who_only_prefers_it_is_answered_by_the_default(
    teacher, two_models, transactional_db
):
    @sync_to_async
    def prepare():
        save_preferences(teacher=teacher, changes={"ai_model_preference": "large"})
        off("model:large")
        return AuthToken.objects.create(teacher)[1]

    answer = await asked(await prepare())
    assert answer.frames()[-1]["type"] == "done"
    assert (await Reply.objects.aget()).model == "template"


@pytest.mark.django_db
def test_another_model_answers_for_a_default_that_is_off(two_models, settings):
    off("model:template")
    assert state.choose_model(None, None) == "large"
    off("model:large")
    with pytest.raises(ModelOff):
        state.choose_model(None, "large")
    settings.AI_FALLBACK_MODEL = "spare"
    assert state.choose_model(None, None) == "template"  # the provider goes to the fallback
    off("model:spare")
    with pytest.raises(ModelOff):
        state.choose_model(None, None)


class Named:
    """A provider that only says who was asked."""

    is_demo = False

    def __init__(self, name):
        self.name = name

    async def stream(self, prompt):
        yield f"{self.name} {prompt.model}"


async def first_words(resilient):
    prompt = Prompt((PromptMessage("user", "Licht?"),), "large")
    return await anext(resilient.stream(prompt))


async def test_a_waiting_reply_goes_to_the_fallback_or_ends_with_the_reason(transactional_db):
    routes = [
        Route(Named(name), provider_breaker(f"off:{name}", threshold=3, pause=1.0), model)
        for name, model in (("main", None), ("spare", "small"))
    ]
    resilient = Resilient(*routes, total_timeout=5)
    assert await first_words(resilient) == "main large"
    await sync_to_async(off)("model:large")
    assert await first_words(resilient) == "spare small"
    await sync_to_async(off)("model:small")
    with pytest.raises(ModelOff):
        await first_words(resilient)


@pytest.mark.django_db
def test_caches_are_not_warmed_while_that_is_off(monkeypatch):
    runs = []
    monkeypatch.setattr(warming, "warm", lambda **how: runs.append(how))
    Switch.objects.create(name="feature:warming", active=False)
    tasks.warm_caches()
    assert runs == []
    Switch.objects.update(active=True)
    tasks.warm_caches()
    assert len(runs) == 1


# --- In the admin ------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_click_switches_here_with_the_commit_and_leaves_one_row(
    two_models, django_capture_on_commit_callbacks
):
    staff = staff_client()
    text = staff.get(page(Switch), headers={"Accept-Language": "en"}).text
    for shown in (*map(str, state.FEATURES), "large", "template"):
        assert shown in text
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.post(SWITCH, {"off": "model:large"}).status_code == 302
    assert not state.is_model_on("large")
    assert not switch_is_active("model:large")
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(SWITCH, {"off": "model:large"})  # a second click does nothing more
    [entry] = LogEntry.objects.all()
    assert (entry.actor, entry.additional_data["note"]) == (staff.teacher, "model:large")
    assert 'value="model:large"' in staff.get(page(Switch)).text
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(SWITCH, {"on": "model:large"})
    assert state.is_model_on("large")
    assert {e.additional_data["what"] for e in LogEntry.objects.all()} == {
        "switch_off", "switch_on",
    }  # fmt: skip


@pytest.mark.django_db
def test_only_who_may_switch_switches_and_only_what_there_is():
    watcher = staff_client("waffle.view_switch", is_superuser=False)
    assert f'action="{SWITCH}"' in watcher.get(page(Switch)).text
    assert 'name="off"' not in watcher.get(page(Switch)).text
    assert watcher.post(SWITCH, {"off": "feature:chat"}).status_code == 403
    assert staff_client().get(SWITCH).status_code == 403
    assert staff_client().post(SWITCH, {"off": "feature:sun"}).status_code == 404
    assert staff_client("chats.view_chat", is_superuser=False).get(page(Switch)).status_code == 403
    assert not Switch.objects.exists()


# --- In every process ---------------------------------------------------------------------


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def reader(monkeypatch):
    monkeypatch.setattr("eduhu.switches.reader.READ_SECONDS", 0.02)
    reader = Reader("web")
    yield reader
    reader.stop()


@pytest.mark.django_db(transaction=True)
def test_a_process_that_did_not_write_follows(reader):
    Switch.objects.create(name="feature:chat", active=False)
    reader.start()
    wait_until(lambda: not state.is_feature_on("chat"))
    Switch.objects.update(active=True)
    wait_until(lambda: state.is_feature_on("chat"))


@pytest.mark.django_db(transaction=True)
def test_what_is_off_stays_off_while_the_database_is_away(reader, monkeypatch):
    Switch.objects.create(name="feature:chat", active=False)
    load, failures = state.load, []

    def fail():
        failures.append(1)
        raise DatabaseError

    state.load()
    monkeypatch.setattr(state, "load", fail)
    reader.start()
    wait_until(lambda: len(failures) > 2)
    assert not state.is_feature_on("chat")
    Switch.objects.update(active=True)
    monkeypatch.setattr(state, "load", load)
    wait_until(lambda: state.is_feature_on("chat"))


@pytest.mark.django_db
def test_switching_what_is_so_already_does_nothing():
    assert actions.set_switch(name="feature:chat", is_on=True) is None
    assert actions.set_switch(name="feature:chat", is_on=False) is not None
    assert actions.set_switch(name="feature:chat", is_on=False) is None
