"""`dev.py up` starts what applies, tells when it is ready, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

import dev
from tests.processes import Failed
from tests.services import free_port
from tests.tooling.conftest import is_alive, wait_until

SERVICES_URL = "redis://127.0.0.1:1/0"


def end_of(started, signum=signal.SIGTERM, seconds=20.0) -> int:
    """Send the signal and return the exit code, in time."""
    started.process.send_signal(signum)
    return started.process.wait(seconds)


def test_ready_line_is_last_and_names_the_demo_accounts(ready_project, up):
    started = up(ready_project)
    wait_until(started.is_ready)
    line = started.last_line()
    assert line.startswith(f"eduhu is ready at http://127.0.0.1:{started.port}/ ")
    for word in ("demo@eduhu.example", "staff@eduhu.example", "eduhu-demo"):
        assert word in line
    urllib.request.urlopen(f"http://127.0.0.1:{started.port}/health/live").close()
    assert list(started.started()) == ["migrate", "seed_demo", "serve", "grandchild"]


def test_own_demo_password_is_not_printed(ready_project, up):
    started = up(ready_project, DEMO_PASSWORD="korn-blume")
    wait_until(started.is_ready)
    assert "$DEMO_PASSWORD" in started.last_line()
    assert "korn-blume" not in started.text()


def test_staging_has_no_demo_accounts(ready_project, up):
    started = up(ready_project, EDUHU_ENV="staging")
    wait_until(started.is_ready)
    assert started.last_line() == f"eduhu is ready at http://127.0.0.1:{started.port}/"
    assert "seed_demo" not in started.started()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_everything(ready_project, up, signum):
    started = up(ready_project)
    wait_until(started.is_ready)
    assert end_of(started, signum) == 0
    assert started.is_gone()


def test_signal_during_migration_ends_everything(ready_project, up):
    started = up(ready_project, HANGS_IN="migrate")
    wait_until(lambda: "migrate" in started.started())
    assert end_of(started) == 128 + signal.SIGTERM
    assert started.is_gone()
    assert "serve" not in started.started()


def test_signal_during_installation_ends_everything(project, up):
    started = up(project)
    wait_until(lambda: (project / ".venv").exists())
    assert end_of(started) == 128 + signal.SIGTERM
    assert "Traceback" not in started.text()
    assert not dev.Environment(project).holds("requirements.txt")


def test_children_end_when_dev_is_killed(ready_project, up):
    started = up(ready_project)
    wait_until(started.is_ready)
    end_of(started, signal.SIGKILL)
    server = started.started()["serve"]
    wait_until(lambda: not is_alive(server), 5)


def test_broker_brings_worker_and_beat(ready_project, up):
    started = up(ready_project, REDIS_URL=SERVICES_URL)
    wait_until(lambda: {"celery-worker", "celery-beat"} <= started.started().keys())
    assert end_of(started) == 0
    assert started.is_gone()


def test_end_of_one_process_ends_all_and_is_named(ready_project, up):
    started = up(ready_project, REDIS_URL=SERVICES_URL, FAILS_IN="serve")
    assert started.process.wait(20) == 1
    assert started.last_line() == "dev.py: the web server ended with exit code 3."
    assert started.is_gone()


def test_failed_migration_starts_nothing(ready_project, up):
    started = up(ready_project, FAILS_IN="migrate")
    assert started.process.wait(20) == 1
    assert "`manage.py migrate` failed" in started.last_line()
    assert list(started.started()) == ["migrate"]


def test_taken_port_is_explained(ready_project, up):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        started = up(ready_project, PORT=str(port))
        assert started.process.wait(20) == 1
    assert f"port {port} cannot be used (address already in use)" in started.text()
    assert "Traceback" not in started.text()
    assert started.started() == {}


@pytest.mark.parametrize("port", ["web", "0", "65536", "-1", "²"])
def test_port_must_be_a_port(port):
    with pytest.raises(Failed, match="PORT must be a number"):
        dev.demand_free_port(port)


def test_env_file_counts_like_variables(ready_project, up, tmp_path, monkeypatch):
    file = tmp_path / "local.env"
    file.write_text("REDIS_URL=redis://somewhere\nPORT=1\n")
    monkeypatch.setattr(dev, "ENVIRONMENT", dev.Environment(tmp_path))
    dev.ENVIRONMENT.tool("python").parent.mkdir(parents=True)
    dev.ENVIRONMENT.tool("python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    dev.ENVIRONMENT.tool("python").chmod(0o755)
    for name, value in {
        "EDUHU_ENV_FILE": str(file),
        "EDUHU_DATA_DIR": str(tmp_path / "data"),
        "PORT": "8123",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("REDIS_URL", raising=False)
    env = dev.up_environment()
    assert (env["REDIS_URL"], env["PORT"]) == ("redis://somewhere", "8123")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, ["web server"]),
        ({"CELERY_BROKER_URL": "memory://"}, ["web server"]),
        (
            {"REDIS_URL": "redis://r"},
            ["web server", "reply worker", "Celery worker", "Celery beat"],
        ),
        ({"CELERY_BROKER_URL": "amqp://r"}, ["web server", "Celery worker", "Celery beat"]),
        (
            {"CELERY_BROKER_URL": "memory://", "REDIS_URL": "redis://r"},
            ["web server", "reply worker"],
        ),
    ],
)
def test_services_that_apply(env, expected):
    assert [each.name for each in dev.SERVICES if each.applies(env)] == expected


def test_real_project_comes_up_and_goes_down(up):
    if not dev.ENVIRONMENT.holds("requirements.txt"):
        pytest.skip("needs the environment that dev.py makes")
    port = free_port()
    started = up(dev.ROOT, PORT=str(port))
    wait_until(started.is_ready, 60)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live") as answer:
        assert answer.status == 200
    session = started.process.pid
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(session)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert children
    began = time.monotonic()
    assert end_of(started) == 0
    assert time.monotonic() - began < 20
    alive = subprocess.run(
        ["ps", "-o", "args=", "-p", ",".join(children)], capture_output=True, text=True, check=False
    )
    assert alive.stdout == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)
