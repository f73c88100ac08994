"""Whoever opens the admin finds each page in its sidebar, in German, if they may see it."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.admin import page, staff_client

pytestmark = pytest.mark.django_db


def links(client):
    """What the sidebar leads to."""
    answer = client.get(reverse("admin:password_change"))
    shown = [each for group in answer.context["sidebar_navigation"] for each in group["items"]]
    return {
        str(each["link"](answer.wsgi_request) if callable(each["link"]) else each["link"]): str(
            each["title"]
        )
        for each in shown
        if each["has_permission"]
    }


def test_every_page_is_in_the_sidebar():
    found = links(staff_client())
    pages = {page(model) for model in admin.site._registry}
    assert pages | {reverse("admin:index"), reverse("admin:console_log")} == set(found)
    assert found[reverse("admin:cache_cachecount_changelist")] == "Caches"
    assert found[reverse("admin:console_measurement_changelist")] == "Messungen"


def test_a_page_that_somebody_may_not_see_is_not():
    found = links(staff_client("chats.view_chat", is_superuser=False))
    assert set(found) == {reverse("admin:index"), reverse("admin:chats_chat_changelist")}
