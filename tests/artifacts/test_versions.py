"""Documents over REST: changed part by part, kept version by version, never overwritten unseen."""

import json

import pytest

from artifacts.models import Artifact, ArtifactVersion
from artifacts.triggers import VERSIONS_KEPT
from tests.artifacts.samples import KIND_NAMES, sample
from tests.factories import make_chat, make_messages

pytestmark = pytest.mark.django_db


def store(api, kind="exam", **fields):
    answer = api.send(
        "POST", "/api/artifacts", {"title": "Probe", "content": sample(kind), **fields}
    )
    assert answer.status_code == 201, answer.json()
    return answer.json()


def change(api, artifact, revision=None, **body):
    seen = artifact["revision"] if revision is None else revision
    url = f"/api/artifacts/{artifact['id']}"
    return api.send("PATCH", url, body, HTTP_IF_MATCH=f'"{seen}"')


@pytest.mark.claim(39)
@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_document_comes_back_as_it_was_stored(api, kind):
    created = store(api, kind)
    assert created["content"] == sample(kind)
    assert (created["kind"], created["revision"], created["changed_at"]) == (kind, 1, None)
    assert api.get(f"/api/artifacts/{created['id']}").json() == created
    assert api.get("/api/artifacts").json()["results"] == [created]


def test_the_kind_says_the_type_and_lists_can_be_narrowed_to_it(api):
    quiz, exam = store(api, "quiz"), store(api, "exam")
    assert (quiz["artifact_type"], exam["artifact_type"]) == ("activity", "worksheet")
    found = api.get("/api/artifacts?kind=quiz").json()["results"]
    assert [each["id"] for each in found] == [quiz["id"]]
    assert api.get("/api/artifacts?kind=poem").status_code == 400
    body = {"title": "Probe", "content": sample("quiz"), "artifact_type": "rubric"}
    refused = api.send("POST", "/api/artifacts", body)
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"artifact_type"})


def test_text_needs_a_type(api):
    refused = api.send("POST", "/api/artifacts", {"title": "Probe", "content": "1."})
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"artifact_type"})


def test_what_a_schema_refuses_is_told_with_its_path_and_not_stored(api):
    content = sample("exam", minutes=4)
    answer = api.send("POST", "/api/artifacts", {"title": "Probe", "content": content})
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"content": {"/minutes": ["Das muss mindestens 5 sein."]}}
    english = api.send("POST", "/api/artifacts", {"title": "Probe", "content": content},
                       HTTP_ACCEPT_LANGUAGE="en")  # fmt: skip
    assert "at least 5" in str(english.json()["errors"])
    assert not Artifact.objects.exists()


def test_changing_one_task_leaves_the_rest_byte_for_byte_and_says_what_changed(api):
    artifact = store(api)
    before = Artifact.objects.get().content
    patch = [{"op": "replace", "path": "/tasks/1/text", "value": "Ordne: 1/2, 1/3."}]
    answer = change(api, artifact, patch=patch).json()
    old = sample("exam")["tasks"][1]["text"]
    assert answer["changes"] == [
        {"path": "/content/tasks/1/text", "change": "changed", "before": old,
         "after": "Ordne: 1/2, 1/3."}
    ]  # fmt: skip
    assert Artifact.objects.get().content == before.replace(old, "Ordne: 1/2, 1/3.")
    assert answer["revision"] == 2


def test_a_whole_document_sent_back_with_one_change_tells_just_that(api):
    artifact = store(api)
    content = {**artifact["content"], "tasks": artifact["content"]["tasks"][:2]}
    content.update(
        total_points=14, grade_key=[{"grade": "1", "from": 10}, {"grade": "6", "from": 0}]
    )
    answer = change(api, artifact, content=content).json()
    told = {(each["path"], each["change"]) for each in answer["changes"]}
    assert ("/content/tasks/2", "removed") in told
    assert ("/content/total_points", "changed") in told
    assert not any(path.startswith("/content/tasks/0") for path, _ in told)


def test_a_part_that_is_put_in_front_changes_no_other(api):
    artifact = store(api, "worksheet")
    task = {"id": "neu", "text": "Neu", "points": 2, "level": "I", "solution": "ja"}
    patch = [{"op": "add", "path": "/tasks/0", "value": task},
             {"op": "replace", "path": "/total_points", "value": 14.5}]  # fmt: skip
    changes = change(api, artifact, patch=patch).json()["changes"]
    assert [(each["path"], each["change"]) for each in changes] == [
        ("/content/tasks/0", "added"), ("/content/total_points", "changed"),
    ]  # fmt: skip


