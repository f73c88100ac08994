"""Documents that are made: whatever the AI service says, only whole and sound ones are kept."""

import json
import random

import orjson
import pytest
from knox.models import AuthToken

from artifacts import documents
from artifacts.generation.drafts import draft
from artifacts.generation.wishes import Wish, parse_wish
from artifacts.kinds import KINDS
from artifacts.models import Artifact
from chats.models import Chat, Message, Reply, UsageEntry
from chats.providers.base import Finish, Usage
from chats.providers.template.german import DEMO_LABEL_DE
from eduhu.errors import InvalidInput
from eduhu.threads import in_thread
from tests.artifacts.samples import KIND_NAMES, sample
from tests.asgi import ask, reply_engine
from tests.client import ApiClient

pytestmark = pytest.mark.django_db

PATH = "/api/artifacts/generate"
WISH = {"kind": "exam", "topic": "Brüche", "subject": "Mathematik", "grade": "6", "minutes": 45}


class Scripted:
    """A provider that gives its answers one after the other, and remembers what it was asked."""

    name, is_demo = "scripted", False

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def stream(self, prompt):
        self.asked.append(prompt)
        answer = self.answers.pop(0)
        for start in range(0, len(answer), 500):
            yield answer[start : start + 500]
        yield Finish("stop", Usage(10, 5))

    async def aclose(self):
        """Hold nothing."""


def wish(number=0, **fields):
    chance = random.Random(number)
    amounts = {
        "minutes": chance.choice([5, 7, 45, 90, 600, chance.randint(5, 600)]),
        "points": chance.randint(5, 200), "tasks": chance.randint(1, 20),
        "language": chance.choice(["de", "en"]), "notes": chance.choice(["", "Bitte kurz!"]),
        "grade": chance.choice(["", "6", "10b"]), "topic": "Optik", "kind": "exam",
    }  # fmt: skip
    return Wish(**{**amounts, **fields})


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_hundred_drafts_of_each_kind_are_sound_and_as_long_as_wished(kind):
    for number in range(100):
        wanted = wish(number, kind=kind)
        document = draft(wanted)
        assert documents.problems_of(KINDS[kind], document) == {}, wanted
        assert document.get("minutes", wanted.minutes) == wanted.minutes
        if kind in {"exam", "worksheet", "rubric", "quiz"}:
            assert document["total_points"] == max(
                wanted.points, 0 if kind == "rubric" else wanted.tasks
            )
        assert draft(wanted) == document


def test_the_levels_of_a_draft_are_about_30_40_30():
    levels = [task["level"] for task in draft(wish(tasks=10))["tasks"]]
    assert levels == ["I"] * 3 + ["II"] * 4 + ["III"] * 3


@pytest.mark.parametrize(("tasks", "points"), [(5, 30), (6, 40), (8, 24), (20, 200)])
def test_the_points_of_a_draft_are_about_30_40_30(tasks, points):
    drafted = draft(wish(tasks=tasks, points=points))["tasks"]
    shares = dict.fromkeys(("I", "II", "III"), 0)
    for task in drafted:
        shares[task["level"]] += task["points"] / points
    assert shares == pytest.approx({"I": 0.3, "II": 0.4, "III": 0.3}, abs=0.05)


BAD_WISHES = [
    ({"kind": "poem"}, "kind"), ({"kind": None}, "kind"), ({"kind": ["exam"]}, "kind"),
    ({"kind": "text"}, "kind"), ({"topic": ""}, "topic"), ({"topic": " "}, "topic"),
    ({"topic": 7}, "topic"), ({"topic": "x" * 301}, "topic"), ({"minutes": 4}, "minutes"),
    ({"minutes": 601}, "minutes"), ({"minutes": "45"}, "minutes"), ({"minutes": True}, "minutes"),
    ({"minutes": 45.5}, "minutes"), ({"grade": "14"}, "grade"), ({"grade": 0}, "grade"),
    ({"grade": "sixth"}, "grade"), ({"grade": "6x"}, "grade"), ({"language": "fr"}, "language"),
    ({"options": []}, "options"), ({"options": {"mood": 1}}, "options.mood"),
    ({"options": {"points": 201}}, "points"), ({"options": {"tasks": 0}}, "tasks"),
    ({"chat_id": "7"}, "chat_id"), ({"model": 7}, "model"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "field"), BAD_WISHES, ids=str)
async def test_a_wish_that_cannot_be_is_refused_and_nothing_is_stored(teacher, wrong, field):
    token = await in_thread(token_of)(teacher)
    answer = await ask("POST", PATH, {**WISH, **wrong}, token=token)
    assert (answer.status, answer.json()["code"]) == (400, "invalid_input")
    assert set(answer.json()["errors"]) == {field}
    assert not await in_thread(Chat.objects.exists)()


@pytest.mark.parametrize(
    "grade", ["1", 13, "10b", "5-6", "5/6", "Klasse 7", "Q1", "Ausbildung", None]
)
def test_grades_of_schools_are_known(grade):
    assert parse_wish({**WISH, "grade": grade}, "de").grade == str(grade or "")


def test_an_unknown_language_of_a_teacher_is_german():
    assert [parse_wish(WISH, each).language for each in ("de", "en", "fr")] == ["de", "en", "de"]
    with pytest.raises(InvalidInput):
        parse_wish({}, "de")


def token_of(teacher):
    return AuthToken.objects.create(teacher)[1]


