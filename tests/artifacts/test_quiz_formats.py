"""Quizzes for learning platforms: whatever the quiz, its key comes back as it went out."""

import xml.etree.ElementTree as ElementTree
import zipfile
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings

from artifacts.exports import export
from artifacts.exports.questions import fractions
from tests.artifacts.documents import documents
from tests.artifacts.qti3_words import wrong_words
from tests.artifacts.reading import gift_key, moodle_key, qti_key
from tests.artifacts.samples import sample

# Moodle refuses an answer that is worth any other part, in percent.
MOODLE_FRACTIONS = {100, 90, 83.33333, 80, 75, 70, 66.66667, 60, 50, 40, 33.33333, 30, 25, 20,
                    16.66667, 14.28571, 12.5, 11.11111, 10, 5, 0}  # fmt: skip


QTI = {
    "qti21": "http://www.imsglobal.org/xsd/imscp_v1p1",
    "qti3": "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
}


def as_file(document, format_name, *, is_ai_made=False, edition="teacher"):
    artifact = {"title": "Brüche / Größen", "kind": document["kind"], "content": document}
    return export(artifact, format_name, edition, is_ai_made=is_ai_made).content


def key_of(question):
    match question["type"]:
        case "choice":
            return [each["text"] for each in question["options"] if each["correct"]]
        case "truefalse":
            return question["correct"]
        case "short":
            return question["answers"]
        case "match":
            return [(each["left"], each["right"]) for each in question["pairs"]]
        case "order":
            return question["items"]
    return question["expected"]


def placed(answers):
    """What is to be ordered, as the pairs that Moodle gets."""
    return [(str(place), text) for place, text in enumerate(answers, 1)]


def told(question, format_name):
    """What a format can hold of a question: GIFT has one line, no arrows, no model answer."""
    text, answers = question["text"], key_of(question)
    if question["type"] == "order" and format_name not in QTI:
        answers = placed(answers)
    if format_name != "gift":
        if format_name in QTI and question["type"] == "short":
            answers = list(dict.fromkeys(answers))
        return text, answers
    if question["type"] == "open":
        return flat(text), []
    return flat(text), answers if isinstance(answers, bool) else [flat(each) for each in answers]


def flat(value):
    if isinstance(value, tuple):
        return tuple(map(flat, value))
    return "\n".join(value.strip().replace("->", "→").splitlines())


KEYS = {"moodle_xml": moodle_key, "gift": gift_key, "qti21": qti_key, "qti3": qti_key}


@pytest.mark.parametrize("format_name", KEYS)
def test_the_key_of_any_quiz_survives(format_name):
    @settings(max_examples=40, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(documents("quiz"))
    def check(document):
        found = KEYS[format_name](as_file(document, format_name))
        assert found == [told(question, format_name) for question in document["questions"]]

    check()


def test_the_words_of_qti_3_are_those_of_its_schema():
    @settings(max_examples=20, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(documents("quiz"))
    def check(document):
        assert wrong_words(as_file(document, "qti3", is_ai_made=True)) == []

    assert wrong_words(as_file(sample("quiz"), "qti3")) == []
    check()


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("qti-prompt>", "prompt>", "qti-choice-interaction: has"),
        ("response-identifier=", "responseIdentifier=", "responseIdentifier"),
        ('cardinality="multiple"', 'cardinality="many"', "'many'"),
        ('identifier="c1"', 'identifier="1"', "'1'"),
        (' adaptive="false"', "", "adaptive is missing"),
    ],
)
def test_a_wrong_word_of_qti_3_is_seen(right, wrong, problem):
    content = as_file(sample("quiz"), "qti3")
    changed = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(right.encode(), wrong.encode()))
    assert any(problem in each for each in wrong_words(changed.getvalue()))


def test_all_forms_of_the_sample_survive():
    quiz = sample("quiz")
    for format_name, read in KEYS.items():
        assert read(as_file(quiz, format_name)) == [
            told(question, format_name) for question in quiz["questions"]
        ]


@pytest.mark.parametrize("right", range(1, 11))
def test_moodle_takes_the_parts_of_a_choice_and_ticking_all_is_worth_nothing(right):
    for wrong in range(10 - right + 1):
        options = [{"correct": number < right} for number in range(right + wrong)]
        parts = fractions({"options": options})
        assert {abs(part) for part in parts} <= MOODLE_FRACTIONS
        assert sum(part for part in parts if part > 0) == pytest.approx(100)
        assert right == 1 or not wrong or sum(parts) == pytest.approx(0, abs=0.001)


def test_points_and_ids_are_kept():
    quiz = sample("quiz")
    moodle = ElementTree.fromstring(as_file(quiz, "moodle_xml"))
    questions = [each for each in moodle if each.get("type") != "category"]
    assert [each.findtext("idnumber") for each in questions] == [q["id"] for q in quiz["questions"]]
    assert [float(each.findtext("defaultgrade")) for each in questions] == [
        q["points"] for q in quiz["questions"]
    ]
    assert moodle.findtext("question/category/text") == "$course$/top/Brüche // Größen"


@pytest.mark.parametrize("format_name", QTI)
def test_a_package_names_exactly_its_files_and_is_the_same_each_time(format_name):
    content = as_file(sample("quiz"), format_name)
    assert content == as_file(sample("quiz"), format_name)
    with zipfile.ZipFile(BytesIO(content)) as package:
        names = set(package.namelist())
        manifest = ElementTree.fromstring(package.read("imsmanifest.xml"))
        test = package.read("test.xml").decode()
    space = {"cp": QTI[format_name]}
    listed = [each.get("href") for each in manifest.iterfind(".//cp:resource/cp:file", space)]
    assert set(listed) | {"imsmanifest.xml"} == names
    assert not any(name.startswith(("/", "..")) or "\\" in name for name in names)
    known = {each.get("identifier") for each in manifest.iterfind(".//cp:resource", space)}
    needed = {each.get("identifierref") for each in manifest.iterfind(".//cp:dependency", space)}
    assert needed == known - {"test"}
    assert 'weight identifier="POINTS" value="1.5"' in test


@pytest.mark.parametrize("format_name", KEYS)
def test_what_an_ai_made_says_so(format_name):
    def words(is_ai_made):
        content = as_file(sample("quiz"), format_name, is_ai_made=is_ai_made)
        if format_name in QTI:
            content = zipfile.ZipFile(BytesIO(content)).read("imsmanifest.xml")
        return content.decode()

    assert "digitalsourcetype/trainedAlgorithmicMedia" in words(True)
    assert "trainedAlgorithmicMedia" not in words(False)
