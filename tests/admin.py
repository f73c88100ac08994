"""The admin as staff use it: a browser session and the addresses of pages."""

from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from zeal import zeal_ignore

from tests.factories import make_teacher


class AdminClient(Client):
    """A browser. Rows read twice for reasons of Django's own are not one query per row."""

    TWICE = [
        {"model": "teachers.Teacher", "field": "get()"},  # who is signed in, and whose page it is
        {"model": "sessions.Session", "field": "get()"},  # a new password renews the session
        {"model": "django_celery_beat.PeriodicTasks", "field": "get()"},  # told twice of a change
    ]

    def request(self, **environ):
        with zeal_ignore(self.TWICE):
            return super().request(**environ)


def staff_client(*permissions, is_superuser=True, **fields):
    """A browser in which a member of staff is signed in; `client.teacher` is who."""
    staff = make_teacher(is_staff=True, is_superuser=is_superuser, **fields)
    for name in permissions:
        app, codename = name.split(".")
        staff.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client = AdminClient()
    client.force_login(staff)
    client.teacher = staff
    return client


def page(model, name="changelist", row=None, **query):
    """The address of a page of the admin."""
    args = [] if row is None else [row.pk]
    return reverse(
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args, query=query
    )


def run_action(client, action, *rows):
    """Choose rows of a list, and an action."""
    return client.post(
        page(type(rows[0])),
        {"action": action, "_selected_action": [str(row.pk) for row in rows]},
        follow=True,
    )


def open_text(client, row, reason="Anfrage 4711 der Lehrkraft"):
    """Say why the words of a row have to be read."""
    return client.post(page(type(row), "read_text", row), {"reason": reason})


def queries_of(client, url):
    """How many queries a page takes; fails unless it answers."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)
