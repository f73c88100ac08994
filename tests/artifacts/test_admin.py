"""The admin's pages about artifacts."""

import pytest

from artifacts.models import Artifact
from chats.models import Chat, Message
from tests.admin import open_text, page, queries_of, staff_client
from tests.factories import make_chat, make_messages, make_teacher

pytestmark = pytest.mark.django_db
SECRET = "Wortlaut-der-niemanden-angeht"


@pytest.fixture
def staff(db):
    return staff_client()


def make_artifact(teacher, **fields):
    chat = make_chat(teacher)
    [message] = make_messages(chat, 1)
    return Artifact.objects.create(
        **{
            "teacher": teacher, "chat": chat, "message": message, "title": "Gerecht teilen",
            "content": SECRET, "artifact_type": "worksheet", **fields,
        }
    )  # fmt: skip


@pytest.fixture
def artifact(teacher):
    return make_artifact(teacher)


@pytest.mark.parametrize("name", ["change", "history"])
def test_an_artifact_has_a_page_and_a_history(name, artifact, staff):
    assert staff.get(page(Artifact, name, artifact)).status_code == 200


def test_nothing_is_added_or_deleted(artifact, staff):
    assert staff.get(page(Artifact, "add")).status_code == 403
    assert staff.post(page(Artifact, "delete", artifact), {"post": "yes"}).status_code == 403


def test_the_list_leads_to_teacher_and_chat_and_shows_no_content(artifact, staff):
    text = staff.get(page(Artifact)).text
    assert str(artifact.pk)[-8:] in text
    assert artifact.title not in text
    assert page(type(artifact.teacher), "change", artifact.teacher) in text
    assert page(Chat, "change", artifact.chat) in text
    assert SECRET not in text


def test_its_page_shows_the_content_and_leads_to_the_message(artifact, staff):
    url = page(Artifact, "change", artifact)
    for hidden in (SECRET, artifact.title):
        assert hidden not in staff.get(url).text
    open_text(staff, artifact)
    text = staff.get(url).text
    assert SECRET in text
    assert page(Message, "change", artifact.message) in text


def listed(staff, **query):
    answer = staff.get(page(Artifact, **query))
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def test_artifacts_are_found_by_teacher_type_and_id(artifact, stranger, staff):
    other = make_artifact(stranger, title="Linsen", artifact_type="rubric")
    orphan = make_artifact(None, title="Niemandes", artifact_type="activity")
    assert set(listed(staff)) == {artifact, other, orphan}
    assert listed(staff, q="linse") == []
    assert listed(staff, artifact_type__exact="rubric") == [other]
    assert listed(staff, teacher__isempty="1") == [orphan]
    assert listed(staff, q=stranger.email) == [other]
    for pk in (other.pk, other.chat_id, other.message_id, stranger.pk):
        assert listed(staff, q=str(pk)) == [other]


def test_staff_mend_an_artifact(artifact, staff):
    form = {"title": "Teilen", "content": "neu"}
    assert staff.post(page(Artifact, "change", artifact), form).status_code == 403
    open_text(staff, artifact)
    assert staff.post(page(Artifact, "change", artifact), form).status_code == 302
    artifact.refresh_from_db()
    assert (artifact.title, artifact.content) == ("Teilen", "neu")


def test_an_artifact_without_an_owner_can_only_be_looked_at(staff):
    orphan = make_artifact(None)
    url = page(Artifact, "change", orphan)
    assert staff.get(url).status_code == 200
    assert staff.post(url, {"title": "Teilen", "content": "neu"}).status_code == 403


def test_the_list_takes_as_many_queries_for_many_rows_as_for_few(staff):
    def make(count):
        for _number in range(count):
            make_artifact(make_teacher())

    make(5)
    few = queries_of(staff, page(Artifact))
    make(25)
    assert queries_of(staff, page(Artifact)) == few
