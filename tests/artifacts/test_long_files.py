"""The file of one long artifact: made while nobody waits, told about, and had by asking again."""

import pytest

from artifacts.exporting import actions, making
from artifacts.exporting.models import LongExport
from artifacts.exporting.tasks import make_exports
from artifacts.exports import PARTS_MAX, export
from artifacts.models import ArtifactExport
from teachers.mail.models import Mailing
from tests.artifacts.samples import sample
from tests.artifacts.test_library import make_artifact

pytestmark = [pytest.mark.django_db, pytest.mark.claim(40)]
PARAGRAPHS = 30


@pytest.fixture(autouse=True)
def short_patience(settings):
    settings.LONG_EXPORT_CHARACTERS = 200


@pytest.fixture
def text(api):
    content = "\n\n".join(f"Absatz {number}." for number in range(PARAGRAPHS))
    body = {"title": "Übung", "content": content, "artifact_type": "worksheet"}
    return api.send("POST", "/api/artifacts", body).json()["id"]


def ask(api, artifact_id, format="docx"):
    return api.get(f"/api/artifacts/{artifact_id}/export?format={format}")


def test_a_long_file_is_promised_and_had_by_asking_again(api, teacher, settings, text):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    settings.EXPORT_RATE = "1/h"
    promised = ask(api, text)
    assert (promised.status_code, promised.json()["state"]) == (202, "queued")
    assert promised["Location"] == f"/api/exports/{promised.json()['id']}"
    assert promised.json() == api.get(promised["Location"]).json()
    assert ask(api, text).json()["id"] == promised.json()["id"]  # queued once, counted once
    make_exports()
    made = api.get(promised["Location"]).json()
    assert (made["state"], made["done"], made["total"]) == ("ready", PARAGRAPHS, PARAGRAPHS)
    got = ask(api, text)
    assert (got.status_code, got["ETag"]) == (200, '"1"')
    assert got.content.startswith(b"PK")
    assert "filename*=UTF-8''%C3%9Cbung.docx" in got["Content-Disposition"]
    file = api.get(f"{promised['Location']}/file")
    assert (file.content, file["Content-Type"]) == (got.content, got["Content-Type"])
    assert [str(row.artifact_id) for row in ArtifactExport.objects.for_teacher(teacher)] == [text]
    assert not Mailing.objects.exists()  # it takes seconds


def test_what_is_short_or_fast_is_had_at_once(api, text, settings):
    assert ask(api, text, "md").status_code == 200
    quiz = api.send("POST", "/api/artifacts", {"title": "Q", "content": sample("quiz")}).json()
    assert ask(api, quiz["id"], "qti3").status_code == 200
    assert ask(api, quiz["id"], "pdf").status_code == 202
    settings.LONG_EXPORT_CHARACTERS = 100_000
    assert ask(api, text).status_code == 200
    assert LongExport.objects.count() == 1


def test_a_table_is_long_before_a_text_of_its_length_is(api, teacher, settings):
    settings.LONG_EXPORT_CHARACTERS = 2000
    short = make_artifact(teacher, "x", content="x " * 200)
    table = make_artifact(teacher, "x", content="|a|b|\n|-|-|\n" + "|x|y|\n" * 60)
    assert [ask(api, each.pk).status_code for each in (short, table)] == [200, 202]


def test_a_change_makes_another_file(api, text):
    ask(api, text)
    make_exports()
    content = "\n\n".join(["Neu."] * 100)
    path = f"/api/artifacts/{text}"
    api.send("PATCH", path, {"content": content}, HTTP_IF_MATCH='"1"')
    assert ask(api, text).status_code == 202
    make_exports()
    assert ask(api, text)["ETag"] == '"2"'


