"""The database itself refuses wrong teachers and preferences."""

import pytest
from django.db import DataError, IntegrityError

from eduhu.db import new_id
from teachers.models import Teacher, TeacherPreferences
from tests import sql
from tests.factories import make_teacher

pytestmark = pytest.mark.django_db(transaction=True)  # foreign keys are checked at the commit


@pytest.fixture
def make_preferences(teacher):
    """Insert good preferences, but for the given columns."""

    def make(**changes):
        good = TeacherPreferences(teacher=teacher, subject_areas=["Mathematik"])
        sql.insert("teacher_preferences", {**sql.row_of(good), **changes})
        return changes.get("id", good.pk)

    return make


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"teacher_id": None}, id="no teacher"),
        pytest.param({"teacher_id": new_id()}, id="unknown teacher"),
        {"subject_areas": {"first": "Mathematik"}},
        {"subject_areas": '"[\\"Mathematik\\"]"'},
        {"subject_areas": "null"},
        {"subject_areas": "Mathematik"},
        {"notification_settings": ["news"]},
        {"notification_settings": '"{}"'},
        {"notification_settings": "null"},
    ],
)
def test_the_database_refuses_preferences(make_preferences, wrong):
    with pytest.raises((IntegrityError, DataError)):
        make_preferences(**wrong)
    row_id = make_preferences()
    with pytest.raises((IntegrityError, DataError)):
        sql.update("teacher_preferences", row_id, wrong)


@pytest.mark.claim(44)
def test_a_teacher_has_one_row_of_preferences(make_preferences):
    make_preferences()
    with pytest.raises(IntegrityError):
        make_preferences()
    assert TeacherPreferences.objects.count() == 1


@pytest.mark.claim(43)
def test_an_id_is_given_once(make_preferences):
    other = make_teacher()
    row_id = make_preferences()
    with pytest.raises(IntegrityError):
        make_preferences(id=row_id, teacher_id=other.pk)


@pytest.mark.parametrize(
    "wrong", [{"email": "Upper@eduhu.example"}, {"language": "fr"}, {"language": ""}]
)
def test_the_database_refuses_a_teacher(teacher, wrong):
    with pytest.raises(IntegrityError):
        sql.update("teachers", teacher.pk, wrong)


def test_an_address_belongs_to_one_teacher_whatever_its_case(teacher):
    with pytest.raises(IntegrityError):
        make_teacher(email=teacher.email.upper())
    other = make_teacher()
    with pytest.raises(IntegrityError):
        sql.update("teachers", other.pk, {"email": teacher.email})


def test_addresses_are_kept_in_lower_case(db):
    teacher = make_teacher(email="Frau.Muster@EDUHU.example")
    teacher.email = " Frau.Neu@Eduhu.Example "
    teacher.save()
    assert Teacher.objects.get().email == "frau.neu@eduhu.example"
