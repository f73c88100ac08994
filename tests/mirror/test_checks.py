"""What the system checks say about the mirror."""

from django.core.checks import run_checks


def ids(*, deployed=False):
    return {message.id for message in run_checks(include_deployment_checks=deployed)}


def test_that_the_mirror_is_off_is_told_to_whoever_deploys(settings):
    assert "eduhu.I001" in ids(deployed=True)
    settings.INSTANT_APP_ADMIN_TOKEN = "22222222-2222-4222-8222-222222222222"
    assert "eduhu.I001" not in ids(deployed=True)


def test_an_id_or_address_that_no_app_can_have_is_refused(settings):
    assert not ids() & {"eduhu.E007", "eduhu.E008"}
    settings.INSTANT_APP_ID = "my-app"
    settings.INSTANT_API_URI = "api.instantdb.com"
    assert ids() >= {"eduhu.E007", "eduhu.E008"}