async def generate(teacher, provider=None, **fields):
    """What the stream says, and what is stored afterwards."""
    token = await in_thread(token_of)(teacher)
    async with reply_engine() as engine:
        if provider is not None:
            engine.worker._provider = provider
        answer = await ask("POST", PATH, {**WISH, **fields}, token=token)
    frames = answer.frames()
    text = "".join(frame["content"] for frame in frames if frame["type"] == "content")
    return frames[0], text, frames[-1]


@pytest.mark.claim(40)
@pytest.mark.parametrize("kind", KIND_NAMES)
async def test_each_kind_is_made_in_a_chat_and_can_be_had_as_docx(teacher, kind):
    meta, text, ending = await generate(teacher, kind=kind)
    assert ending["type"] == "done"
    assert meta["demo"] is True
    assert DEMO_LABEL_DE.strip() in text

    @in_thread
    def look():
        artifact, api = Artifact.objects.get(), ApiClient(teacher)
        message = Message.objects.get(role="assistant")
        assert str(artifact.pk) == meta["artifact_id"]
        assert (artifact.kind, artifact.message_id) == (kind, message.pk)
        assert (message.content_type, message.content) == ("artifact", text)
        shown = api.get(f"/api/artifacts/{artifact.pk}").json()
        assert shown["content"]["ai_generated"] is True
        assert documents.problems_of(KINDS[kind], shown["content"]) == {}
        docx = api.get(f"/api/artifacts/{artifact.pk}/export?format=docx")
        assert docx.content.startswith(b"PK")
        patch = [{"op": "replace", "path": "/topic", "value": "Optik"}]
        url = f"/api/artifacts/{artifact.pk}"
        assert api.send("PATCH", url, {"patch": patch}, HTTP_IF_MATCH='"1"').status_code == 200

    await look()
    assert "Brüche" in text


GOOD = json.dumps(sample("exam", minutes=45), ensure_ascii=False)
BROKEN = GOOD.replace('"total_points": 20', '"total_points": 21')


@pytest.mark.parametrize(
    "answers",
    [[GOOD], [f"Gern!\n```json\n{GOOD}\n```\nViel Erfolg"], [BROKEN, GOOD], ["Nein.", GOOD],
     [GOOD[:-40], GOOD], ["[1]", GOOD], ["", GOOD]],
    ids=["good", "fenced", "wrong sum", "no JSON", "cut", "no object", "empty"],
)  # fmt: skip
async def test_what_the_service_says_is_held_to_the_schema_and_repaired_once(teacher, answers):
    provider = Scripted(*answers)
    _meta, text, ending = await generate(teacher, provider)
    assert ending["type"] == "done"
    assert ending["usage"]["prompt_tokens"] == 10 * len(answers)
    assert ("Fehler" in text) is (len(answers) == 2)
    artifact = await in_thread(Artifact.objects.get)()
    content = orjson.loads(artifact.content)
    assert content == sample("exam", minutes=45, ai_generated=True)
    first = provider.asked[0]
    assert '"grade_key"' in first.messages[0].content
    assert "Brüche" in first.messages[-1].content
    if len(answers) == 2:
        said, told = provider.asked[1].messages[-2:]
        assert (said.role, said.content) == ("assistant", answers[0])
        assert "/total_points" in told.content or "no JSON object" in told.content


@pytest.mark.parametrize("kind", ["exam", "quiz"])
async def test_a_service_that_makes_nothing_sound_ends_in_a_clear_error_and_leaves_nothing(
    teacher, kind
):
    meta, _text, ending = await generate(teacher, Scripted(BROKEN, BROKEN), kind=kind)
    assert (ending["type"], ending["code"]) == ("error", "document_not_made")
    assert "Material" in ending["error"]

    @in_thread
    def look():
        assert not Artifact.objects.exists()
        assert Reply.objects.get().state == "failed"
        assert UsageEntry.objects.get().prompt_tokens == 20  # both answers were paid for
        assert Message.objects.filter(content_type="artifact").count() == 0
        api = ApiClient(teacher)
        assert api.get(f"/api/artifacts/{meta['artifact_id']}").status_code == 404

    await look()


async def test_a_failed_one_can_be_retried_and_joins_its_chat(teacher):
    first, _text, _ending = await generate(teacher, Scripted(BROKEN, BROKEN))
    token = await in_thread(token_of)(teacher)
    async with reply_engine() as engine:
        engine.worker._provider = Scripted(GOOD)
        refused = await ask("POST", f"/api/replies/{first['reply_id']}/continue", token=token)
        again = await ask("POST", f"/api/replies/{first['reply_id']}/retry", token=token)
    assert (refused.status, refused.json()["code"]) == (409, "cannot_continue")
    assert again.frames()[-1]["type"] == "done"
    assert again.frames()[0]["artifact_id"] != first["artifact_id"]
    artifact = await in_thread(Artifact.objects.get)()
    assert str(artifact.chat_id) == first["chat_id"]


async def test_characters_that_cannot_be_stored_are_left_out(teacher):
    odd = GOOD.replace("Viel Erfolg!", "Viel\\u0000 Erfolg!\\u0001")
    _meta, _text, ending = await generate(teacher, Scripted(odd))
    assert ending["type"] == "done"
    artifact = await in_thread(Artifact.objects.get)()
    assert orjson.loads(artifact.content)["notes"] == ["Viel Erfolg!"]