def test_it_tells_how_far_it_is_and_keeps_its_lease(api, text, monkeypatch):
    monkeypatch.setattr(making, "TOLD_EVERY", 0.0)
    seen = []

    def watched(*given, tell, **more):
        def told(done, total):
            tell(done, total)
            [row] = api.get("/api/exports").json()["results"]
            seen.append((row["done"], row["total"], row["state"]))

        return export(*given, tell=told, **more)

    monkeypatch.setattr(making, "export", watched)
    ask(api, text, "pdf")
    make_exports()
    assert seen == [(number, PARAGRAPHS, "running") for number in range(1, PARAGRAPHS + 1)]


def test_a_file_of_what_was_shared_ends_with_the_share(api, text, stranger, stranger_api):
    assert ask(stranger_api, text).status_code == 404
    shares = f"/api/artifacts/{text}/shares"
    shared = api.send("POST", shares, {"email": stranger.email}).json()["id"]
    file = f"{ask(stranger_api, text)['Location']}/file"
    make_exports()
    assert stranger_api.get(file).status_code == 200
    assert api.get(file).status_code == 404
    api.send("DELETE", f"{shares}/{shared}")
    assert [stranger_api.get(file).status_code, ask(stranger_api, text).status_code] == [404, 404]


def test_a_file_that_is_gone_or_too_large_fails_with_a_reason(api, text, monkeypatch):
    monkeypatch.setattr(making, "SIZE_MAX", 10)
    where = ask(api, text)["Location"]
    make_exports()
    assert api.get(where).json()["error_code"] == "too_large"
    where = ask(api, text, "pdf")["Location"]
    api.send("DELETE", f"/api/artifacts/{text}")
    make_exports()
    assert api.get(where).json()["error_code"] == "not_found"


def test_a_file_that_would_take_all_memory_is_refused_and_markdown_is_not(api, settings):
    table = "|a|b|\n|-|-|\n" + "|x|y|\n" * (PARTS_MAX // 2)
    body = {"title": "x", "content": table, "artifact_type": "worksheet"}
    wide = api.send("POST", "/api/artifacts", body).json()["id"]
    for format in ("docx", "pdf"):
        where = ask(api, wide, format)["Location"]
        make_exports()
        assert api.get(where).json()["error_code"] == "too_large"
        again = ask(api, wide, format)  # or who asks until there is a file would do so for ever
        assert (again.status_code, again.json()["code"]) == (400, "file_too_large")
    assert LongExport.objects.count() == 2
    settings.LONG_EXPORT_CHARACTERS = 100_000_000
    refused = ask(api, wide, "pdf")
    assert refused.status_code == 400
    assert "Markdown" in refused.json()["errors"]["format"][0]
    assert ask(api, wide, "md").status_code == 200


def test_too_many_at_once_are_refused(api, teacher, text):
    others = [make_artifact(teacher, "x", content="x " * 200) for _ in range(actions.LIVE_MAX - 1)]
    assert {ask(api, each.pk).status_code for each in others} == {202}
    assert [ask(api, text, each).status_code for each in ("docx", "pdf")] == [202, 429]


def test_of_a_teachers_files_the_newest_are_kept(api, stranger_api, text, settings):
    settings.EXPORTS_KEPT = 2
    other = stranger_api.send(
        "POST", "/api/artifacts",
        {"title": "x", "content": "x " * 200, "artifact_type": "worksheet"},
    ).json()["id"]  # fmt: skip
    kept = ask(stranger_api, other)["Location"]
    made = []
    for each in (1, 2, 3):
        path = f"/api/artifacts/{text}"
        made.append(ask(api, text)["Location"])
        make_exports()
        api.send("PATCH", path, {"title": f"Übung {each}"}, HTTP_IF_MATCH="*")
    assert [api.get(f"{where}/file").status_code for where in made] == [404, 200, 200]
    assert [api.get(where).status_code for where in made] == [404, 200, 200]
    assert stranger_api.get(f"{kept}/file").status_code == 200


def test_what_failed_is_made_anew_when_it_is_asked_for_again(api, text):
    first = ask(api, text).json()["id"]
    LongExport.objects.filter(pk=first).update(state="failed", error_code="server_error")
    assert ask(api, text).json()["id"] != first
