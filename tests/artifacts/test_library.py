"""The library: collections in order, tags, favourites, and filters that find things again."""

import datetime as dt
import itertools

import pytest

from artifacts.library.actions import ITEMS_MAX, TAGS_MAX
from artifacts.library.models import CollectionItem, Facets, Favourite, Share, Tag
from artifacts.models import Artifact
from eduhu.db import epoch_ms, now
from tests.artifacts.samples import sample
from tests.factories import make_chat

pytestmark = pytest.mark.django_db
_hours = itertools.count(1)


def make_artifact(teacher, title="Quiz", **fields):
    more = {"content": "1.", "artifact_type": "activity", **fields}
    made_at = now() - dt.timedelta(hours=next(_hours))
    return Artifact.objects.create(teacher=teacher, title=title, created_at=made_at, **more)


def make_collection(api, *artifacts, name="Optik"):
    answer = api.send("POST", "/api/collections", {"name": name})
    assert answer.status_code == 201
    path = f"/api/collections/{answer.json()['id']}"
    for each in artifacts:
        assert api.send("PUT", f"{path}/items/{each.pk}").status_code == 204
    return path


def titles(api, path="/api/library"):
    answer = api.get(path)
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    return [each["title"] for each in body.get("items", body.get("results"))]


@pytest.fixture
def three(teacher):
    return [make_artifact(teacher, title) for title in ("eins", "zwei", "drei")]


@pytest.mark.claim(42)
def test_a_collection_keeps_its_order_and_an_artifact_may_be_in_several(api, three):
    one, other = make_collection(api, *three), make_collection(api, three[0], name="Klasse 8")
    api.send("PUT", f"{one}/items/{three[0].pk}")  # once more: it stays where it is
    assert titles(api, one) == ["eins", "zwei", "drei"]
    wanted = [str(each.pk) for each in (three[2], three[0], three[1])]
    answer = api.send("PUT", f"{one}/items", {"artifact_ids": wanted})
    assert [each["id"] for each in answer.json()["items"]] == wanted
    api.send("DELETE", f"{one}/items/{three[0].pk}")
    assert titles(api, one) == ["drei", "zwei"]
    assert titles(api, other) == ["eins"]
    api.send("PATCH", other, {"name": "Klasse 9"})
    listed = api.get("/api/collections").json()["results"]
    assert [(each["name"], each["item_count"]) for each in listed] == [
        ("Klasse 9", 1),
        ("Optik", 2),
    ]


def test_an_old_order_loses_nothing_that_came_meanwhile(api, three):
    path = make_collection(api, *three)
    ids = [str(each.pk) for each in three]
    for stale in (ids[:2], [*ids, ids[0]], [*ids[:2], "01a20000-0000-7000-8000-000000000000"]):
        answer = api.send("PUT", f"{path}/items", {"artifact_ids": stale})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert titles(api, path) == ["eins", "zwei", "drei"]


def test_only_own_material_goes_into_a_collection(api, stranger, three):
    path, others = make_collection(api, *three), make_artifact(stranger)
    assert api.send("PUT", f"{path}/items/{others.pk}").status_code == 404


def test_a_collection_is_made_once(api, stranger_api):
    body = {"id": "01a20000-0000-7000-8000-000000000001", "name": "Optik"}
    statuses = [api.send("POST", "/api/collections", body).status_code for _ in range(2)]
    assert statuses == [201, 200]
    assert stranger_api.send("POST", "/api/collections", body).status_code == 409
    for bad in ({}, {"name": ""}, {"name": "x" * 121}, {"name": "x", "id": 7}):
        assert api.send("POST", "/api/collections", bad).status_code == 400


def test_too_many_are_refused(api, teacher, three):
    path = make_collection(api)
    more = Artifact.objects.bulk_create(
        Artifact(teacher=teacher, title=str(n), content="", artifact_type="rubric")
        for n in range(ITEMS_MAX)
    )
    CollectionItem.objects.bulk_create(
        CollectionItem(collection_id=path.rpartition("/")[2], artifact=each, position=0)
        for each in more
    )
    assert api.send("PUT", f"{path}/items/{three[0].pk}").status_code == 400


