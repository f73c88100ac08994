"""The admin's pages about people: who may see them, and what they change."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from artifacts.models import Artifact
from chats.models import Chat, Message, Reply
from teachers.actions import save_preferences
from teachers.models import Teacher, TeacherPreferences
from tests.admin import page, queries_of, run_action, staff_client
from tests.client import ApiClient
from tests.factories import PASSWORD, make_teacher

pytestmark = pytest.mark.django_db
MODELS = [Teacher, TeacherPreferences, Group, Chat, Message, Reply, Artifact]


@pytest.fixture
def staff(db):
    return staff_client()


@pytest.mark.parametrize("model", MODELS)
def test_lists_are_for_staff_only(model, teacher, staff):
    signed_in = Client()
    signed_in.force_login(teacher)
    for client in (Client(), signed_in):
        answer = client.get(page(model))
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))
    assert staff.get(page(model)).status_code == 200


def test_staff_without_a_permission_sees_neither_rows_nor_links(teacher):
    helper = staff_client("teachers.view_teacher", is_superuser=False)
    answer = helper.get(page(Teacher))
    assert teacher.email in answer.text
    assert page(Chat) not in answer.text
    assert helper.get(page(Chat)).status_code == 403


def test_a_session_of_staff_begins_with_the_password():
    make_teacher(email="staff@eduhu.example", is_staff=True)
    client = Client()
    form = {"username": "staff@eduhu.example", "password": PASSWORD}
    assert client.post(reverse("admin:login"), form).url == "/accounts/profile/"
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"is_active__exact": "1"},
        {"is_staff__exact": "0"},
        {"language__exact": "de"},
        {"q": "teach"},
    ],
)
def test_teachers_are_found_by_filters_and_words(query, teacher, staff):
    assert teacher.email in staff.get(page(Teacher, **query)).text


def test_a_teacher_is_found_by_id_alone(teacher, stranger, staff):
    text = staff.get(page(Teacher, q=str(teacher.pk))).text
    assert teacher.email in text
    assert stranger.email not in text


@pytest.mark.parametrize("name", ["change", "history"])
def test_a_teacher_has_a_page_and_a_history(name, teacher, staff):
    assert staff.get(page(Teacher, name, teacher)).status_code == 200


def test_the_page_of_a_teacher_leads_to_their_rows(teacher, staff):
    text = staff.get(page(Teacher, "change", teacher)).text
    for model in (Chat, Reply, Artifact, TeacherPreferences):
        assert page(model, teacher__id__exact=teacher.pk) in text


def test_nobody_deletes_a_teacher_in_the_admin(teacher, staff):
    assert staff.post(page(Teacher, "delete", teacher), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in staff.get(page(Teacher)).text


def test_staff_make_an_account_that_can_sign_in(staff):
    assert staff.get(page(Teacher, "add")).status_code == 200
    form = {
        "email": "Neu@eduhu.example", "name": "Neu", "language": "de",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip
    assert staff.post(page(Teacher, "add"), form).status_code == 302
    teacher = Teacher.objects.get(email="neu@eduhu.example")
    assert not teacher.is_staff
    answer = ApiClient().send(
        "POST", "/api/auth/login", {"email": "neu@eduhu.example", "password": PASSWORD}
    )
    assert answer.status_code == 200


def test_an_address_is_taken_whatever_its_case(teacher, staff):
    form = {
        "email": teacher.email.upper(), "language": "de",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip
    answer = staff.post(page(Teacher, "add"), form)
    assert answer.status_code == 200
    assert "email" in answer.context["adminform"].form.errors


def test_a_new_password_works_and_signs_out_everywhere(teacher, api, staff):
    url = reverse("admin:auth_user_password_change", args=[teacher.pk])
    assert staff.get(url).status_code == 200
    form = {"password1": "ein neues langes", "password2": "ein neues langes"}
    answer = staff.post(url, {**form, "set-password": "1"})
    assert answer.status_code == 302
    teacher.refresh_from_db()
    assert teacher.check_password("ein neues langes")
    assert api.get("/api/auth/me").status_code == 401


def test_an_operator_cannot_make_a_teachers_account_their_own(teacher):
    """Neither by a password nor by an address, to which something might be sent."""
    operator = staff_client(
        "teachers.view_teacher", "teachers.change_teacher", is_superuser=False
    )  # fmt: skip
    url = reverse("admin:auth_user_password_change", args=[teacher.pk])
    form = {"password1": "ein neues langes", "password2": "ein neues langes", "set-password": "1"}
    assert [operator.get(url).status_code, operator.post(url, form).status_code] == [403, 403]
    shown = operator.get(page(Teacher, "change", teacher))
    assert url not in shown.text
    form = {"email": "operator@eduhu.example", "name": "Ada", "language": "de", "is_active": "on"}
    assert operator.post(page(Teacher, "change", teacher), form).status_code == 302
    before, teacher = teacher.email, Teacher.objects.get(pk=teacher.pk)
    assert (teacher.email, teacher.name) == (before, "Ada")
    assert teacher.check_password(PASSWORD)


def test_a_password_that_others_know_is_withdrawn(teacher, api):
    operator = staff_client(
        "teachers.view_teacher", "teachers.change_teacher", is_superuser=False
    )  # fmt: skip
    boss = make_teacher(is_staff=True, is_superuser=True)
    run_action(operator, "withdraw", teacher)
    run_action(operator, "withdraw", boss)
    assert api.get("/api/auth/me").status_code == 401
    body = {"email": teacher.email, "password": PASSWORD}
    assert ApiClient().send("POST", "/api/auth/login", body).status_code == 401
    boss.refresh_from_db()
    assert boss.has_usable_password()


def test_the_form_of_a_teacher_changes_what_it_shows(teacher, staff):
    form = {"email": teacher.email, "name": "Ada", "language": "en", "is_active": "on"}
    assert staff.post(page(Teacher, "change", teacher), form).status_code == 302
    teacher.refresh_from_db()
    assert (teacher.name, teacher.language, teacher.is_active) == ("Ada", "en", True)


def test_closing_an_account_by_its_form_signs_out_everywhere(teacher, api, staff):
    form = {"email": teacher.email, "name": "", "language": "de"}
    assert staff.post(page(Teacher, "change", teacher), form).status_code == 302
    assert not AuthToken.objects.filter(user=teacher).exists()
    assert api.get("/api/auth/me").status_code == 401


def test_staff_cannot_lock_themselves_out(staff):
    own = staff.teacher
    staff.post(page(Teacher, "change", own), {"email": own.email, "language": "de"})
    run_action(staff, "deactivate", own)
    own.refresh_from_db()
    assert own.is_active
    assert own.is_staff
    assert own.is_superuser


def test_only_superusers_reach_accounts_of_staff(teacher):
    helper = staff_client(
        "teachers.view_teacher", "teachers.change_teacher", is_superuser=False
    )  # fmt: skip
    boss = make_teacher(is_staff=True, is_superuser=True)
    assert helper.get(reverse("admin:auth_user_password_change", args=[boss.pk])).status_code == 403
    run_action(helper, "deactivate", boss)
    form = {"email": teacher.email, "language": "de", "is_active": "on", "is_superuser": "on"}
    assert helper.post(page(Teacher, "change", teacher), form).status_code == 302
    for account in (teacher, boss):
        account.refresh_from_db()
        assert account.is_active
    assert not teacher.is_superuser


def test_bulk_actions_close_open_and_sign_out(teacher, stranger, api, stranger_api, staff):
    run_action(staff, "sign_out", teacher)
    assert api.get("/api/auth/me").status_code == 401
    assert stranger_api.get("/api/auth/me").status_code == 200
    run_action(staff, "deactivate", stranger)
    assert stranger_api.get("/api/auth/me").status_code == 401
    stranger.refresh_from_db()
    assert not stranger.is_active
    run_action(staff, "activate", stranger)
    stranger.refresh_from_db()
    assert stranger.is_active
    assert stranger_api.get("/api/auth/me").status_code == 401


def test_the_admin_never_shows_a_token(teacher, api, staff):
    token = AuthToken.objects.get(user=teacher)
    pages = [reverse("admin:index"), page(Teacher), page(Teacher, "change", teacher)]
    for url in pages:
        text = staff.get(url).text
        assert token.digest not in text
        assert token.token_key not in text
    assert staff.get("/admin/knox/authtoken/").status_code == 404


@pytest.fixture
def preferences(teacher):
    return save_preferences(teacher=teacher, changes={"subject_areas": ["Deutsch"]})


@pytest.mark.parametrize("name", ["change", "history"])
def test_preferences_have_a_page_and_a_history(name, preferences, staff):
    assert staff.get(page(TeacherPreferences, name, preferences)).status_code == 200


def test_preferences_are_found_by_address_and_id(preferences, stranger, staff):
    save_preferences(teacher=stranger, changes={"subject_areas": ["Optik"]})
    for term in (preferences.teacher.email, preferences.teacher_id, preferences.pk):
        text = staff.get(page(TeacherPreferences, q=str(term))).text
        assert "Deutsch" in text
        assert "Optik" not in text


def preferences_form(**changes):
    return {
        "grade_level": "7", "subject_areas": '["Deutsch"]', "ai_model_preference": "",
        "notification_settings": "{}", **changes,
    }  # fmt: skip


def test_staff_mend_preferences(preferences, staff):
    url = page(TeacherPreferences, "change", preferences)
    form = preferences_form(ai_model_preference="template")
    assert staff.post(url, form).status_code == 302
    preferences.refresh_from_db()
    assert (preferences.grade_level, preferences.ai_model_preference) == ("7", "template")


@pytest.mark.parametrize(
    "change",
    [
        {"subject_areas": '{"a": 1}'},
        {"subject_areas": "[[]]"},
        {"notification_settings": "[]"},
        {"ai_model_preference": "unheard-of"},
    ],
)
def test_bad_preferences_are_refused_as_by_the_api(change, preferences, staff):
    answer = staff.post(page(TeacherPreferences, "change", preferences), preferences_form(**change))
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == set(change)


@pytest.mark.parametrize("model", [Teacher, TeacherPreferences])
def test_lists_take_as_many_queries_for_many_rows_as_for_few(model, staff):
    def make(count):
        for _number in range(count):
            save_preferences(teacher=make_teacher(), changes={"subject_areas": ["Deutsch"]})

    make(5)
    few = queries_of(staff, page(model))
    make(25)
    assert queries_of(staff, page(model)) == few


def test_groups_can_be_added_and_changed(staff):
    assert staff.get(page(Group, "add")).status_code == 200
    assert staff.post(page(Group, "add"), {"name": "Support"}).status_code == 302
    group = Group.objects.get(name="Support")
    for name in ("change", "history", "delete"):
        assert staff.get(page(Group, name, group)).status_code == 200
