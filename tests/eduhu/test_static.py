"""Static files outside development: named by their content, kept for ever, and nobody's."""

import re

import pytest
from django.core.management import call_command
from django.test import Client

IMMUTABLE = "max-age=315360000, public, immutable"
OTHERS = ("admin", "unfold", "drf_spectacular_sidecar", "rest_framework", "knox")


@pytest.fixture
def client(settings, tmp_path, db):
    """A browser at a server of which static files were collected; `db`, as an end looks at it."""
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = False
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "eduhu.static.HashedStaticFiles"},
    }
    ignored = [option for name in OTHERS for option in ("-i", f"{name}/*")]
    call_command("collectstatic", "--noinput", *ignored, verbosity=0)
    return Client()


def links(client):
    """The static files that the page names, with the content type each must have."""
    text = client.get("/").content.decode()
    found = sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', text)))
    assert {each.rpartition(".")[2] for each in found} == {"css", "js"}
    return found


def fetch(client, url, **headers):
    """An answer, and its whole body."""
    answer = client.get(url, **headers)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    return answer, body


@pytest.mark.claim(98)
def test_names_hold_the_content_and_files_are_kept_for_ever_without_a_cookie(client):
    for url in links(client):
        assert re.search(r"\.[0-9a-f]{12}\.(css|js)$", url), url
        answer, body = fetch(client, url)
        assert (answer.status_code, answer["Cache-Control"]) == (200, IMMUTABLE), url
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")
        assert body


@pytest.mark.claim(98)
def test_a_file_is_sent_again_only_when_it_has_changed(client):
    for url in links(client):
        answer, _body = fetch(client, url)
        known, body = fetch(client, url, HTTP_IF_NONE_MATCH=answer["ETag"])
        assert (known.status_code, body) == (304, b"")
        since, body = fetch(client, url, HTTP_IF_MODIFIED_SINCE=answer["Last-Modified"])
        assert (since.status_code, body) == (304, b"")
        assert fetch(client, url, HTTP_IF_NONE_MATCH='"another"')[0].status_code == 200


def test_modules_import_each_other_by_their_hashed_names(client):
    for url in links(client):
        for name in re.findall(r'from\s*"\./([\w.-]+)"', fetch(client, url)[1].decode()):
            assert re.search(r"\.[0-9a-f]{12}\.js$", name), (url, name)


def test_a_name_without_its_hash_is_not_kept_for_ever(client):
    plain = re.sub(r"\.[0-9a-f]{12}\.", ".", links(client)[0])
    assert "immutable" not in fetch(client, plain)[0]["Cache-Control"]
