"""Hints that are true and can be acted upon, a guess with its reasons, and the switch."""

import datetime as dt

import pytest

from artifacts.insights.checks import weights
from artifacts.models import Artifact, ArtifactExport
from chats.models import Message, Reply
from eduhu.db import now
from tests.client import ApiClient
from tests.factories import make_chat

pytestmark = pytest.mark.django_db


def make(teacher, artifact_type="worksheet", days=3, exported_after=None, **fields):
    """Material of some days ago; it was exported so many days after it was made."""
    made = now() - dt.timedelta(days=days)
    fields = {"title": "Licht", "content": "1.", "artifact_type": artifact_type, **fields}
    artifact = Artifact.objects.create(teacher=teacher, created_at=made, **fields)
    if exported_after is not None:
        ArtifactExport.objects.create(
            teacher=teacher, artifact_id=artifact.pk, format="docx", edition="teacher",
            is_again=False, exported_at=made + dt.timedelta(days=exported_after),
        )  # fmt: skip
    return artifact


def ask(teacher, state="complete", is_helpful=None):
    chat = make_chat(teacher)
    question = Message.objects.create(chat=chat, role="user", content="Licht?")
    return again(teacher, question, state, is_helpful)


def again(teacher, question, state="complete", is_helpful=None):
    answer = Message.objects.create(
        chat=question.chat, role="assistant", content="Licht.", is_helpful=is_helpful
    )
    return Reply.objects.create(
        chat=question.chat, teacher=teacher, user_message=question, model="m", provider="p",
        state=state, message_id=answer.pk,
    )  # fmt: skip


def insights(api, language="en"):
    return api.get("/api/insights", HTTP_ACCEPT_LANGUAGE=language).json()


def hint(api, code, language="en"):
    found = [each for each in insights(api, language)["hints"] if each["code"] == code]
    return found[0] if found else None


@pytest.mark.claim(93, 125)
def test_material_that_was_never_exported_is_named_and_its_export_ends_the_hint(
    teacher, stranger, api
):
    newest, *_older = [make(teacher, days=days) for days in (3, 5, 80)]
    make(teacher, days=4, exported_after=1)
    make(teacher, "lesson_plan")
    for left_out in (0.5, 90):  # too new to tell, and too old to be of use
        make(teacher, days=left_out)
    for _ in range(5):
        make(stranger, "rubric")
    found = hint(api, "never_exported")
    assert found["text"] == "3 worksheets were never exported."
    assert found["numbers"] == {"never_exported": 3, "made": 4, "weeks": 12}
    assert found["rows"][0] == str(newest.pk)
    assert len(found["rows"]) == 3
    german = hint(api, "never_exported", "de")
    assert german["text"] == "3 Arbeitsblätter wurden nie exportiert."
    assert found["action"]["method"] == "GET"
    for row in found["rows"]:
        path = found["action"]["path"].replace(str(newest.pk), row).replace("docx", "md")
        assert api.get(path).status_code == 200
    found = hint(api, "never_exported")
    assert (found["text"], found["numbers"]["made"]) == ("1 lesson plan was never exported.", 1)


@pytest.mark.claim(93)
def test_answers_that_broke_off_or_were_of_no_use_can_be_asked_for_again(teacher, api):
    broken, disliked = ask(teacher, "failed"), ask(teacher, is_helpful=False)
    ask(teacher)
    ask(teacher, is_helpful=True)
    repaired = ask(teacher, "interrupted")
    again(teacher, repaired.user_message)
    old = ask(teacher, "failed")
    Reply.objects.filter(pk=old.pk).update(created_at=now() - dt.timedelta(days=15))
    early, useless = hint(api, "answers_broke_off"), hint(api, "answers_of_no_use")
    assert early["text"] == "1 answer broke off and was never asked for again."
    assert early["rows"] == [str(broken.pk)]
    assert early["numbers"] == {"answers_broke_off": 1, "questions": 5, "weeks": 2}
    assert early["action"]["path"] == f"/api/replies/{broken.pk}/retry"
    assert useless["rows"] == [str(disliked.pk)]
    for reply in (broken, disliked):
        again(teacher, reply.user_message)
    assert hint(api, "answers_broke_off") is hint(api, "answers_of_no_use") is None


