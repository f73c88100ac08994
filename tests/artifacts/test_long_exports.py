"""Long exports: a whole collection as files, with progress, through crashes, until it expires."""

import datetime as dt
import io
import zipfile

import pytest

from artifacts.exporting import actions, making
from artifacts.exporting.models import LongExport
from artifacts.exporting.tasks import forget_old_exports, make_exports
from artifacts.exports import export
from artifacts.models import ArtifactExport
from eduhu.db import now
from eduhu.switches.actions import set_switch
from eduhu.switches.state import forget, load
from teachers.mail.models import Mailing
from tests.artifacts.samples import sample
from tests.artifacts.test_library import make_artifact, make_collection
from tests.switches.test_switches import off

pytestmark = [pytest.mark.django_db, pytest.mark.claim(40)]
URL = "/api/exports"


@pytest.fixture
def collection(api, teacher):
    """A collection of a quiz and a text, whose names have umlauts."""
    quiz = api.send("POST", "/api/artifacts", {"title": "Prüfung", "content": sample("quiz")})
    path = make_collection(api, make_artifact(teacher, "Übung"), name="Frühling")
    api.send("PUT", f"{path}/items/{quiz.json()['id']}")
    return path.rpartition("/")[2]


def ask(api, collection, **more):
    return api.send("POST", URL, {"collection_id": collection, "format": "docx", **more})


def state(api, answer):
    return api.get(f"{URL}/{answer.json()['id']}").json()


