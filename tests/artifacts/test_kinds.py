"""Each kind: what it takes, what it refuses and where, and that sums are right in what is kept."""

import json
import re
from dataclasses import replace

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from artifacts import documents
from artifacts.kinds import KINDS
from artifacts.kinds.schema import record
from eduhu.errors import InvalidInput
from tests.artifacts.documents import documents as any_document
from tests.artifacts.samples import KIND_NAMES, sample

each_kind = pytest.mark.parametrize("kind", KIND_NAMES)
few = settings(max_examples=15, deadline=None, database=None, derandomize=True,
               suppress_health_check=list(HealthCheck))  # fmt: skip


def wrong(document):
    """What is refused, by path."""
    with pytest.raises(InvalidInput) as refused:
        documents.checked(document)
    return refused.value.extra["errors"]["content"]


def test_there_is_a_sample_of_each_kind():
    assert set(KIND_NAMES) == set(KINDS)


@each_kind
def test_a_schema_is_a_schema_and_each_record_in_it_is_closed(kind):
    Draft202012Validator.check_schema(KINDS[kind].schema)
    assert json.dumps(KINDS[kind].schema)


@each_kind
def test_a_sample_is_accepted_and_its_form_does_not_depend_on_the_order_of_members(kind):
    document = sample(kind)
    _kind, content = documents.checked(document)
    backwards = dict(reversed(document.items()))
    assert documents.checked(backwards)[1] == content
    assert json.loads(content) == document
    assert documents.read(kind, content) == document


@each_kind
def test_whatever_is_stored_validates(kind):
    @few
    @given(any_document(kind))
    def check(document):
        found, content = documents.checked(document)
        stored = json.loads(content)
        assert found.name == kind
        assert documents.problems_of(found, stored) == {}
        assert documents.canonical(stored) == content
        assert stored == document

    check()


@each_kind
def test_a_missing_member_and_an_unknown_one_are_named(kind):
    for name in sample(kind):
        if name in KINDS[kind].schema["required"] and name != "kind":
            document = sample(kind)
            del document[name]
            assert list(wrong(document)) == [f"/{name}"]
    assert list(wrong(sample(kind, mood="sad"))) == ["/mood"]


BREAKS = [
    ("lesson_plan", lambda d: d.update(minutes=44), "/minutes"),
    ("lesson_plan", lambda d: d.update(minutes=4), "/minutes"),
    ("lesson_plan", lambda d: d.update(minutes=601), "/minutes"),
    ("lesson_plan", lambda d: d.update(minutes="45"), "/minutes"),
    ("lesson_plan", lambda d: d.update(minutes=True), "/minutes"),
    ("lesson_plan", lambda d: d.update(language="fr"), "/language"),
    ("lesson_plan", lambda d: d.update(version=2), "/version"),
    ("lesson_plan", lambda d: d["phases"][1].update(name=" "), "/phases/1/name"),
    ("lesson_plan", lambda d: d["phases"][1].update(mood="sad"), "/phases/1/mood"),
    ("lesson_plan", lambda d: d["phases"].clear(), "/phases"),
    ("worksheet", lambda d: d["tasks"][2].update(points=3.5), "/total_points"),
    ("worksheet", lambda d: d["tasks"][2].update(points=3.2), "/tasks/2/points"),
    ("worksheet", lambda d: d["tasks"][2].update(points=-1), "/tasks/2/points"),
    ("worksheet", lambda d: d["tasks"][2].update(level="IV"), "/tasks/2/level"),
    ("worksheet", lambda d: d["tasks"][2].update(id="streifen"), "/tasks/2/id"),
    ("worksheet", lambda d: d["tasks"][2].update(id="Ö 1"), "/tasks/2/id"),
    ("worksheet", lambda d: d["tasks"][2].pop("solution"), "/tasks/2/solution"),
    ("worksheet", lambda d: d["tasks"][2].update(text="x" * 10_001), "/tasks/2/text"),
    ("exam", lambda d: d["tasks"][0]["expectation"].pop(), "/tasks/0/points"),
    ("exam", lambda d: d["grade_key"].reverse(), "/grade_key/1/from"),
    ("exam", lambda d: d["grade_key"].pop(), "/grade_key/4/from"),
    ("exam", lambda d: d["grade_key"][0].update({"from": 20.5}), "/grade_key/0/from"),
    ("differentiated", lambda d: d["levels"].pop(), "/levels"),
    ("differentiated", lambda d: d["levels"].reverse(), "/levels/0/name"),
    ("differentiated", lambda d: d["solutions"].pop(), "/levels/1/tasks/1/solution_id"),
    ("differentiated", lambda d: d["solutions"].append({"id": "x", "text": "y"}),
     "/solutions/2/id"),
    ("differentiated", lambda d: d["levels"][1]["tasks"][1].update(id="m1"),
     "/levels/1/tasks/1/id"),
    ("rubric", lambda d: d["scale"].pop(), "/criteria/0/levels"),
    ("rubric", lambda d: d["criteria"][1]["levels"].reverse(), "/criteria/1/levels"),
    ("rubric", lambda d: d.update(total_points=21), "/total_points"),
    ("escape_room", lambda d: d["steps"].pop(), "/minutes"),
    ("mystery", lambda d: d["cards"].pop(), "/cards"),
    ("quiz", lambda d: d["questions"][1]["options"][1].update(correct=False),
     "/questions/1/options"),
    ("quiz", lambda d: d["questions"][0]["options"][1].update(text="2/4"),
     "/questions/0/options/1/text"),
    ("quiz", lambda d: d["questions"][4]["pairs"][1].update(left="1/2"),
     "/questions/4/pairs/1/left"),
    ("quiz", lambda d: d["questions"][5]["items"].append("1/8"), "/questions/5/items"),
    ("quiz", lambda d: d["questions"][3].update(type="essay"), "/questions/3/type"),
    ("quiz", lambda d: d["questions"][3].pop("answers"), "/questions/3/answers"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "spoil", "path"), BREAKS, ids=[f"{k}{p}-{n}" for n, (k, _, p) in enumerate(BREAKS)]
)
def test_what_is_wrong_is_named_by_its_path_in_both_languages(kind, spoil, path):
    document = sample(kind)
    spoil(document)
    with override("de"):
        german = wrong(document)
    with override("en"):
        english = wrong(document)
    assert path in german
    assert german[path] != english[path]
    assert not re.search(r"%\(|'\^", str(german) + str(english))


