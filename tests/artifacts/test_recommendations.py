"""Recommendations: what fits comes first and says why; what is seen goes, what is off is silent."""

import datetime as dt
import uuid

import pytest

from artifacts.library.models import Share
from artifacts.models import Artifact
from artifacts.recommendations import queries, starter, tasks
from artifacts.recommendations.models import Vector
from artifacts.recommendations.ranking import Context, Item, rank
from benchmarks import retrieval
from chats.actions import Question, send_message
from chats.models import Message
from eduhu import embedding
from teachers.actions import save_preferences
from tests.artifacts.vectors import give_vectors, vector_of
from tests.client import ApiClient
from tests.factories import make_chat, make_teacher

pytestmark = [pytest.mark.django_db, pytest.mark.claim(94)]

PATH = "/api/recommendations"
QUESTION = "Meine Klasse soll Brüche mit verschiedenen Nennern addieren"
FRACTIONS, HEDGEHOG, RULES = "brueche-addieren-pizza", "igel-im-herbst-mystery", "klassenregeln-gemeinsam"  # fmt: skip


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """A day in October; `today(…)` makes it another one."""

    def set_day(year, month, day):
        monkeypatch.setattr(queries.timezone, "localdate", lambda: dt.date(year, month, day))

    set_day(2026, 10, 20)
    return set_day


@pytest.fixture
def chat(teacher):
    """A chat about fractions, with its vector."""
    chat = make_chat(teacher)
    Message.objects.create(chat=chat, role="user", content=QUESTION)
    give_vectors("Brüche", chat.pk)
    return chat


def make_artifact(teacher, title="Brüche", **fields):
    """An artifact with the vector of its title."""
    artifact = Artifact.objects.create(
        teacher=teacher, title=title, content="1.", artifact_type="worksheet", **fields
    )
    give_vectors(title, artifact.pk)
    return artifact


def found(api, query="", **headers):
    answer = api.get(f"{PATH}{query}", **headers)
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


def ids(api, query=""):
    return [each["id"] for each in found(api, query)]


def reasons(api, query=""):
    return {each["id"]: each["reason"] for each in found(api, query)}


# --- With the model itself ---------------------------------------------------------------------


def test_questions_of_one_language_find_material_of_the_other():
    known = retrieval.questions()
    assert len(known) >= 40
    assert {language for language, _question, _slug in known} == {"de", "en"}
    languages = {slug: each.document["language"] for slug, each in starter.library().items()}
    assert all(languages[slug] != language for language, _question, slug in known)
    assert all(share >= 0.85 for share in retrieval.recall().values()), retrieval.recall()


def test_the_vectors_that_are_shipped_are_those_of_the_files_and_the_model():
    assert set(starter.vectors()) == set(starter.library()), "run manage.py embed_starter"
    made = retrieval.embedded([each.text for each in starter.library().values()])
    for vector, shipped in zip(made, starter.vectors().values(), strict=True):
        assert embedding.cosine(vector, shipped) > 0.99


@pytest.mark.claim(125)
def test_a_chat_gets_what_fits_its_questions_once_a_task_has_run(teacher, api):
    reply = send_message(teacher=teacher, question=Question(QUESTION))
    query = f"?chat_id={reply.chat_id}"
    assert "fits_chat" not in {each["code"] for each in reasons(api, query).values()}
    tasks.embed_waiting()
    [best, *_others] = found(api, query)
    assert (best["id"], best["source"], best["language"]) == (FRACTIONS, "starter", "de")
    assert best["reason"] == {"code": "fits_chat", "text": "Passt zum Thema dieses Chats"}
    [best, *_others] = found(api, query, HTTP_ACCEPT_LANGUAGE="en")
    assert best["reason"]["text"] == "Fits what this chat is about"
    [best, *_others] = found(api)  # also without naming it
    assert (best["id"], best["reason"]["code"]) == (FRACTIONS, "fits_recent")


# --- For whom ----------------------------------------------------------------------------------


def test_who_has_said_nothing_gets_starters_in_their_language_for_the_season(today):
    for language in ("de", "en"):
        results = found(ApiClient(make_teacher(language=language)))
        assert len(results) == 6
        assert {(each["source"], each["language"]) for each in results} == {("starter", language)}
    today(2026, 12, 10)
    best = found(ApiClient(make_teacher()))[0]
    assert best["id"] == "weihnachten-in-aller-welt"
    assert best["reason"] == {"code": "season", "text": "Vor den Weihnachtsferien"}


def test_the_season_is_that_of_the_federal_state(teacher, api, today):
    save_preferences(teacher=teacher, changes={"federal_state": "BY"})
    assert reasons(api)[HEDGEHOG] == {"code": "season", "text": "Vor den Herbstferien (Bayern)"}
    save_preferences(teacher=teacher, changes={"federal_state": "HE"})  # they were in October
    assert HEDGEHOG not in ids(api, "?limit=20")
    today(2026, 9, 16)
    save_preferences(teacher=teacher, changes={"federal_state": "BY"})
    text = "Für die ersten Wochen des Schuljahres (Bayern)"
    assert reasons(api)[RULES] == {"code": "season", "text": text}
    today(2041, 10, 20)  # nobody knows the holidays of that year
    assert "season" not in {each["code"] for each in reasons(api).values()}


