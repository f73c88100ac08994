"""Development, staging and production, each as a process of its own."""

import ast
import os
import re

import pytest
from django.conf import settings as active
from django.core.management import CommandError, call_command

from tests.processes import ROOT
from tests.warm import run_manage

GOOD = {
    "EDUHU_ENV": "production",
    "SECRET_KEY": "correct-horse-battery-staple-" * 3 + "0123456789",
    "DATABASE_URL": "postgres://eduhu@db.eduhu.example/eduhu",
    "REDIS_URL": "redis://cache.eduhu.example:6379/0",
    "ALLOWED_HOSTS": "eduhu.example",
}
BAD = {
    "DEBUG is on": ({"DEBUG": "1"}, "eduhu.E001"),
    "SECRET_KEY is the default": ({"SECRET_KEY": None}, "eduhu.E002"),
    "SECRET_KEY is short": ({"SECRET_KEY": "zu-kurz"}, "eduhu.E002"),
    "the database is SQLite": ({"DATABASE_URL": None}, "eduhu.E003"),
    "there is no Redis": ({"REDIS_URL": None}, "eduhu.E004"),
    "any host is allowed": ({"ALLOWED_HOSTS": "*"}, "eduhu.E005"),
    "questions are not limited": ({"CHAT_RATE": "off"}, "eduhu.E006"),
    "the token of metrics is short": ({"METRICS_TOKEN": "zu-kurz"}, "eduhu.E011"),
    "guesses are not limited": ({"LOGIN_FAILURE_RATE": "off"}, "eduhu.E006"),
}


def environment(tmp_path, **variables):
    """Our own variables as given (None: unset), nothing of the machine's."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    fixed = {"DJANGO_SETTINGS_MODULE": "eduhu.settings", "EDUHU_ENV_FILE": ""}
    named = {"EDUHU_DATA_DIR": str(tmp_path), **variables}
    return inherited | fixed | {name: value for name, value in named.items() if value is not None}


def run(tmp_path, *command, **variables):
    return run_manage(environment(tmp_path, **variables), *command)


def test_development_needs_no_variable(tmp_path):
    done = run(tmp_path, "check", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "0 silenced" not in done.stdout or "no issues" in done.stdout


@pytest.mark.parametrize("name", ["production", "staging"])
def test_good_settings_pass_every_deployment_check(tmp_path, name):
    command = ["check", "--deploy", "--fail-level", "WARNING"]
    done = run(tmp_path, *command, **{**GOOD, "EDUHU_ENV": name})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", BAD)
def test_production_starts_neither_check_nor_server_when(tmp_path, name):
    variables, check = BAD[name]
    for command in (["check"], ["serve", "--port", "0"]):
        done = run(tmp_path, *command, **{**GOOD, **variables})
        assert done.returncode == 1, command
        assert check in done.stderr, command


def test_staging_is_as_strict_as_production(tmp_path):
    done = run(tmp_path, "check", EDUHU_ENV="staging")
    assert done.returncode == 1
    assert {"eduhu.E002", "eduhu.E003", "eduhu.E004"} <= set(
        re.findall(r"eduhu\.E\d+", done.stderr)
    )


WRONG = {
    "EDUHU_ENV": "prod",
    "DEBUG": "perhaps",
    "PROXY_COUNT": "one",
    "CHAT_RATE": "30 per minute",
    "LOGIN_FAILURE_RATE": "often",
    "TOKEN_DAYS": "month",
    "MAX_LIVE_REPLIES": "many",
    "REPLY_TICK_MS": "fast",
    "TEMPLATE_WORD_DELAY_MS": "slow",
    "AI_TOTAL_TIMEOUT": "never",
    "STREAM_HEARTBEAT_SECONDS": "often",
    "DATABASE_STATEMENT_TIMEOUT_MS": "ten",
    "AI_PRICES": "cheap",
    "METRICS": "perhaps",
    "READINESS": "luck",
    "PROBE_SECONDS": "often",
}


def test_all_wrong_variables_are_named_in_one_error(tmp_path):
    done = run(tmp_path, "check", **WRONG)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "EnvValidationError" in last
    assert [name for name in WRONG if name not in last] == []


def test_demo_accounts_are_refused_in_production(monkeypatch, settings):
    settings.IS_DEVELOPMENT = False
    with pytest.raises(CommandError, match="development only"):
        call_command("seed_demo")


def test_no_secret_has_a_default_but_those_of_development():
    tree = ast.parse((ROOT / "eduhu" / "settings.py").read_text())
    secret = re.compile("KEY|SECRET|PASSWORD|DSN|TOKEN$|CREDENTIAL")
    defaults = {
        call.args[0].value: ast.unparse(call.args[1]) if len(call.args) > 1 else ""
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).startswith("env.")
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and secret.search(str(call.args[0].value))
    }
    allowed = {"SECRET_KEY": "DEVELOPMENT_SECRET", "DEMO_PASSWORD": "'eduhu-demo'"}
    assert defaults.keys() >= {"SECRET_KEY", "AI_API_KEY", "DEMO_PASSWORD"}
    assert {n: d for n, d in defaults.items() if d not in ("''", "")} == allowed


def test_the_suite_runs_with_the_products_settings():
    assert active.IS_DEVELOPMENT
    assert not active.DEBUG
