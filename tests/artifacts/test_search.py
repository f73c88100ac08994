"""Full-text search over what a teacher has written and kept, in German and in English."""

import pytest
from django.core.management import call_command
from django.db import connection

from artifacts.actions import create_artifact
from artifacts.library.models import Facets, SearchEntry
from artifacts.library.search import triggers
from artifacts.models import Artifact
from chats.models import Chat, Message
from tests.artifacts.samples import sample
from tests.artifacts.test_library import make_artifact
from tests.factories import make_chat, make_teacher

pytestmark = pytest.mark.django_db

TEXTS = {
    "brüche": "Bitte drei Aufgaben zur Bruchrechnung, und zwar mit Lösungen.",
    "straße": "Verkehrserziehung: Wie überqueren Kinder die Straße? Übungen für den Schulhof.",
    "größen": "Größen und Einheiten umrechnen, Kilometer/Meter.",
    "häuser": "Die Häuser der Römer: ein Lückentext.",
    "fraction": "Planning activities about fractions for Year 6.",
    "running": "The pupils were running; stories about animals.",
    "markup": "<b>Kürzen</b> & <script>alert('Erweitern')</script>",
    "steuer": "Die neue Steuer: Quellen vergleichen.",
}
# What is asked, and which of the texts it finds.
QUESTIONS = {
    "Aufgabe": {"brüche"},  # the singular of what is written
    "AUFGABEN": {"brüche"},
    "Lösung": {"brüche"},
    "Loesung": {"brüche"},
    "losung": {"brüche"},
    "Bruchrech": {"brüche"},  # the beginning of a compound
    "Strasse": {"straße"},
    "Straße": {"straße"},
    "Grösse": {"größen"},
    "groesse": {"größen"},
    "Haus Römer": {"häuser"},
    "Häuser der Römer": {"häuser"},
    "Haeuser": {"häuser"},
    "Kilometer": {"größen"},  # not a path of files
    "plan": {"fraction"},
    "fraction activity": {"fraction"},
    "story": {"running"},
    "animal": {"running"},
    "Kürzen": {"markup"},
    "Aufgaben Straße": set(),  # all words must be found
    "neue Quelle": {"steuer"},
    "die": {"häuser", "straße", "steuer"},  # alone, even a word without a meaning
    "Xylophon": set(),
    "'); DROP TABLE messages; --": set(),
    "Aufgabe \"'()&|!:*<->": {"brüche"},
}


@pytest.fixture
def texts(teacher):
    """The texts, each a message of one chat; the chat's title says none of their words."""
    chat = make_chat(teacher, title="Montag")
    rows = Message.objects.bulk_create(
        Message(chat=chat, role="user", content=text) for text in TEXTS.values()
    )
    return {str(row.pk): name for name, row in zip(TEXTS, rows, strict=True)}


def search(api, question, **query):
    answer = api.get("/api/search", {"q": question, **query})
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


def ids(api, question, **query):
    return {hit["id"] for hit in search(api, question, **query)}


@pytest.mark.claim(108)
@pytest.mark.claim(90)
def test_german_and_english_questions_find_their_texts(api, stranger_api, texts):
    found = {q: {texts[each] for each in ids(api, q)} for q in QUESTIONS}
    assert found == QUESTIONS
    assert not any(search(stranger_api, question) for question in QUESTIONS)


@pytest.mark.claim(108)
def test_hits_are_marked_and_nothing_is_markup(api, texts):
    [hit] = search(api, "kuerzen")
    assert "".join(part["text"] for part in hit["excerpt"]) == TEXTS["markup"]
    assert [part["text"] for part in hit["excerpt"] if part["is_hit"]] == ["Kürzen"]
    assert (hit["type"], hit["title"]) == ("message", "Montag")
    chat = Chat.objects.get()
    Message.objects.create(chat=chat, role="user", content="Wort " * 500 + "Nadel im Heu " * 50)
    [hit] = search(api, "nadel")
    assert sum(len(part["text"]) for part in hit["excerpt"]) <= 200
    assert any(part["is_hit"] for part in hit["excerpt"])


@pytest.mark.claim(91)
@pytest.mark.claim(108)
def test_the_best_comes_first_and_the_rest_can_be_asked_for(api, teacher):
    chat = make_chat(teacher, title="Montag")
    Message.objects.create(chat=chat, role="user", content="Etwas zur Optik. " + "Anderes. " * 40)
    titled = make_artifact(teacher, "Optik")
    Message.objects.create(chat=chat, role="user", content="Noch etwas zur Optik" + ", nichts" * 40)
    answer = api.get("/api/search?q=optik&limit=2").json()
    assert answer["results"][0]["id"] == str(titled.pk)
    assert (len(answer["results"]), answer["has_more"]) == (2, True)
    assert not api.get("/api/search?q=optik").json()["has_more"]
    assert ids(api, "optik", type="artifact") == {str(titled.pk)}
    assert len(ids(api, "optik", type="message")) == 2