@pytest.mark.claim(93)
def test_who_says_what_they_teach_hears_no_more_of_it(teacher, api):
    assert hint(api, "no_profile") is None  # nothing was asked yet
    for _ in range(3):
        ask(teacher)
    found = hint(api, "no_profile")
    assert (found["numbers"], found["action"]["method"]) == ({"questions": 3}, "PATCH")
    assert api.send("PATCH", found["action"]["path"], {"grade_level": "6"}).status_code == 200
    assert hint(api, "no_profile") is None


@pytest.mark.claim(93)
def test_numbers_are_own_and_everything_can_be_switched_off(teacher, stranger, api):
    ask(teacher)
    make(teacher)
    found = insights(api)
    assert found["is_on"] is True
    assert (found["numbers"]["questions"], found["numbers"]["material"]) == (1, 1)
    other = insights(ApiClient(stranger))
    assert (other["numbers"]["questions"], other["hints"], other["forecast"]) == (0, [], None)
    for is_on in (False, True):
        settings = {"notification_settings": {"insights": is_on}}
        assert api.send("PATCH", "/api/preferences", settings).status_code == 200
        assert insights(api)["is_on"] is is_on
        assert bool(insights(api)["hints"]) is is_on
    assert insights(api)["numbers"] == found["numbers"]


@pytest.mark.claim(105)
def test_the_guess_names_the_likeliest_material_and_its_reasons(teacher, api):
    answer = Message.objects.create(
        chat=make_chat(teacher), role="assistant", content="…", is_helpful=True
    )
    likely = make(
        teacher, title="Brüche", content="x" * 6000, message=answer, chat=answer.chat, days=2
    )
    for content in ("y", "z"):
        Artifact.objects.filter(pk=likely.pk).update(content=content * 6000)
        # The triggers tell the time of the database, which is now.
        Artifact.objects.filter(pk=likely.pk).update(changed_at=likely.created_at)
    make(teacher, "lesson_plan", days=2)
    make(teacher, content="x" * 9000, days=20)  # its time is over
    make(teacher, content="x" * 9000, days=2, exported_after=1)
    found = insights(api)["forecast"]
    assert found["artifact_id"] == str(likely.pk)
    assert 1 > found["probability"] > found["base_rate"] > 0
    effects = [reason["effect"] for reason in found["reasons"]]
    assert effects == sorted(effects, reverse=True)
    assert min(effects) > 0
    assert [reason["feature"] for reason in found["reasons"]] == ["length", "is_worksheet", "edits"]
    assert found["reasons"][2]["text"] == "You edited it 2 times."
    assert "Brüche" in found["text"]
    assert found["model"]["trained_on"] == "simulated"
    assert found["model"]["auc"] >= 0.7
    german = insights(api, "de")["forecast"]
    assert german["reasons"][2]["text"] == "Sie haben es 2-mal bearbeitet."
    assert api.get(found["action"]["path"]).status_code == 200
    assert insights(api)["forecast"] is None  # the other one is no likelier than the average


def test_without_weights_there_is_no_guess_but_all_the_rest(teacher, api, settings, tmp_path):
    make(teacher)
    settings.INSIGHTS_WEIGHTS = str(tmp_path / "weights.json")
    assert [error.id for error in weights(None)] == ["insights.E001"]
    for content in (None, "no JSON", "{}", '{"features": [], "intercept": 0}'):
        if content is not None:
            (tmp_path / "weights.json").write_text(content)
        assert [error.id for error in weights(None)] == ["insights.E001"]
        found = insights(api)
        assert (found["forecast"], len(found["hints"])) == (None, 1)
