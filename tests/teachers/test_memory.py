"""Memory: only what a teacher says to keep, visible, changeable, deletable, off by default."""

import pytest

from chats.models import Message, Reply
from chats.prompts import build_prompt
from teachers.memory.actions import MEMORIES_MAX
from teachers.memory.models import TEXT_MAX, Memory
from tests.factories import make_chat

pytestmark = [pytest.mark.django_db, pytest.mark.claim(92)]

URL = "/api/memory"
LINE = "Die 7b hat 28 Kinder, drei davon mit Förderbedarf."


def texts(api):
    return [each["text"] for each in api.get(URL).json()["results"]]


def system_prompt(teacher):
    teacher = type(teacher).objects.get(pk=teacher.pk)
    chat = make_chat(teacher)
    question = Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
    reply = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=question, model="template", provider="template"
    )
    return build_prompt(reply).messages[0].content


def test_it_is_off_until_the_teacher_switches_it_on(api, teacher):
    assert api.get("/api/preferences").json()["uses_memory"] is False
    assert api.send("POST", URL, {"text": LINE}).status_code == 201
    assert LINE not in system_prompt(teacher)
    api.send("PATCH", "/api/preferences", {"uses_memory": True})
    assert f"- {LINE}" in system_prompt(teacher)
    api.send("PATCH", "/api/preferences", {"uses_memory": False})
    assert LINE not in system_prompt(teacher)


def test_what_is_remembered_can_be_seen_changed_and_deleted(api, stranger_api, teacher):
    row = api.send("POST", URL, {"text": f"  {LINE}\n"}).json()
    assert texts(api) == [LINE]
    assert texts(stranger_api) == []
    path = f"{URL}/{row['id']}"
    assert api.send("PATCH", path, {"text": "Die 7b hat 27 Kinder."}).status_code == 200
    assert texts(api) == ["Die 7b hat 27 Kinder."]
    assert api.send("DELETE", path).status_code == 204
    assert api.send("DELETE", path).status_code == 404
    for number in range(3):
        api.send("POST", URL, {"text": f"Merke {number}"})
    assert [api.send("DELETE", URL).status_code for _ in range(2)] == [204, 204]
    assert not Memory.objects.exists()


def test_letters_that_grow_in_lower_case_are_remembered_as_well(api):
    line = "İ" * TEXT_MAX
    assert [api.send("POST", URL, {"text": line}).status_code for _ in range(2)] == [201, 200]
    assert texts(api) == [line]
    assert len(Memory.objects.get().key) <= TEXT_MAX  # PostgreSQL refuses more


def test_the_same_is_remembered_once(api):
    same = [LINE, LINE.upper(), "Die 7b hat 28 Kinder; drei davon mit Förderbedarf"]
    answers = [api.send("POST", URL, {"text": text}) for text in same]
    assert [each.status_code for each in answers] == [201, 200, 200]
    assert texts(api) == [LINE]
    other = api.send("POST", URL, {"text": "Anderes"}).json()
    answer = api.send("PATCH", f"{URL}/{other['id']}", {"text": LINE})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_it_is_bounded(api, teacher):
    Memory.objects.bulk_create(
        Memory(teacher=teacher, text=f"{number} " + "x" * 290, key=str(number))
        for number in range(MEMORIES_MAX)
    )
    assert api.send("POST", URL, {"text": LINE}).status_code == 400
    api.send("PATCH", "/api/preferences", {"uses_memory": True})
    prompt = system_prompt(teacher)
    assert len(prompt) < 5000
    assert f"- {MEMORIES_MAX - 1} " in prompt  # the newest stay
    for bad in ({}, {"text": ""}, {"text": " … "}, {"text": "x" * 301}, {"text": None}):
        assert api.send("POST", URL, bad).status_code == 400


def test_a_chat_suggests_what_it_says_of_a_class_and_keeps_nothing(api, teacher):
    chat = make_chat(teacher)
    said = [
        "Meine 7b hat 28 Kinder. Bitte plane eine Stunde.",
        "Was lernt meine Klasse in Optik?",
        "I teach physics in Year 9.",
    ]
    for content in said:
        Message.objects.create(chat=chat, role="user", content=content)
    Message.objects.create(chat=chat, role="assistant", content="Meine Klasse ist erfunden.")
    path = f"/api/chats/{chat.pk}/suggestions"
    found = {each["text"] for each in api.get(path).json()["results"]}
    assert found == {"Meine 7b hat 28 Kinder.", "I teach physics in Year 9."}
    assert not Memory.objects.exists()
    api.send("POST", URL, {"text": "Meine 7b hat 28 Kinder."})
    assert [e["text"] for e in api.get(path).json()["results"]] == ["I teach physics in Year 9."]


def test_of_pictures_and_of_what_was_pasted_nothing_is_suggested(api, teacher):
    chat, said = make_chat(teacher), "I teach physics in Year 9."
    Message.objects.create(chat=chat, role="user", content="x. " * 30_000 + said)
    Message.objects.create(chat=chat, role="user", content=said, content_type="image")
    path = f"/api/chats/{chat.pk}/suggestions"
    assert api.get(path).json()["results"] == []
    Message.objects.create(chat=chat, role="user", content=said)
    assert api.get(path).json()["results"] == [{"text": said}]


def test_it_goes_with_the_teacher(api, teacher):
    api.send("POST", URL, {"text": LINE})
    teacher.delete()
    assert not Memory.objects.exists()
