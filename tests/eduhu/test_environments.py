"""Production runs as it ships, tells no secret, and no other environment reaches its data."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from django.conf import settings as active
from django.core.management import CommandError, call_command
from django.db import OperationalError
from redis import Redis

from eduhu import environments
from eduhu.models import Installation
from tests.live import free_port, live_server
from tests.processes import ROOT

committed = pytest.mark.django_db(transaction=True)  # the question closes its connection
SECRETS = {
    "SECRET_KEY": "canary-of-sessions-" * 4,
    "AI_API_KEY": "sk-canary-of-the-ai-service",
    "ALERT_WEBHOOK_SECRET": "canary-of-webhooks-" * 3,
    "INSTANT_APP_ADMIN_TOKEN": "canary-of-instant",
}
PASSWORDS = ("canary-of-mail", "canary-of-sentry", "canary-of-postgres")
START = """
import sys
from django.core.management import execute_from_command_line
for command in sys.argv[1:]:
    try:
        execute_from_command_line(["manage.py", command])
    except BaseException as refused:
        print(command, type(refused).__name__)
"""


@committed
def test_the_first_migration_marks_a_database():
    call_command("migrate", "-v0")
    assert Installation.objects.get().environment == "development"


@pytest.mark.claim(116)
@committed
@pytest.mark.parametrize("ours", ["staging", "production"])
def test_another_environment_neither_starts_nor_migrates(settings, ours):
    call_command("migrate", "-v0")
    environments.refuse_foreign_data()
    settings.ENVIRONMENT = ours
    for attempt in (environments.refuse_foreign_data, lambda: call_command("migrate", "-v0")):
        with pytest.raises(CommandError, match=f"belongs to development, and EDUHU_ENV is {ours}"):
            attempt()


@committed
def test_a_copy_that_was_meant_is_adopted_by_name(settings, capsys):
    call_command("migrate", "-v0")
    settings.ENVIRONMENT = "staging"
    with pytest.raises(CommandError, match="belongs to development"):
        call_command("adopt_database", "--from", "production")
    call_command("adopt_database", "--from", "development")
    environments.refuse_foreign_data()
    settings.ENVIRONMENT = "development"
    with pytest.raises(CommandError):
        environments.refuse_foreign_data()
    call_command("adopt_database", "--from", "staging")


@committed
def test_a_database_that_is_away_is_believed(monkeypatch, caplog):
    def away():
        raise OperationalError("gone")

    monkeypatch.setattr(environments, "marked_database", away)
    environments.refuse_foreign_data()
    assert "cannot be asked" in caplog.text


@pytest.mark.services
@pytest.mark.claim(116)
@committed
def test_so_it_is_with_redis(settings):
    call_command("migrate", "-v0")
    with Redis.from_url(active.REDIS_URL) as client:
        client.set(environments.KEY, "production")
        try:
            with pytest.raises(CommandError, match="This Redis belongs to production"):
                environments.refuse_foreign_data()
        finally:
            client.delete(environments.KEY)


@pytest.fixture(scope="module")
def production():
    """A production server; all of its secrets are known."""
    with live_server() as server:
        server.stop()
        port = free_port()  # nobody is there
        server.environment |= {
            **SECRETS,
            "EDUHU_ENV": "production",
            "ALLOWED_HOSTS": "eduhu.example",
            "CHAT_RATE": "30/m",
            "SECURE_SSL_REDIRECT": "False",
            "AI_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "AI_ATTEMPTS": "1",
            "INSTANT_API_URI": f"http://127.0.0.1:{port}",
            "ALERT_EMAILS": "ops@eduhu.example",
            "EMAIL_URL": f"smtp://eduhu:canary-of-mail@127.0.0.1:{port}",
            "ALERT_WEBHOOK_URLS": f"http://127.0.0.1:{port}/hook",
            "SENTRY_DSN": f"http://canary-of-sentry@127.0.0.1:{port}/1",
            "LOG_LEVEL": "DEBUG",
            # Servers of tests ask for no password, and take any.
            "DATABASE_URL": re.sub(
                r"//(\w+)(:\w+)?@", r"//\1:canary-of-postgres@", server.environment["DATABASE_URL"]
            ),
        }
        assert "canary-of-postgres" in server.environment["DATABASE_URL"]
        server.manage("adopt_database", "--from", "development")
        server.start()
        yield server
        with Redis.from_url(server.environment["REDIS_URL"]) as client:
            client.delete(environments.KEY)  # other servers of the suite use it, too


def ask(server, path, body=None, token=None):
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    data = json.dumps(body).encode() if body is not None else None
    asked = urllib.request.Request(f"{server.url}{path}", data, headers)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


@pytest.mark.services
@pytest.mark.claim(82, 116)
def test_production_runs_and_tells_no_secret(production):
    status, _headers, health = ask(production, "/health/live")
    assert status == 200
    account = {"email": "demo@eduhu.example", "password": "eduhu-demo"}
    status, _headers, signed_in = ask(production, "/api/auth/login", account)
    assert status == 200
    token = json.loads(signed_in)["token"]
    _status, _headers, failed = ask(production, "/api/chat", {"content": "Optik"}, token)
    assert '"type":"error"' in failed  # there is no AI service
    production.manage(
        "shell", "-v0", "-c",
        "from django.db import connection as c; c.cursor().execute('DROP TABLE artifacts CASCADE')",
    )  # fmt: skip
    broken = [
        ask(production, path, None, token) for path in ("/api/artifacts", "/nothing", "/api/x")
    ]
    assert [answer[0] for answer in broken] == [500, 404, 404]
    production.stop()
    log = production.log.read_text()
    assert "Traceback" in log
    assert [line for line in log.splitlines() if "eduhu" in line and line[0] != "{"] == []
    shown = "\n".join([log, health, failed, *map(str, broken)])
    told = [name for name, secret in SECRETS.items() if secret in shown]
    assert told + [password for password in PASSWORDS if password in shown] == []


@pytest.mark.services
@pytest.mark.claim(116)
def test_staging_starts_nothing_on_the_data_of_production(production):
    commands = ["serve", "reply_worker", "mirror", "migrate"]
    done = subprocess.run(
        [sys.executable, "-c", START, *commands],
        cwd=ROOT, env={**production.environment, "EDUHU_ENV": "staging"}, timeout=90,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert all(f"{command} SystemExit" in done.stdout for command in commands), done.stderr
    assert done.stderr.count("belongs to production, and EDUHU_ENV is staging") == len(commands)