def test_subjects_and_grades_count_in_both_languages(teacher, api):
    save_preferences(teacher=teacher, changes={"subject_areas": ["Chemistry"], "grade_level": "9b"})
    result = found(api)[0]
    assert (result["id"], result["subject"]) == ("saeuren-basen-rotkohl", "Chemie")
    text = "Für Ihr Fach und Ihre Klassenstufe: Chemie, 8-9"
    assert result["reason"] == {"code": "profile", "text": text}


def test_the_topic_of_a_chat_counts(teacher, api):
    chat = make_chat(teacher, topic_category="parent_communication")
    results = found(api, f"?chat_id={chat.pk}&limit=2")
    assert {each["kind"] for each in results} == {"parent_letter"}
    reason = {"code": "topic", "text": "Hilft bei: Elternkommunikation"}
    assert results[0]["reason"] == reason


def test_own_and_shared_material_is_found_but_not_what_came_out_of_the_chat(
    teacher, stranger, api, chat
):
    own, here = make_artifact(teacher), make_artifact(teacher, chat=chat)
    theirs = make_artifact(stranger)
    Share.objects.create(artifact=theirs, owner=stranger, email=teacher.email, receiver=teacher)
    sources = {each["id"]: each["source"] for each in found(api, f"?chat_id={chat.pk}")}
    assert sources[str(own.pk)] == "own"
    assert sources[str(theirs.pk)] == "shared"
    assert str(here.pk) not in sources


@pytest.mark.parametrize("number", [1, 12])
def test_an_answer_takes_eight_queries_however_much_there_is(
    number, teacher, stranger, chat, django_assert_num_queries
):
    for _ in range(number):
        make_artifact(teacher)
        theirs = make_artifact(stranger)
        Share.objects.create(artifact=theirs, owner=stranger, email=teacher.email, receiver=teacher)
    with django_assert_num_queries(8):
        found = queries.recommendations(teacher, chat_id=chat.pk, limit=20)
    assert len(found) == min(2 * number, 20)


def test_what_a_colleague_shares_says_who_it_was(teacher, api):
    colleague = make_teacher(name="Kim Berg")
    artifact = make_artifact(colleague, "Sonstiges")
    Share.objects.create(artifact=artifact, owner=colleague, email=teacher.email, receiver=teacher)
    reason = {"code": "shared", "text": "Mit Ihnen geteilt von Kim Berg"}
    assert reasons(api, "?limit=20")[str(artifact.pk)] == reason


def test_a_document_says_its_language_and_a_text_does_not(teacher, api, chat):
    text = make_artifact(teacher)
    document = api.send("POST", f"/api/starter/{FRACTIONS}/keep").json()["id"]
    give_vectors("Brüche", document)
    languages = {each["id"]: each["language"] for each in found(api, f"?chat_id={chat.pk}")}
    assert (languages[str(text.pk)], languages[document]) == (None, "de")


def test_a_vector_of_another_model_is_compared_with_nothing(teacher, api, chat):
    artifact = make_artifact(teacher)
    query = f"?chat_id={chat.pk}&limit=20"
    assert reasons(api, query)[str(artifact.pk)]["code"] == "fits_chat"
    Vector.objects.filter(row_id=artifact.pk).update(model="other-1")
    assert reasons(api, query)[str(artifact.pk)]["code"] == "own"


# --- What was seen -----------------------------------------------------------------------------


def test_what_is_opened_comes_last_and_what_is_dismissed_not_at_all(teacher, api, chat):
    other, artifact = (str(make_artifact(teacher).pk) for _ in range(2))
    path, query = f"{PATH}/{artifact}", f"?chat_id={chat.pk}"
    assert ids(api, query) == [artifact, other]  # the newer first
    assert api.send("PUT", path, {"mark": "opened"}).status_code == 204
    assert ids(api, query) == [other, artifact]
    assert api.send("PUT", path, {"mark": "dismissed"}).status_code == 204
    assert api.send("PUT", path, {"mark": "opened"}).status_code == 204
    assert ids(api, query) == [other]
    assert api.send("DELETE", path).status_code == 204
    assert ids(api, query) == [artifact, other]
    assert api.send("DELETE", path).status_code == 204


def test_a_starter_that_is_dismissed_is_dismissed_by_this_teacher_alone(api, stranger_api, today):
    today(2026, 9, 25)  # before the autumn holidays in most states
    assert HEDGEHOG in ids(api)
    assert api.send("PUT", f"{PATH}/{HEDGEHOG}", {"mark": "dismissed"}).status_code == 204
    assert HEDGEHOG not in ids(api, "?limit=20")
    assert HEDGEHOG in ids(stranger_api)