BAD_PATCHES = [
    [{"op": "replace", "path": "/tasks/9/text", "value": "x"}],
    [{"op": "replace", "path": "/tasks/01/text", "value": "x"}],
    [{"op": "replace", "path": "/tasks/-/text", "value": "x"}],
    [{"op": "replace", "path": "/nothing", "value": "x"}],
    [{"op": "remove", "path": "/tasks/0/nothing"}],
    [{"op": "add", "path": "/topic/0", "value": "x"}],
    [{"op": "add", "path": "topic", "value": "x"}],
    [{"op": "move", "path": "/topic"}],
    [{"op": "remove", "path": "/tasks"}],
    [{"op": "remove", "path": "/tasks/0"}],  # the points would no longer add up
    [{"op": "replace", "path": "/tasks/0/points", "value": {"a": [1]}}],
    [{"op": "replace", "path": "/kind", "value": "quiz"}],
    [7],
    {"op": "remove"},
]


@pytest.mark.parametrize("patch", BAD_PATCHES, ids=str)
def test_a_patch_that_does_not_fit_is_refused_as_a_whole(api, patch):
    artifact = store(api)
    first = [{"op": "replace", "path": "/topic", "value": "Optik"}]
    both = first + patch if isinstance(patch, list) else patch
    answer = change(api, artifact, patch=both)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["errors"]
    assert api.get(f"/api/artifacts/{artifact['id']}").json() == artifact


def test_who_does_not_say_what_they_saw_is_asked_to(api):
    artifact = store(api)
    url = f"/api/artifacts/{artifact['id']}"
    for method, path, body in [
        ("PATCH", url, {"title": "Neu"}), ("POST", f"{url}/restore", {"revision": 1}),
    ]:  # fmt: skip
        answer = api.send(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
    assert api.get(url).json() == artifact


def test_a_change_of_something_else_than_was_seen_is_refused(api):
    artifact = store(api)
    url = f"/api/artifacts/{artifact['id']}"
    assert api.get(url)["ETag"] == '"1"'
    assert change(api, artifact, title="Neu")["ETag"] == '"2"'
    assert api.get(url)["ETag"] == '"2"'
    for method, path, body in [
        ("PATCH", url, {"title": "Alt"}), ("DELETE", url, None),
        ("POST", f"{url}/restore", {"revision": 1}),
    ]:  # fmt: skip
        for seen in ('"1"', 'W/"2"', '"abc"', "2", '"1", "3"'):
            answer = api.send(method, path, body, HTTP_IF_MATCH=seen)
            assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
            assert answer.json()["revision"] == 2
    assert api.send("PATCH", url, {"title": "Drei"}, HTTP_IF_MATCH='"1", "2"').status_code == 200
    assert api.send("PATCH", url, {"title": "Vier"}, HTTP_IF_MATCH="*").status_code == 200
    assert api.delete(url).status_code == 204


def test_nothing_new_is_no_revision(api):
    artifact = store(api)
    answer = change(api, artifact, title="Probe", content=artifact["content"])
    assert answer.json() == {**artifact, "changes": []}
    assert not ArtifactVersion.objects.exists()


def test_text_may_become_a_document_but_no_document_text(api):
    text = api.send(
        "POST", "/api/artifacts", {"title": "Probe", "content": "1.", "artifact_type": "worksheet"}
    ).json()
    assert (text["kind"], text["content"]) == ("text", "1.")
    patch = [{"op": "replace", "path": "/topic", "value": "x"}]
    assert set(change(api, text, patch=patch).json()["errors"]) == {"patch"}
    assert change(api, text, content=sample("quiz")).status_code == 400  # another type
    exam = change(api, text, content=sample("exam")).json()
    assert (exam["kind"], exam["revision"]) == ("exam", 2)
    refused = change(api, exam, content="2.")
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"content"})


def test_what_an_ai_made_stays_marked(api):
    artifact = store(api, content=sample("exam", ai_generated=True))
    content = sample("exam", topic="Neu")
    assert change(api, artifact, content=content).json()["content"]["ai_generated"] is True