@pytest.mark.parametrize("kind", [None, "poem", 7, ["exam"], "text"])
def test_an_unknown_kind_is_refused_and_the_known_ones_are_named(kind):
    problems = wrong({**sample("exam"), "kind": kind})
    assert "lesson_plan" in problems["/kind"][0]


def test_a_document_as_long_as_a_book_is_refused():
    letter = sample("parent_letter")
    letter["paragraphs"] = ["x" * 10_000] * 30
    documents.checked(letter)
    exam = sample("exam")
    exam["tasks"] = [{**exam["tasks"][0], "id": f"t{n}", "text": "x" * 10_000} for n in range(60)]
    exam["total_points"] = 360
    assert "500000" in str(wrong(exam))


def test_an_old_document_is_read_as_the_newest_version_and_stored_so(monkeypatch):
    old = KINDS["game"]
    required = {**old.required, "place": record({})}
    upgrades = {
        1: lambda document: {**document, "version": 2},
        2: lambda document: {**document, "version": 3, "place": {}},
    }
    new = replace(old, version=3, required=required, upgrades=upgrades)
    content = documents.checked(sample("game"))[1]
    monkeypatch.setitem(KINDS, "game", new)
    read = documents.read("game", content)
    assert (read["version"], read["place"]) == (3, {})
    assert documents.checked(sample("game"))[1] == documents.canonical(read)


def test_content_without_a_kind_is_recognised_only_when_it_is_sound():
    content = documents.checked(sample("exam"))[1]
    assert documents.recognise(content, "worksheet") == "exam"
    for other in (content.replace('"total_points":20', '"total_points":21'), "# Text", "{", "{}"):
        assert documents.recognise(other, "worksheet") == "text"
    assert documents.recognise(content, "rubric") == "text"


def test_every_kind_has_a_risk_and_nothing_in_it_is_about_a_person():
    """Nothing infers feelings, grades a pupil, or watches an exam (EU AI Act, annex III, art. 5)."""
    forbidden = re.compile(r"emotion|mood|attention|stress|pupil_name|student|grade_of|proctor")
    for kind in KINDS.values():
        assert kind.risk in {"minimal", "limited"}
        names = re.findall(r'"(\w+)": \{', json.dumps(kind.schema))
        assert not [name for name in names if forbidden.search(name)]
