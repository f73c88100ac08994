"""Every action: an old snapshot and the events of it are the same as a fresh snapshot."""

import contextlib
import importlib
import inspect
import uuid
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
from django.apps import apps
from django.contrib import admin

from eduhu.admin import ReadOnly
from tests import prepared
from tests.artifacts.samples import sample
from tests.cluster import Cluster
from tests.fakes.ai_script import Script
from tests.processes import ROOT
from tests.readers import Device, devices_at
from tests.verify import verified

# What changes no row that a client lists.
TELLS_NOBODY = {
    "artifacts.export_artifact",
    "artifacts.note_exports",
    "chats.default_title",
    "chats.auto_title",
    "chats.find_repeated",
    "chats.give_feedback",
    "chats.take_feedback_back",
    "teachers.check_password",
    "teachers.sign_in",
    "teachers.sign_out",
    "teachers.sign_out_everywhere",
    "teachers.withdraw_password",
    "admin.chats.topicfailure.judge_again",
    "teachers.remove_expired_tokens",
    "teachers.open_realtime",
}
LISTED_MODELS = {"chats.chat", "artifacts.artifact", "teachers.teacherpreferences"}
SIGN_IN = {"username": "staff@eduhu.example", "password": "correct horse battery"}
STORY = "Ein Bruch ist ein Teil vom Ganzen, zum Beispiel ein Viertel."

Case = Callable[["Stage"], AsyncIterator[None]]
CASES: list[Any] = []
VERIFIED: set[str] = set()
numbers = count()


class Stage:
    """A teacher's device, and what a case may need beside it."""

    def __init__(self, cluster: Cluster, device: Device) -> None:
        self.cluster = cluster
        self.device = device

    async def post(self, path: str, **body) -> dict:
        status, row = await self.device.call("POST", path, body)
        assert status == 201, row
        return row

    async def change(self, path: str, **body) -> None:
        status, answer = await self.device.call("PATCH", path, body, **{"If-Match": "*"})
        assert status == 200, answer

    async def delete(self, path: str) -> None:
        assert (await self.device.call("DELETE", path))[0] == 204

    async def new_artifact(self, **more) -> dict:
        body = {"title": "AB", "content": "1.", "artifact_type": "worksheet", **more}
        return await self.post("/api/artifacts", **body)

    def question(self, script: Script | None = None) -> str:
        question = f"Frage {next(numbers)}"
        self.cluster.ai.scripts[question] = script or Script.saying(STORY, delay=0.003)
        return question

    async def asked(self, script: Script | None = None, **body):
        """The reply to a question, read to its end."""
        return await (await self.device.ask({"content": self.question(script), **body})).read()

    async def begun(self, **body):
        """A reply that goes on and on."""
        script = Script(fault="endless", delay=0.01)
        stream = await self.device.ask({"content": self.question(script), **body})
        await stream.until(lambda event: event.type == "content")
        return stream

    async def settled(self, chat_id: str) -> None:
        """Wait until nothing is being written in a chat."""
        while live := (await self.device.get(f"/api/chats/{chat_id}"))["live_reply"]:
            await (await self.device.follow(live["reply_id"])).read()

    async def stopped(self):
        """A reply that was stopped before its first word; asked again, it is whole."""
        question = self.question(Script(first_delay=5))
        stream = await self.device.ask({"content": question})
        await stream.next()
        await self.device.cancel(stream.meta["reply_id"])
        self.cluster.ai.scripts[question] = Script.saying(STORY)
        return await stream.read()


def manage(cluster: Cluster, *command: str, **environment: str) -> None:
    """Run a management command on the same data."""
    prepared.manage({**cluster.webs[0].environment, **environment}, *command)


