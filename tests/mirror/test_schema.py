"""Schema and permissions: what InstantDB must know before the first row."""

import uuid

import pytest
from django.core.management import CommandError, call_command

from eduhu.mirror import capture
from eduhu.mirror.schema import TABLES, permissions, schema
from tests.fakes.instant_server import Fault
from tests.mirror.test_capture import MODELS, stored


def test_every_mirrored_table_has_its_schema():
    assert set(TABLES) == set(capture.sources())


@MODELS
@pytest.mark.django_db
def test_the_schema_names_exactly_what_is_sent(model):
    source = capture.sources()[model._meta.db_table]
    [document] = source.documents([stored(model).pk])
    assert set(document) - {"id"} == set(TABLES[source.table]) - {"mirror_rev"}


def test_the_command_pushes_and_is_then_content(instant_app, capsys):
    with pytest.raises(CommandError, match="differences"):
        call_command("mirror_schema", "--check")
    assert instant_app.store.schema == {}
    call_command("mirror_schema")
    assert instant_app.store.schema["chats"]["title"]["valueType"] == "string"
    assert instant_app.permissions == permissions()
    call_command("mirror_schema", "--check")
    call_command("mirror_schema")
    assert "InstantDB has our schema" in capsys.readouterr().out


def test_it_may_follow_the_first_rows(instant_app):
    instant_app.store.transact([["update", name, str(uuid.uuid4()), {"a": 1}] for name in TABLES])
    call_command("mirror_schema")
    call_command("mirror_schema", "--check")


@pytest.mark.parametrize("drift", ["attribute", "type", "permissions"])
def test_drift_is_told_by_name_and_exit_code(pushed, capsys, drift):
    titles = pushed.store.schema["chats"]
    if drift == "attribute":
        del titles["title"]
    elif drift == "type":
        titles["title"] = {**titles["title"], "valueType": "number"}
    else:
        pushed.permissions = {**permissions(), "chats": {"allow": {"view": "true"}}}
    with pytest.raises(CommandError) as refused:
        call_command("mirror_schema", "--check")
    assert refused.value.returncode == 1
    named = "permissions of chats" if drift == "permissions" else "chats.title"
    assert named in capsys.readouterr().out


def test_each_difference_has_a_line_of_its_own(pushed, capsys):
    del pushed.store.schema["chats"]["title"], pushed.store.schema["messages"]["role"]
    with pytest.raises(CommandError):
        call_command("mirror_schema", "--check")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["chats.title is missing", "messages.role is missing"]


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("cut")])
def test_a_server_that_is_away_is_exit_code_2(instant_app, fault):
    instant_app.fault = fault
    with pytest.raises(CommandError) as refused:
        call_command("mirror_schema")
    assert refused.value.returncode == 2


def test_a_wrong_token_is_exit_code_2(instant_app, settings):
    settings.INSTANT_APP_ADMIN_TOKEN = "wrong"
    with pytest.raises(CommandError, match="app-admin-token") as refused:
        call_command("mirror_schema", "--check")
    assert refused.value.returncode == 2


def test_without_a_token_there_is_nothing_to_push():
    with pytest.raises(CommandError, match="mirror is off"):
        call_command("mirror_schema")


def test_nobody_may_write_and_only_owners_read():
    rules = permissions()
    assert rules["$default"] == {"allow": {"$default": "false"}}
    assert rules["$users"]["allow"]["create"] == "false"
    for table in TABLES:
        assert rules[table]["allow"] == {
            "view": "isMine", "create": "false", "update": "false", "delete": "false",
        }  # fmt: skip
        assert rules[table]["bind"]["isMine"].startswith("auth.id != null && ")
    assert schema()["links"] == {}
