"""Sharing: named colleagues read what they were given, until that ends; nobody else does."""

import pytest

from artifacts.library.models import Collection, CollectionItem, Share
from artifacts.models import Artifact
from tests.artifacts.test_library import make_artifact, make_collection, titles
from tests.client import ApiClient
from tests.factories import make_teacher

pytestmark = pytest.mark.django_db


def share(api, path, receiver):
    answer = api.send("POST", f"{path}/shares", {"email": receiver.email.upper()})
    assert answer.status_code == 201, answer.json()
    return f"{path}/shares/{answer.json()['id']}"


def reads(api, artifact):
    """What a teacher sees of an artifact, everywhere it could be seen."""
    path = f"/api/artifacts/{artifact.pk}"
    return {
        "detail": api.get(path).status_code,
        "export": api.get(f"{path}/export?format=md").status_code,
        "library": titles(api, "/api/library?shared=with_me"),
        "search": [hit["id"] for hit in api.get("/api/search?q=Geheimnis").json()["results"]],
    }


def everything(artifact):
    return {
        "detail": 200, "export": 200, "library": [artifact.title], "search": [str(artifact.pk)],
    }  # fmt: skip


NOTHING = {"detail": 404, "export": 404, "library": [], "search": []}


@pytest.mark.claim(22)
@pytest.mark.claim(42)
@pytest.mark.parametrize("way", ["artifact", "collection"])
def test_a_share_is_effective_at_once_and_so_is_its_end(way, api, teacher, stranger, stranger_api):
    artifact = make_artifact(teacher, "Geheimnis")
    path = f"/api/artifacts/{artifact.pk}"
    if way == "collection":
        path = make_collection(api, artifact)
    third = ApiClient(make_teacher())
    assert reads(stranger_api, artifact) == NOTHING
    share_path = share(api, path, stranger)
    assert reads(stranger_api, artifact) == everything(artifact)
    assert reads(third, artifact) == NOTHING
    shared = api.get("/api/library?shared=by_me").json()["results"]
    assert [each["title"] for each in shared] == ["Geheimnis"]
    assert api.send("DELETE", share_path).status_code == 204
    assert reads(stranger_api, artifact) == NOTHING
    assert api.send("DELETE", share_path).status_code == 404
    assert titles(api, "/api/library?shared=by_me") == []


def test_what_is_shared_can_only_be_read(api, teacher, stranger, stranger_api):
    artifact = make_artifact(teacher, "Geheimnis")
    path = f"/api/artifacts/{artifact.pk}"
    collection = make_collection(api, artifact)
    for each in (path, collection):
        share(api, each, stranger)
    for method, where, body in (
        ("PATCH", path, {"title": "Meins"}),
        ("DELETE", path, None),
        ("GET", f"{path}/versions", None),
        ("GET", f"{path}/shares", None),
        ("POST", f"{path}/shares", {"email": "third@eduhu.example"}),
        ("PATCH", collection, {"name": "Meins"}),
        ("DELETE", collection, None),
        ("PUT", f"{collection}/items/{artifact.pk}", None),
        ("DELETE", f"{collection}/items/{artifact.pk}", None),
        ("POST", f"{collection}/shares", {"email": "third@eduhu.example"}),
    ):
        answer = stranger_api.send(method, where, body, HTTP_IF_MATCH="*")
        assert answer.status_code == 404, (method, where)
    artifact.refresh_from_db()
    assert artifact.title == "Geheimnis"
    own = make_collection(stranger_api)
    assert stranger_api.send("PUT", f"{own}/items/{artifact.pk}").status_code == 404


def test_the_chat_behind_it_stays_its_owners_business(api, teacher, stranger, stranger_api):
    from tests.factories import make_chat

    artifact = make_artifact(teacher, "Geheimnis", chat=make_chat(teacher))
    share(api, f"/api/artifacts/{artifact.pk}", stranger)
    assert stranger_api.get(f"/api/artifacts/{artifact.pk}").json()["chat_id"] is None
    [hit] = stranger_api.get("/api/search?q=geheimnis").json()["results"]
    assert (hit["chat_id"], hit["is_own"]) == (None, False)