class Staff:
    """A browser in which a member of staff is signed in. Use it with `async with`."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def __aenter__(self) -> "Staff":
        jar = aiohttp.CookieJar(unsafe=True)  # it would take none from an address without a name
        self._session = aiohttp.ClientSession(cookie_jar=jar)
        async with self._session.get(f"{self.url}/admin/login/") as page:
            assert page.status == 200
        await self.post("/admin/login/", **SIGN_IN)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def open(self, row: str) -> None:
        """Say why the words of a row have to be read, as who changes them must."""
        await self.post(f"{row}/read/", reason="Anfrage 4711 der Lehrkraft")

    async def post(self, path: str, **fields: str) -> None:
        """Send a form; fail unless it is accepted."""
        token = {cookie.key: cookie.value for cookie in self._session.cookie_jar}["csrftoken"]
        fields = {"csrfmiddlewaretoken": token, **fields}
        url = self.url + path
        async with self._session.post(url, data=fields, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()


def verifies(*names: str, marks: Any = ()):
    """Make a function a case: what stands before its `yield` is the past, the rest is verified."""

    def register(case: Case) -> Case:
        CASES.append(pytest.param(case, marks=marks, id=case.__name__))
        VERIFIED.update(names)
        return case

    return register


@verifies("chats.create_chat")
async def a_chat_is_created(stage):
    yield
    await stage.post("/api/chats")
    await stage.post("/api/chats", id=str(uuid.uuid4()), title="Optik", topic_category=None)


@verifies("chats.create_chat")
async def a_chat_is_created_twice(stage):
    body = {"id": str(uuid.uuid4()), "title": "Optik"}
    yield
    await stage.post("/api/chats", **body)
    assert (await stage.device.call("POST", "/api/chats", body))[0] == 200


@verifies("chats.update_chat")
async def a_chat_is_renamed_and_archived_and_comes_back(stage):
    chats = [await stage.post("/api/chats") for _ in range(3)]
    paths = [f"/api/chats/{chat['id']}" for chat in chats]
    yield
    await stage.change(paths[0], title="Optik", topic_category="assessment")
    await stage.change(paths[1], is_archived=True)
    await stage.change(paths[2], is_archived=True)
    await stage.change(paths[2], is_archived=False)


@verifies("chats.correct_topics")
async def the_topics_of_a_question_are_corrected(stage):
    stream = await stage.asked()
    page = await stage.device.get(f"/api/chats/{stream.meta['chat_id']}/messages")
    yield
    path = f"/api/messages/{page['results'][0]['id']}"
    await stage.change(path, educational_topics=["assessment"])


@verifies("chats.delete_chat", "artifacts.delete_artifact")
async def a_chat_is_deleted_with_its_artifacts(stage):
    chat = await stage.post("/api/chats")
    for _ in range(3):
        await stage.new_artifact(chat_id=chat["id"])
    await stage.change(f"/api/chats/{chat['id']}", is_archived=True)
    yield
    await stage.delete(f"/api/chats/{chat['id']}")


@verifies("chats.delete_chat")
async def a_chat_is_deleted_while_its_reply_is_written(stage):
    stream = await stage.begun()
    yield
    await stage.delete(f"/api/chats/{stream.meta['chat_id']}")
    await stream.read()


@verifies("chats.send_message")
async def a_question_makes_a_chat(stage):
    yield
    stream = await stage.asked()
    assert stream.text == STORY


@verifies("chats.send_message")
async def a_question_joins_a_chat_without_a_name(stage):
    chat = await stage.post("/api/chats")
    yield
    await stage.asked(chat_id=chat["id"])


@verifies("chats.send_message")
async def a_question_comes_over_a_socket(stage):
    chat = await stage.post("/api/chats")
    yield
    async with stage.device.socket(chat["id"]) as socket:
        await socket.send({"type": "send", "content": stage.question()})
        await socket.until("done")


@verifies("chats.send_message")
async def a_question_is_never_answered(stage):
    yield
    stream = await stage.asked(Script(fault="status_500"))
    assert stream.ending.type == "error"


@verifies("chats.send_message")
async def an_answer_is_being_written(stage):
    yield
    stream = await stage.device.ask({"content": stage.question(Script.saying(STORY, delay=0.1))})
    await stream.until(lambda event: event.type == "content")


@verifies("chats.retry_reply")
async def a_question_is_answered_again(stage):
    stream = await stage.asked()
    yield
    await (await stage.device.again(stream.meta["reply_id"], "retry")).read()


@verifies("chats.continue_reply")
async def an_answer_goes_on(stage):
    stream = await stage.stopped()
    yield
    more = await (await stage.device.again(stream.meta["reply_id"], "continue")).read()
    assert more.ending.data["finish_reason"] == "stop"


@verifies("chats.cancel_reply")
async def an_answer_is_stopped(stage):
    stream = await stage.begun()
    yield
    await stage.device.cancel(stream.meta["reply_id"])
    await stream.read()


# An embedded server cannot hear what a command in another process commits.
@verifies("chats.rebuild_message_counts", marks=pytest.mark.services)
async def counts_are_put_right(stage):
    streams = [await stage.asked() for _ in range(2)]
    with psycopg.connect(stage.cluster.postgres.url) as connection:
        ids = [stream.meta["chat_id"] for stream in streams]
        connection.execute("UPDATE chats SET message_count = 7 WHERE id = ANY(%s::uuid[])", [ids])
    yield
    manage(stage.cluster, "rebuild_counts")


@verifies("artifacts.create_artifact")
async def artifacts_are_created(stage):
    stream = await stage.asked()
    yield
    await stage.new_artifact()
    await stage.new_artifact(chat_id=stream.meta["chat_id"])
    await stage.new_artifact(message_id=stream.meta["message_id"], id=str(uuid.uuid4()))


@verifies("artifacts.update_artifact", "artifacts.delete_artifact")
async def artifacts_are_changed_and_deleted(stage):
    artifacts = [await stage.new_artifact() for _ in range(2)]
    paths = [f"/api/artifacts/{each['id']}" for each in artifacts]
    yield
    await stage.change(paths[0], title="Neu", content="2.")
    await stage.delete(paths[1])


@verifies("artifacts.restore_artifact", "artifacts.update_artifact")
async def a_document_is_changed_in_one_part_and_comes_back(stage):
    artifact = await stage.new_artifact(content=sample("quiz"), artifact_type="activity")
    path = f"/api/artifacts/{artifact['id']}"
    await stage.change(path, title="Neu")
    yield
    patch = [{"op": "replace", "path": "/questions/0/text", "value": "Was ist Licht?"}]
    await stage.change(path, patch=patch)
    back = await stage.device.call("POST", f"{path}/restore", {"revision": 1}, **{"If-Match": "*"})
    assert back[0] == 200


@verifies("teachers.save_preferences")
async def preferences_are_changed(stage):
    yield
    await stage.change("/api/preferences", subject_areas=["Mathe", "Sport"], grade_level="8")


@verifies("teachers.save_preferences")
async def preferences_are_replaced(stage):
    await stage.change("/api/preferences", subject_areas=["Mathe", "Sport"])
    yield
    answer = await stage.device.call("PUT", "/api/preferences", {"grade_level": "9"})
    assert answer[0] == 200


@verifies("admin.chats.chat.change")
async def staff_change_a_chat(stage):
    chat = await stage.post("/api/chats")
    yield
    async with Staff(stage.device.url) as staff:
        fields = {"title": "Optik", "topic_category": "assessment", "is_archived": "on"}
        await staff.open(f"/admin/chats/chat/{chat['id']}")
        await staff.post(f"/admin/chats/chat/{chat['id']}/change/", **fields)


@verifies("admin.chats.chat.archive", "admin.chats.chat.unarchive")
async def staff_archive_a_chat_and_bring_another_back(stage):
    chats = [(await stage.post("/api/chats"))["id"] for _ in range(2)]
    await stage.change(f"/api/chats/{chats[1]}", is_archived=True)
    yield
    async with Staff(stage.device.url) as staff:
        for action, chat_id in zip(["archive", "unarchive"], chats, strict=True):
            await staff.post("/admin/chats/chat/", action=action, _selected_action=chat_id)


@verifies("admin.chats.reply.stop")
async def staff_stop_a_reply(stage):
    stream = await stage.begun()
    yield
    async with Staff(stage.device.url) as staff:
        chosen = {"action": "stop", "_selected_action": stream.meta["reply_id"]}
        await staff.post("/admin/chats/reply/", **chosen)
    assert (await stream.read()).ending.data["finish_reason"] == "cancelled"


@verifies("admin.chats.reply.retry")
async def staff_have_a_reply_written_again(stage):
    stream = await stage.stopped()
    yield
    async with Staff(stage.device.url) as staff:
        chosen = {"action": "retry", "_selected_action": stream.meta["reply_id"]}
        await staff.post("/admin/chats/reply/", **chosen)
    await stage.settled(stream.meta["chat_id"])


@verifies("admin.artifacts.artifact.change")
async def staff_change_an_artifact(stage):
    artifact = await stage.new_artifact()
    yield
    async with Staff(stage.device.url) as staff:
        fields = {"title": "Neu", "content": "2."}
        await staff.open(f"/admin/artifacts/artifact/{artifact['id']}")
        await staff.post(f"/admin/artifacts/artifact/{artifact['id']}/change/", **fields)


@verifies("admin.teachers.teacherpreferences.change")
async def staff_change_preferences(stage):
    preferences = await stage.device.get("/api/preferences")
    yield
    async with Staff(stage.device.url) as staff:
        fields = {
            "grade_level": "8", "subject_areas": '["Mathe"]', "ai_model_preference": "",
            "notification_settings": "{}",
        }  # fmt: skip
        path = f"/admin/teachers/teacherpreferences/{preferences['id']}/change/"
        await staff.post(path, **fields)


@pytest.fixture(scope="module")
def stage(cluster):
    """The processes, and an account for staff."""
    account = ["--noinput", f"--email={SIGN_IN['username']}"]
    manage(cluster, "createsuperuser", *account, DJANGO_SUPERUSER_PASSWORD=SIGN_IN["password"])
    return cluster


@pytest.fixture
async def sign_in(cluster):
    """`sign_in()` gives a device of a new teacher at each web process."""
    async with contextlib.AsyncExitStack() as stack:

        async def make():
            return await stack.enter_async_context(
                devices_at(cluster.urls, cluster.tokens.pop()[0])
            )

        yield make


@pytest.mark.parametrize("case", CASES)
async def test_a_snapshot_and_events_are_the_same_as_a_fresh_snapshot(case, stage, sign_in):
    devices, [stranger, *_] = await sign_in(), await sign_in()
    steps = case(Stage(stage, devices[0]))
    await anext(steps)
    async with verified(actor=devices[0], watching=devices, stranger=stranger):
        with pytest.raises(StopAsyncIteration):
            await anext(steps)


def public_actions() -> set[str]:
    """All verbs of our apps."""
    files = [Path(config.path) / "actions.py" for config in apps.get_app_configs()]
    ours = [file for file in files if file.exists() and file.parent.parent == ROOT]
    modules = [importlib.import_module(f"{file.parent.name}.actions") for file in ours]
    return {
        f"{module.__name__.partition('.')[0]}.{name}"
        for module in modules
        for name, each in inspect.getmembers(module, callable)
        if each.__module__ == module.__name__ and not isinstance(each, type) and name[0] != "_"
    }


def admin_changes() -> set[str]:
    """All that staff can do to rows which clients list."""
    return {
        f"admin.{model_admin.opts.label_lower}.{verb}"
        for model_admin in admin.site._registry.values()
        if model_admin.opts.label_lower in LISTED_MODELS or model_admin.opts.app_label == "chats"
        for verb in (
            *(() if isinstance(model_admin, ReadOnly) else ("change",)),
            *model_admin.actions,
        )
    }


def test_every_action_is_verified_or_changes_nothing_a_client_lists():
    assert public_actions() | admin_changes() == VERIFIED | TELLS_NOBODY
    assert not VERIFIED & TELLS_NOBODY
