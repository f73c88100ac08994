"""Preferences over REST."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from chats.models import Message, Reply
from chats.prompts import build_prompt
from teachers import actions
from teachers.models import TeacherPreferences
from tests import sql
from tests.factories import make_chat

pytestmark = pytest.mark.django_db

URL = "/api/preferences"
FULL = {
    "grade_level": "6",
    "subject_areas": ["Mathematik", "Deutsch"],
    "ai_model_preference": "template",
    "notification_settings": {
        "export_ready": False,
        "weekly_summary": True,
        "insights": False,
        "recommendations": False,
    },
    "federal_state": "BY",
    "school_type": "gymnasium",
    "uses_memory": True,
}
EMPTY = {
    "grade_level": None,
    "subject_areas": [],
    "ai_model_preference": None,
    "notification_settings": {
        "export_ready": True,
        "weekly_summary": False,
        "insights": True,
        "recommendations": True,
    },
    "federal_state": None,
    "school_type": None,
    "uses_memory": False,
}


def chosen(answer):
    """What the teacher chose, without the row's own fields."""
    return {name: value for name, value in answer.json().items() if name in FULL}


def test_the_first_look_shows_empty_preferences(api, teacher):
    first = api.get(URL)
    assert chosen(first) == EMPTY
    assert first.json()["teacher_id"] == str(teacher.pk)
    assert api.get(URL).json() == first.json()
    assert TeacherPreferences.objects.count() == 1


def test_put_replaces_and_patch_changes(api):
    assert chosen(api.send("PUT", URL, FULL)) == FULL
    assert chosen(api.send("PATCH", URL, {"grade_level": "7"})) == {**FULL, "grade_level": "7"}
    assert chosen(api.send("PUT", URL, {"grade_level": "8"})) == {**EMPTY, "grade_level": "8"}
    assert chosen(api.get(URL)) == {**EMPTY, "grade_level": "8"}


@pytest.mark.claim(49)
def test_a_save_moves_the_time_and_a_look_does_not(api):
    before = api.get(URL).json()["updated_at"]
    assert api.get(URL).json()["updated_at"] == before
    threading.Event().wait(0.003)
    after = api.send("PATCH", URL, {}).json()["updated_at"]
    assert 1_700_000_000_000 < before < after < 4_000_000_000_000
    assert api.get(URL).json()["updated_at"] == after


@pytest.mark.parametrize(
    "name", [pytest.param("subject_areas", marks=pytest.mark.claim(46)), "notification_settings"]
)
def test_json_is_stored_as_json_not_as_a_string_in_a_string(api, name):
    api.send("PUT", URL, FULL)
    kind = "jsonb_typeof" if connection.vendor == "postgresql" else "json_type"
    expected = "array" if name == "subject_areas" else "object"
    assert sql.execute(f"SELECT {kind}({name}) FROM teacher_preferences") == [(expected,)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grade_level", "x" * 41),
        ("grade_level", ["6"]),
        ("subject_areas", "Mathematik"),
        ("subject_areas", '["Mathematik"]'),
        ("subject_areas", {"first": "Mathematik"}),
        ("subject_areas", [["Mathematik"]]),
        ("subject_areas", ["x" * 81]),
        ("subject_areas", [""]),
        ("subject_areas", ["x"] * 31),
        ("subject_areas", None),
        ("ai_model_preference", "another-model"),
        ("ai_model_preference", ""),
        ("ai_model_preference", 7),
        ("notification_settings", []),
        ("notification_settings", "{}"),
        ("notification_settings", {"export_ready": "sometimes"}),
        ("notification_settings", {"export_ready": None}),
        ("notification_settings", {"news": True}),
        ("notification_settings", None),
        ("federal_state", "Bayern"),
        ("federal_state", "XX"),
        ("school_type", "college"),
        ("uses_memory", None),
        ("language", "fr"),
        ("language", None),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_wrong_values_are_named_and_nothing_changes(api, method, name, value):
    api.send("PUT", URL, FULL)
    answer = api.send(method, URL, {"grade_level": "9", name: value})
    assert answer.status_code == 400
    assert name in answer.json()["errors"]
    assert chosen(api.get(URL)) == FULL


@pytest.mark.parametrize("model", ["template", "better-model", None])
def test_a_model_on_the_list_can_be_chosen(api, settings, model):
    settings.AI_MODELS = ["template", "better-model"]
    assert api.send("PATCH", URL, {"ai_model_preference": model}).status_code == 200
    assert TeacherPreferences.objects.get().ai_model_preference == model


@pytest.mark.django_db(transaction=True)
@pytest.mark.claim(44)
def test_a_parallel_first_save_makes_one_row(teacher):
    together = threading.Barrier(8)

    def save(number):
        together.wait(10)
        try:
            actions.save_preferences(teacher=teacher, changes={"grade_level": str(number)})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(8)))
    assert TeacherPreferences.objects.get().grade_level in set("01234567")


@pytest.mark.claim(45)
def test_the_prompt_knows_grade_level_and_subjects(api, teacher):
    assert api.send("PUT", URL, {**FULL, "grade_level": "Q2-Leistungskurs"}).status_code == 200
    chat = make_chat(teacher)
    question = Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
    reply = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=question, model="template", provider="template"
    )
    prompt = build_prompt(reply)
    assert "Q2-Leistungskurs" in prompt.messages[0].content
    assert "Mathematik, Deutsch" in prompt.messages[0].content
    assert prompt.messages[-1].content == "Was ist Licht?"
    assert "Gymnasium" in prompt.messages[0].content
    assert "Bayern" in prompt.messages[0].content


@pytest.mark.claim(48)
def test_one_switch_leaves_the_others_as_they_are(api):
    api.send("PUT", URL, {})
    for sent in ({"weekly_summary": True}, {"export_ready": False}, {}):
        api.send("PATCH", URL, {"notification_settings": sent})
    expected = {
        "export_ready": False,
        "weekly_summary": True,
        "insights": True,
        "recommendations": True,
    }
    assert chosen(api.get(URL))["notification_settings"] == expected


def test_the_language_is_the_accounts_and_is_heard_at_once(api, teacher):
    assert api.get(URL).json()["language"] == "de"
    assert api.send("PATCH", URL, {"language": "en"}).json()["language"] == "en"
    assert api.get("/api/auth/me").json()["language"] == "en"
    assert api.send("PUT", URL, {}).json()["language"] == "en"
    teacher.language = "de"
    teacher.save()
    assert api.get(URL).json()["language"] == "de"