def test_a_changed_artifact_and_a_changed_collection_are_read_as_they_are(
    api, teacher, stranger, stranger_api
):
    artifact, later = make_artifact(teacher, "Alt"), make_artifact(teacher, "Später")
    path = make_collection(api, artifact)
    share(api, path, stranger)
    assert stranger_api.get(f"/api/artifacts/{artifact.pk}").json()["title"] == "Alt"
    api.send("PATCH", f"/api/artifacts/{artifact.pk}", {"title": "Neu"}, HTTP_IF_MATCH="*")
    assert stranger_api.get(f"/api/artifacts/{artifact.pk}").json()["title"] == "Neu"
    api.send("PUT", f"{path}/items/{later.pk}")
    assert titles(stranger_api, path) == ["Neu", "Später"]
    assert stranger_api.get(f"/api/artifacts/{later.pk}").status_code == 200
    api.send("DELETE", f"{path}/items/{later.pk}")
    assert stranger_api.get(f"/api/artifacts/{later.pk}").status_code == 404
    [listed] = stranger_api.get("/api/collections").json()["results"]
    assert (listed["is_own"], listed["item_count"]) == (False, 1)


def test_nobody_learns_whether_an_address_is_known(api, teacher, stranger):
    path = f"/api/artifacts/{make_artifact(teacher).pk}/shares"
    bodies = []
    for email in (stranger.email, "nobody@eduhu.example"):
        first, again = (api.send("POST", path, {"email": email}) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert first.json()["email"] == email
        bodies.append(set(first.json()))
    assert bodies[0] == bodies[1] == {"id", "email", "created_at"}
    emails = [each["email"] for each in api.get(path).json()["results"]]
    assert emails == [stranger.email, "nobody@eduhu.example"]
    for bad in ("", "nobody", teacher.email, teacher.email.upper(), 7, None):
        assert api.send("POST", path, {"email": bad}).status_code == 400


def test_a_share_waits_for_who_comes_later(api, teacher):
    artifact = make_artifact(teacher, "Geheimnis")
    path = f"/api/artifacts/{artifact.pk}/shares"
    api.send("POST", path, {"email": "new@eduhu.example"})
    newcomer = ApiClient(make_teacher(email="new@eduhu.example"))
    assert reads(newcomer, artifact) == everything(artifact)
    [one] = api.get(path).json()["results"]
    api.send("DELETE", f"{path}/{one['id']}")
    assert reads(newcomer, artifact) == NOTHING


def test_a_receiver_marks_what_is_shared_for_themselves(api, teacher, stranger, stranger_api):
    artifact = make_artifact(teacher, "Geheimnis")
    path = f"/api/artifacts/{artifact.pk}"
    share_path = share(api, path, stranger)
    assert stranger_api.send("PUT", f"{path}/favourite").status_code == 204
    assert stranger_api.send("PUT", f"{path}/tags", {"tags": ["Von Anna"]}).status_code == 200
    assert titles(stranger_api, "/api/library?shared=with_me&tag=von anna&favourite=true")
    [own] = api.get("/api/library").json()["results"]
    assert (own["is_favourite"], own["tags"]) == (False, [])
    api.send("DELETE", share_path)
    assert titles(stranger_api, "/api/library?shared=with_me&favourite=true") == []


def test_what_changes_hands_is_no_longer_shared_by_who_had_it(api, teacher, stranger, stranger_api):
    artifact = make_artifact(teacher, "Geheimnis")
    share(api, f"/api/artifacts/{artifact.pk}", stranger)
    share(api, make_collection(api, artifact), stranger)
    Artifact.objects.update(teacher=make_teacher())
    assert reads(stranger_api, artifact) == NOTHING
    [collection] = Collection.objects.all()
    assert titles(stranger_api, f"/api/collections/{collection.pk}") == []


def test_an_account_takes_its_shares_with_it(api, teacher, stranger):
    artifact = make_artifact(teacher)
    share(api, f"/api/artifacts/{artifact.pk}", stranger)
    share(api, make_collection(api, artifact), stranger)
    stranger.delete()
    assert not Share.objects.exists()
    assert CollectionItem.objects.count() == 1