def test_an_archive_has_all_files_in_order_and_tells_when_it_is_ready(api, settings, collection):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    answer = ask(api, collection)
    assert (answer.status_code, answer.json()["state"], answer.json()["total"]) == (
        202,
        "queued",
        2,
    )
    file = f"{URL}/{answer.json()['id']}/file"
    assert api.get(file).status_code == 404
    for _ in range(2):
        make_exports()
    assert (state(api, answer)["state"], state(api, answer)["done"]) == ("ready", 2)
    got = api.get(file)
    assert "filename*=UTF-8''Fr%C3%BChling.zip" in got["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
        assert archive.namelist() == ["001 Übung.docx", "002 Prüfung.docx"]
        assert all(archive.read(name).startswith(b"PK") for name in archive.namelist())
    [mailing] = Mailing.objects.all()
    assert (mailing.kind, mailing.facts) == ("export_ready", {"name": "Frühling", "days": 7})
    [listed] = api.get(URL).json()["results"]
    assert listed == state(api, answer)


def test_who_dies_over_it_is_followed_by_another_and_at_last_given_up(api, collection, monkeypatch):
    def die(_wanted):
        raise KeyboardInterrupt

    answer = ask(api, collection)
    with monkeypatch.context() as patched:
        patched.setattr(making, "_archive", die)
        with pytest.raises(KeyboardInterrupt):
            make_exports()
    make_exports()
    assert state(api, answer)["state"] == "running"  # its lease has not ended
    LongExport.objects.update(lease_until=now() - dt.timedelta(seconds=1))
    make_exports()
    assert state(api, answer)["state"] == "ready"
    LongExport.objects.update(state="running", attempts=making.ATTEMPTS_MAX, lease_until=None)
    make_exports()
    assert (state(api, answer)["state"], state(api, answer)["error_code"]) == (
        "failed", "server_error",
    )  # fmt: skip


def test_while_exports_are_switched_off_none_is_taken_and_none_made(api, collection):
    answer = ask(api, collection)
    set_switch(name="feature:exports", is_on=False)
    forget()  # as in a process of Celery, which has not read the switches
    make_exports()
    assert state(api, answer)["state"] == "queued"
    refused = ask(api, collection)
    assert (refused.status_code, refused.json()["code"]) == (503, "feature_off")
    set_switch(name="feature:exports", is_on=True)
    load()
    make_exports()
    assert state(api, answer)["state"] == "ready"


def test_what_is_deleted_while_it_is_made_stays_deleted(api, collection, monkeypatch):
    answer = ask(api, collection)
    archive = making._archive

    def delete_meanwhile(wanted):
        assert api.send("DELETE", f"{URL}/{answer.json()['id']}").status_code == 204
        return archive(wanted)

    monkeypatch.setattr(making, "_archive", delete_meanwhile)
    assert making.make_due() == 0
    assert not LongExport.objects.exists()


def test_what_is_deleted_while_it_is_made_is_not_made_to_its_end(api, collection, monkeypatch):
    answer, written = ask(api, collection), []

    def delete_meanwhile(artifact, *given, **more):
        written.append(artifact["title"])
        api.send("DELETE", f"{URL}/{answer.json()['id']}")
        return export(artifact, *given, **more)

    monkeypatch.setattr(making, "export", delete_meanwhile)
    assert making.make_due() == 0
    assert written == ["Übung"]


def test_none_is_begun_that_could_not_be_ended(api, collection, monkeypatch):
    monkeypatch.setattr(making, "SECONDS", 0.0)
    answers = [ask(api, collection) for _ in range(2)]
    assert [making.make_due(), making.make_due()] == [1, 1]
    assert {state(api, answer)["state"] for answer in answers} == {"ready"}


def test_a_collection_that_is_gone_or_too_large_fails_with_a_reason(api, collection, monkeypatch):
    first, second = ask(api, collection), ask(api, collection)
    monkeypatch.setattr(making, "SIZE_MAX", 10)
    LongExport.objects.filter(pk=second.json()["id"]).update(
        lease_until=now() + dt.timedelta(hours=1)
    )
    make_exports()
    assert state(api, first)["error_code"] == "too_large"
    api.send("DELETE", f"/api/collections/{collection}")
    LongExport.objects.update(lease_until=None)
    make_exports()
    assert state(api, second)["error_code"] == "not_found"


def test_an_archive_expires(api, collection):
    answer = ask(api, collection)
    make_exports()
    file = f"{URL}/{answer.json()['id']}/file"
    forget_old_exports()
    assert api.get(file).status_code == 200
    LongExport.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    assert api.get(file).status_code == 404
    forget_old_exports()
    assert not LongExport.objects.exists()


def test_an_archive_of_what_was_shared_ends_with_the_share(api, collection, stranger, stranger_api):
    shares = f"/api/collections/{collection}/shares"
    shared = api.send("POST", shares, {"email": stranger.email}).json()["id"]
    answers = {each: ask(each, collection).json()["id"] for each in (api, stranger_api)}
    make_exports()

    def fetched():
        found = {each: each.get(f"{URL}/{answers[each]}/file") for each in answers}
        return [answer.status_code for answer in found.values()]

    assert fetched() == [200, 200]
    api.send("DELETE", f"{shares}/{shared}")
    assert fetched() == [200, 404]
    api.send("DELETE", f"/api/collections/{collection}")
    assert fetched() == [404, 404]


def test_bad_wishes_are_refused_and_so_are_too_many(api, collection):
    for bad in ({"format": "gift"}, {"edition": "all"}, {"collection_id": None}):
        assert ask(api, collection, **bad).status_code == 400
    assert ask(api, make_collection(api).rpartition("/")[2]).status_code == 400
    statuses = [ask(api, collection).status_code for _ in range(actions.LIVE_MAX + 1)]
    assert statuses == [202] * actions.LIVE_MAX + [429]


def test_an_archive_counts_once_as_exports_of_all_that_is_in_it(api, teacher, collection):
    ask(api, collection, edition="pupil")
    assert teacher_exports(teacher) == []
    for _ in range(2):
        make_exports()
    places = api.get(f"/api/collections/{collection}").json()["items"]
    assert sorted(teacher_exports(teacher)) == sorted(
        (item["id"], "docx", "pupil", False) for item in places
    )
    ArtifactExport.objects.update(exported_at=now() - dt.timedelta(days=1))
    api.get(f"/api/artifacts/{places[0]['id']}/export?format=md")
    assert (places[0]["id"], "md", "teacher", True) in teacher_exports(teacher)


def teacher_exports(teacher):
    rows = ArtifactExport.objects.for_teacher(teacher)
    return [(str(row.artifact_id), row.format, row.edition, row.is_again) for row in rows]


def test_none_is_begun_while_exports_are_switched_off(api, collection):
    off("feature:exports")
    answer = ask(api, collection)
    assert (answer.status_code, answer.json()["code"]) == (503, "feature_off")
    assert not LongExport.objects.exists()