def test_what_hangs_on_an_artifact_goes_with_it(api, teacher, three):
    path, [gone, *_] = make_collection(api, *three), three
    api.send("PUT", f"/api/artifacts/{gone.pk}/favourite")
    api.send("PUT", f"/api/artifacts/{gone.pk}/tags", {"tags": ["Optik"]})
    api.send("POST", f"/api/artifacts/{gone.pk}/shares", {"email": "a@eduhu.example"})
    assert api.send("DELETE", f"/api/artifacts/{gone.pk}").status_code == 204
    assert titles(api, path) == ["zwei", "drei"]
    tables = (CollectionItem, Favourite, Tag, Share, Facets)
    assert not any(table.objects.filter(artifact_id=gone.pk).exists() for table in tables)
    in_chat = make_artifact(teacher, chat=make_chat(teacher))
    api.send("PUT", f"/api/artifacts/{in_chat.pk}/favourite")
    assert api.send("DELETE", f"/api/chats/{in_chat.chat_id}").status_code == 204
    assert not Favourite.objects.exists()
    teacher.delete()
    assert not any(table.objects.exists() for table in tables)


def test_deleting_a_collection_leaves_the_material(api, three):
    path = make_collection(api, *three)
    assert api.send("DELETE", path).status_code == 204
    assert len(titles(api)) == 3


def test_tags_are_one_in_whatever_case_and_with_or_without_umlauts(api, three):
    path = f"/api/artifacts/{three[0].pk}/tags"
    answer = api.send("PUT", path, {"tags": ["Brüche", " klasse  6 ", "BRÜCHE", "Bruche"]})
    assert answer.json() == {"tags": ["Brüche", "klasse 6"]}
    api.send("PUT", f"/api/artifacts/{three[1].pk}/tags", {"tags": ["brüche"]})
    assert titles(api, "/api/library?tag=BRUCHE") == ["eins", "zwei"]
    found = api.get("/api/library/tags").json()["results"]
    assert [(each["name"].lower(), each["count"]) for each in found] == [
        ("brüche", 2),
        ("klasse 6", 1),
    ]
    api.send("PUT", path, {"tags": []})
    assert titles(api, "/api/library?tag=Brüche") == ["zwei"]
    too_many = [f"t{number}" for number in range(TAGS_MAX + 1)]
    for bad in ([" "], ["x" * 41], too_many, "Optik", [7, None]):
        assert api.send("PUT", path, {"tags": bad}).status_code == 400


def test_favourites(api, three):
    path = f"/api/artifacts/{three[1].pk}/favourite"
    assert [api.send("PUT", path).status_code for _ in range(2)] == [204, 204]
    assert titles(api, "/api/library?favourite=true") == ["zwei"]
    assert titles(api, "/api/library?favourite=false") == ["eins", "drei"]
    assert api.get("/api/library").json()["results"][1]["is_favourite"]
    assert [api.send("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert titles(api, "/api/library?favourite=true") == []


@pytest.mark.claim(42)
def test_filters_find_material_by_what_its_document_says(api, teacher):
    quiz = {**sample("quiz"), "subject": "Physik", "grade": "8", "topic": "Lichtbrechung"}
    body = {"title": "Optik", "content": quiz}
    made = api.send("POST", "/api/artifacts", body).json()
    old = make_artifact(teacher, "Text", artifact_type="worksheet")
    middle = epoch_ms(old.created_at) + 1
    path = make_collection(api, old)
    for query, expected in {
        "": ["Optik", "Text"],
        "kind=quiz": ["Optik"],
        "kind=text": ["Text"],
        "artifact_type=worksheet": ["Text"],
        "subject=physik": ["Optik"],
        "subject=phys": [],
        "grade=8&topic=BRECH": ["Optik"],
        "grade=9&topic=brech": [],
        f"since={middle}": ["Optik"],
        f"until={middle}": ["Text"],
        f"collection={path.rpartition('/')[2]}": ["Text"],
        "limit=1": ["Optik"],
    }.items():
        assert titles(api, f"/api/library?{query}") == expected, query
    # A change of the document is a change of what it says.
    patch = [{"op": "replace", "path": "/subject", "value": "Mathematik"}]
    path = f"/api/artifacts/{made['id']}"
    assert api.send("PATCH", path, {"patch": patch}, HTTP_IF_MATCH="*").status_code == 200
    assert titles(api, "/api/library?subject=Mathematik") == ["Optik"]
    for bad in ("kind=x", "shared=all", "since=x", "collection=x", "since=9999999999999999999"):
        assert api.get(f"/api/library?{bad}").status_code == 400, bad
    random = "01a20000-0000-7000-8000-000000000000"
    assert api.get(f"/api/library?collection={random}").status_code == 404


def test_pages_of_the_library_hold_each_thing_once(api, three):
    found, path = [], "/api/library?limit=2"
    while path:
        body = api.get(path).json()
        found += [each["title"] for each in body["results"]]
        path = (body["next"] or "").removeprefix("http://testserver")
    assert found == ["eins", "zwei", "drei"]
