"""What the system checks say about the mirror."""

import pytest
from django.core.checks import run_checks


def ids(*, deployed=False):
    return {message.id for message in run_checks(include_deployment_checks=deployed)}


def test_that_the_mirror_is_off_is_told_to_whoever_deploys(settings):
    assert "eduhu.I001" in ids(deployed=True)
    settings.INSTANT_APP_ADMIN_TOKEN = "22222222-2222-4222-8222-222222222222"
    assert "eduhu.I001" not in ids(deployed=True)


def test_an_id_or_address_that_no_app_can_have_is_refused(settings):
    assert not ids() & {"eduhu.E007", "eduhu.E008", "eduhu.E009"}
    settings.INSTANT_APP_ID = "my-app"
    settings.INSTANT_API_URI = "api.instantdb.com"
    settings.INSTANT_WEBSOCKET_URI = "https://api.instantdb.com/runtime/session"
    assert ids() >= {"eduhu.E007", "eduhu.E008", "eduhu.E009"}


@pytest.mark.parametrize("uri", ["http://", "http://[::1", "http://instant:port"])
def test_an_address_that_cannot_be_read_is_refused(settings, uri):
    settings.INSTANT_API_URI = uri
    assert "eduhu.E008" in ids()


@pytest.mark.parametrize("token", ["geheim\n", "zwei Wörter"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(settings, token):
    settings.INSTANT_APP_ADMIN_TOKEN = token
    [error] = [message for message in run_checks() if message.id == "eduhu.E010"]
    assert token not in str(error)