def test_history_is_listed_shown_compared_and_brought_back(api):
    artifact = store(api)
    url = f"/api/artifacts/{artifact['id']}"
    patch = [{"op": "replace", "path": "/topic", "value": "Optik"}]
    second = change(api, artifact, title="Zwei", patch=patch).json()
    third = change(api, second, title="Drei").json()

    listed = api.get(f"{url}/versions").json()["results"]
    assert [(each["revision"], each["title"]) for each in listed] == [
        (3, "Drei"), (2, "Zwei"), (1, "Probe"),
    ]  # fmt: skip
    assert listed[2]["created_at"] == artifact["created_at"]
    assert listed[1]["created_at"] == second["changed_at"]
    assert listed[0]["created_at"] == third["changed_at"] >= second["changed_at"]

    for revision, title, topic in ((1, "Probe", "Brüche vergleichen"), (3, "Drei", "Optik")):
        version = api.get(f"{url}/versions/{revision}").json()
        assert (version["title"], version["content"]["topic"]) == (title, topic)
    assert api.get(f"{url}/versions/4").status_code == 404

    changes = api.get(f"{url}/diff?from=1&to=2").json()["changes"]
    assert [each["path"] for each in changes] == ["/content/topic", "/title"]
    assert api.get(f"{url}/diff?from=2").json()["changes"] == [
        {"path": "/title", "change": "changed", "before": "Zwei", "after": "Drei"}
    ]
    assert api.get(f"{url}/diff?from=3&to=3").json()["changes"] == []
    assert api.get(f"{url}/diff").status_code == 400

    back = api.send("POST", f"{url}/restore", {"revision": 1}, HTTP_IF_MATCH='"3"')
    assert (back.status_code, back["ETag"]) == (200, '"4"')
    assert {**back.json(), "changes": 0, "changed_at": 0, "revision": 0} == {
        **artifact, "changes": 0, "changed_at": 0, "revision": 0,
    }  # fmt: skip
    assert len(api.get(f"{url}/versions").json()["results"]) == 4
    gone = api.send("POST", f"{url}/restore", {"revision": 9}, HTTP_IF_MATCH='"4"')
    assert gone.status_code == 404


def test_the_last_fifty_changes_are_kept(api):
    artifact = store(api)
    for number in range(VERSIONS_KEPT + 5):
        Artifact.objects.update(title=f"Titel {number}")
    listed = api.get(f"/api/artifacts/{artifact['id']}/versions").json()["results"]
    assert [each["revision"] for each in listed] == list(range(56, 5, -1))


WRITES = {
    "save": lambda row: (setattr(row, "title", "neu"), row.save()),
    "update": lambda row: Artifact.objects.filter(pk=row.pk).update(title="neu"),
    "bulk_update": lambda row: (
        setattr(row, "title", "neu"), Artifact.objects.bulk_update([row], ["title"])),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_no_write_passes_the_history_by(api, name):
    artifact = store(api)
    row = Artifact.objects.get()
    WRITES[name](row)
    row.refresh_from_db()
    assert (row.title, row.revision) == ("neu", 2)
    assert ArtifactVersion.objects.get().title == "Probe"
    stale = Artifact.objects.get()
    Artifact.objects.update(title="neuer")
    stale.title = "neuer"
    stale.save()
    assert Artifact.objects.get().revision == 3
    assert json.loads(row.content) == artifact["content"]


def test_other_columns_have_no_history(api, teacher):
    store(api)
    chat = make_chat(teacher)
    Artifact.objects.update(chat=chat, message=make_messages(chat, 1)[0])
    assert Artifact.objects.get().revision == 1
    assert not ArtifactVersion.objects.exists()


def test_the_history_goes_with_its_artifact(api):
    artifact = store(api)
    change(api, artifact, title="Neu")
    assert api.delete(f"/api/artifacts/{artifact['id']}").status_code == 204
    assert not ArtifactVersion.objects.exists()


def test_the_kinds_are_told_with_their_schemas(api):
    found = {each["name"]: each for each in api.get("/api/artifacts/kinds").json()["results"]}
    assert set(found) == set(KIND_NAMES)
    assert found["exam"]["display_name"] == "Klassenarbeit"
    assert found["exam"]["schema"]["properties"]["minutes"]["maximum"] == 600
