"""Files over REST: the right one for who may, and a clear no for everything else."""

import pytest
from django.test import override_settings

from artifacts.exports import FORMATS
from chats.models import Message
from tests.artifacts.samples import KIND_NAMES, sample
from tests.factories import make_chat

pytestmark = pytest.mark.django_db


def store(api, content, **fields):
    answer = api.send(
        "POST", "/api/artifacts", {"title": "Größen & Maße", "content": content, **fields}
    )
    return answer.json()["id"]


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_quiz_is_had_in_every_format(api, format_name):
    answer = api.get(f"/api/artifacts/{store(api, sample('quiz'))}/export?format={format_name}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == FORMATS[format_name].media_type
    assert answer["ETag"] == '"1"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    suffix = FORMATS[format_name].suffix
    assert answer["Content-Disposition"] == (
        f'attachment; filename="Gr__en & Ma_e.{suffix}"; '
        f"filename*=UTF-8''Gr%C3%B6%C3%9Fen%20%26%20Ma%C3%9Fe.{suffix}"
    )


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_each_kind_is_made_changed_and_had_as_docx(api, kind):
    artifact_id = store(api, sample(kind))
    url = f"/api/artifacts/{artifact_id}"
    patch = [{"op": "replace", "path": "/topic", "value": "Optik"}]
    assert api.send("PATCH", url, {"patch": patch}, HTTP_IF_MATCH='"1"').status_code == 200
    answer = api.get(f"{url}/export?format=docx", HTTP_ACCEPT="application/octet-stream")
    assert answer.content.startswith(b"PK")


@pytest.mark.parametrize("query", ["", "?format=odt", "?format=pdf&edition=parent", "?format="])
def test_an_unknown_format_or_edition_is_refused(api, query):
    answer = api.get(f"/api/artifacts/{store(api, sample('quiz'))}/export{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize("format_name", ["moodle_xml", "gift", "qti21", "qti3"])
def test_only_a_quiz_goes_to_a_learning_platform(api, format_name):
    answer = api.get(f"/api/artifacts/{store(api, sample('exam'))}/export?format={format_name}")
    assert answer.status_code == 400
    assert "docx, pdf, md" in answer.json()["errors"]["format"][0]


def test_the_pupils_get_no_answers(api):
    url = f"/api/artifacts/{store(api, sample('worksheet'))}/export?format=md"
    assert "15/24" in api.get(url).text
    assert "15/24" not in api.get(f"{url}&edition=pupil").text


@pytest.mark.parametrize("made_by", ["nobody", "user", "assistant", "document"])
def test_it_is_marked_when_an_ai_made_it(api, teacher, made_by):
    fields = {}
    if made_by in {"user", "assistant"}:
        message = Message.objects.create(chat=make_chat(teacher), role=made_by, content="Gern.")
        fields["message_id"] = str(message.pk)
    content = sample("game", **({"ai_generated": True} if made_by == "document" else {}))
    text = api.get(f"/api/artifacts/{store(api, content, **fields)}/export?format=md").text
    assert ("AI-generated" in text) is (made_by in {"assistant", "document"})


@override_settings(EXPORT_RATE="2/h")
def test_files_are_limited(api, stranger_api):
    url = f"/api/artifacts/{store(api, sample('game'))}/export?format=md"
    assert [api.get(url).status_code for _ in range(3)] == [200, 200, 429]
    other = f"/api/artifacts/{store(stranger_api, sample('game'))}/export?format=md"
    assert stranger_api.get(other).status_code == 200


def test_a_preview_is_what_the_file_says_without_its_title(api):
    url = f"/api/artifacts/{store(api, sample('worksheet'))}"
    preview = api.get(f"{url}/preview")
    file = api.get(f"{url}/export?format=md").text
    assert preview["ETag"] == '"1"'
    assert preview.json()["revision"] == 1
    assert preview.json()["markdown"] in file
    assert "15/24" in preview.json()["markdown"]
    assert "Größen" not in preview.json()["markdown"]


def test_the_preview_of_the_pupils_has_no_answers(api):
    url = f"/api/artifacts/{store(api, sample('worksheet'))}/preview?edition=pupil"
    assert "15/24" not in api.get(url).json()["markdown"]
    assert api.get(url.replace("pupil", "parent")).status_code == 400


def test_the_preview_of_a_text_is_the_text(api):
    artifact_id = store(api, "# Ein *Text*\r\n", artifact_type="activity")
    preview = api.get(f"/api/artifacts/{artifact_id}/preview").json()
    assert preview == {"revision": 1, "is_ai_made": False, "markdown": "# Ein *Text*\r\n"}