@pytest.mark.claim(25)
def test_archived_chats_are_searched_on_request(api, teacher):
    chat = make_chat(teacher, title="Optik")
    message = Message.objects.create(chat=chat, role="user", content="Optik")
    kept = make_artifact(teacher, "Optik", chat=chat)
    api.send("PATCH", f"/api/chats/{chat.pk}", {"is_archived": True})
    assert ids(api, "optik") == {str(kept.pk)}
    assert ids(api, "optik", archived="true") == {str(each.pk) for each in (chat, message, kept)}


@pytest.mark.claim(90)
def test_a_document_is_found_by_any_of_its_words_and_not_by_those_of_its_shape(api, teacher):
    quiz = {**sample("quiz"), "topic": "Teleskope der Antike"}
    artifact, _new = create_artifact(teacher=teacher, title="Probe", content=quiz)
    assert ids(api, "teleskop antik") == {str(artifact.pk)}
    assert not ids(api, "questions")


def test_what_is_found_is_what_is_there_on_every_path_that_writes(api, teacher):
    chat = make_chat(teacher, title="Alpha")
    [message] = Message.objects.bulk_create([Message(chat=chat, role="user", content="Beta")])
    artifact = make_artifact(teacher, "Gamma", chat=chat)
    rows = {"Alpha": chat, "Beta": message, "Gamma": artifact}
    for word, row in rows.items():
        assert ids(api, word) == {str(row.pk)}
    Chat.objects.update(title="Delta")
    Message.objects.update(content="Epsilon")
    Artifact.objects.update(title="Zeta")
    for old, new in {"Alpha": "Delta", "Beta": "Epsilon", "Gamma": "Zeta"}.items():
        assert (ids(api, old), ids(api, new)) == (set(), {str(rows[old].pk)})
    Message.objects.all().delete()
    assert not ids(api, "Epsilon")
    assert api.send("DELETE", f"/api/chats/{chat.pk}").status_code == 204
    assert not SearchEntry.objects.exists()


def test_a_chat_that_changes_hands_is_found_by_its_new_owner_alone(
    api, teacher, stranger, stranger_api
):
    chat = make_chat(teacher, title="Optik")
    Message.objects.create(chat=chat, role="user", content="Optik")
    Chat.objects.update(teacher=stranger)
    assert (len(ids(api, "optik")), len(ids(stranger_api, "optik"))) == (0, 2)
    Chat.objects.update(teacher=None)
    assert not ids(stranger_api, "optik")


def test_an_account_leaves_no_word_behind(teacher, texts):
    make_chat(make_teacher(), title="Optik")
    teacher.delete()
    [left] = SearchEntry.objects.all()
    assert left.source == "chat"


@pytest.mark.parametrize("question", ["", "   ", "x" * 10_000, "?!", "\x00", None])
def test_a_question_without_words_or_with_too_many_is_refused(api, question):
    answer = api.get("/api/search", {} if question is None else {"q": question})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["errors"]["q"]


def test_bad_wishes_are_refused(api):
    for bad in ("limit=0", "limit=51", "limit=x", "type=chats", "archived=perhaps"):
        assert api.get(f"/api/search?q=optik&{bad}").status_code == 400, bad


@pytest.mark.claim(5)
def test_what_is_searched_can_be_made_again(api, teacher, texts):
    make_artifact(teacher, "Optik")
    before = list(SearchEntry.objects.order_by("row_id").values("source", "row_id", "teacher_id"))
    SearchEntry.objects.all().delete()
    Facets.objects.all().delete()
    assert not search(api, "Aufgaben")
    for _ in range(2):
        call_command("rebuild_search", verbosity=0)
        after = SearchEntry.objects.order_by("row_id").values("source", "row_id", "teacher_id")
        assert list(after) == before
    assert len(search(api, "Aufgaben")) == 1
    assert Facets.objects.count() == 1


def test_a_very_long_text_is_stored_and_its_beginning_is_found(api, teacher):
    chat = make_chat(teacher, title="Montag")
    words = " ".join(f"wort{number}" for number in range(10_000))
    message = Message.objects.create(chat=chat, role="user", content=words)
    assert ids(api, "wort7") == {str(message.pk)}
    assert len(words) > triggers.SEARCHED
    assert not ids(api, "wort9999")


def test_the_triggers_are_there(db):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'search_%%'")
        else:
            cursor.execute(
                "SELECT count(*) FROM sqlite_master WHERE type='trigger' AND name LIKE 'search_%%'"
            )
        assert cursor.fetchone()[0] in (8, 12)