def test_a_starter_is_kept_as_an_artifact_of_ones_own_and_not_recommended_again(teacher, api):
    key = {"HTTP_IDEMPOTENCY_KEY": "once"}
    first, again = (api.send("POST", f"/api/starter/{HEDGEHOG}/keep", **key) for _ in range(2))
    assert (first.status_code, first["ETag"]) == (201, '"1"')
    assert first.json() == again.json()
    artifact = Artifact.objects.get(teacher=teacher)
    assert (artifact.kind, artifact.title) == ("mystery", starter.starter(HEDGEHOG).title)
    assert first.json()["content"] == starter.starter(HEDGEHOG).document
    assert HEDGEHOG not in ids(api, "?limit=20")


# --- The starter library -----------------------------------------------------------------------


def test_the_starter_library_is_listed_and_shown(api):
    every = api.get("/api/starter").json()["results"]
    assert len(every) == len(starter.library())
    query = "?language=de&subject=Maths&grade=6&kind=worksheet"
    [one] = api.get(f"/api/starter{query}").json()["results"]
    assert one["slug"] == FRACTIONS
    detail = api.get(f"/api/starter/{FRACTIONS}").json()
    assert detail["document"] == starter.starter(FRACTIONS).document
    assert "5/8" in detail["preview"]
    assert one.items() <= detail.items()
    for query in ("?language=fr", "?kind=poem", "?grade=six"):
        assert api.get(f"/api/starter{query}").status_code == 400
    assert api.get("/api/starter/nothing").status_code == 404


# --- What is refused ---------------------------------------------------------------------------


def test_bad_questions_are_refused_and_change_nothing(teacher, api, stranger):
    for query in ("?chat_id=1", "?limit=0", "?limit=21", "?limit=x"):
        answer = api.get(f"{PATH}{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), query
    for chat_id in (uuid.uuid4(), make_chat(stranger).pk):
        assert api.get(f"{PATH}?chat_id={chat_id}").status_code == 404
    for body in ({}, {"mark": "kept"}, {"mark": None}):
        assert api.send("PUT", f"{PATH}/{HEDGEHOG}", body).status_code == 400
    for item in ("nothing", uuid.uuid4(), make_artifact(stranger).pk):
        assert api.send("PUT", f"{PATH}/{item}", {"mark": "opened"}).status_code == 404
        assert api.send("DELETE", f"{PATH}/{item}").status_code == 404
    assert not queries.ItemMark.objects.exists()


def test_who_has_switched_it_off_gets_nothing(teacher, api):
    settings = {"notification_settings": {"recommendations": False}}
    assert api.send("PATCH", "/api/preferences", settings).status_code == 200
    assert found(api) == []
    assert api.get(f"{PATH}?chat_id={uuid.uuid4()}").status_code == 404


# --- The ranking -------------------------------------------------------------------------------


def item(name, **fields):
    defaults = {"source": "starter", "title": "", "kind": "quiz", "artifact_type": "activity"}
    return Item(name, uuid.uuid4(), **{**defaults, **fields})


def order(items, **context):
    return [each.item.id for each in rank(items, Context("de", **context), 20)]


def test_at_most_half_is_the_teachers_own():
    items = [item(f"own{n}", source="own", language="de") for n in range(9)]
    ranked = rank([*items, *(item(f"starter{n}") for n in range(9))], Context("de"), 5)
    assert [each.item.source for each in ranked] == ["own"] * 3 + ["starter"] * 2


def test_a_chat_gets_only_what_is_about_it_where_there_is_such_a_thing():
    like, unlike = (embedding.numbers(vector_of(thing)) for thing in ("Licht", "Igel"))
    items = [item("unlike", vector=unlike, language="de"), item("unknown")]
    asked = {"is_chat": True, "vector": like}
    assert order([*items, item("like", vector=like)], **asked) == ["like", "unknown"]
    assert order(items[:1], **asked) == ["unlike"]
    assert order(items, vector=like) == ["unlike", "unknown"]  # the last chats are no question


def test_what_is_of_another_season_loses():
    items = [item("easter", seasons=["easter"]), item("any"), item("autumn", seasons=["autumn"])]
    assert order(items, seasons=frozenset({"autumn"})) == ["autumn", "any", "easter"]


def test_a_grade_beside_counts_half():
    items = [item(str(grade), grades=frozenset({grade})) for grade in (5, 6, 7, 9)]
    assert order(items, grades=frozenset({7})) == ["7", "6", "5", "9"]
    reasons = {
        each.item.id: each.reason for each in rank(items, Context("de", grades=frozenset({7})), 4)
    }
    assert reasons == {"7": "profile", "6": "starter", "5": "starter", "9": "starter"}


def test_the_next_grade_is_not_said_to_be_ones_own():
    items = [item(str(grade), grades=frozenset({grade})) for grade in (7, 8)]
    ranked = rank(items, Context("de", grades=frozenset({7})), 20)
    assert [(each.item.id, each.reason) for each in ranked] == [("7", "profile"), ("8", "starter")]


@pytest.mark.parametrize(
    ("text", "grades"),
    [("7b", {7}), ("5-7", {5, 6, 7}), ("Klasse 9 und 10", {9, 10}), ("5/6", {5, 6}), (None, set()),
     ("Oberstufe", set()), ("2026", set()), ("7 bis 9", {7, 8, 9})],
)  # fmt: skip
def test_grades_are_read_from_what_teachers_write(text, grades):
    assert queries.grades_of(text) == grades
