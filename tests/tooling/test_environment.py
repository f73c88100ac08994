"""The environment heals, is made once, and costs nothing when it is there."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dev
from dev import Environment
from tests.processes import ROOT, Failed
from tests.tooling.conftest import as_if_made, make_project, wait_until

ENSURE = "import dev; dev.ENVIRONMENT.ensure('requirements.txt')"


def ensure(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ENSURE],
        cwd=project,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def write_uv(folder: Path, script: str) -> str:
    """Put a stand-in for uv into the folder, and return a PATH that finds it first."""
    uv = folder / "uv"
    uv.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{script}\n')
    uv.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


MAKES_VENV = 'test "$1" != venv || exec python3 -m venv --without-pip "$5"'


def test_two_at_once_make_one_environment(project, tmp_path):
    path = write_uv(tmp_path, f"sleep 0.5; {MAKES_VENV}")
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", ENSURE],
            cwd=project,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = "".join(start.communicate(timeout=60)[0] for start in starts)
    assert [start.returncode for start in starts] == [0, 0]
    assert outputs.count("Preparing") == outputs.count("waiting for it") == 1
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


def test_second_start_is_silent_and_quick(ready_project):
    began = time.monotonic()
    again = ensure(ready_project)
    assert (again.returncode, again.stdout) == (0, "")
    assert time.monotonic() - began < 3


def test_half_made_environment_is_made_anew(project, tmp_path):
    as_if_made(project, "requirements.txt").stamp.unlink()  # as a kill while installing leaves it
    debris = project / ".venv" / "debris"
    debris.touch()
    assert ensure(project, PATH=write_uv(tmp_path, MAKES_VENV)).returncode == 0
    assert not debris.exists()
    assert Environment(project).holds("requirements.txt")


def test_kill_during_an_update_leaves_no_stamp(project, tmp_path):
    environment = as_if_made(project, "requirements.txt")
    (project / "requirements.txt").write_text("# changed\n")
    path = write_uv(tmp_path, "exec sleep 600")
    update = subprocess.Popen(
        [sys.executable, "-c", ENSURE], cwd=project, env=os.environ | {"PATH": path}
    )
    wait_until((tmp_path / "calls").exists)
    update.kill()
    update.wait()
    assert not environment.stamp.exists()


@pytest.fixture(scope="module")
def made_by_pip(tmp_path_factory):
    """A project whose environment pip has made, as uv could not; it takes seconds."""
    folder = tmp_path_factory.mktemp("pip")
    project = make_project(folder / "project")
    return project, ensure(project, PATH=write_uv(folder, "exit 2"))


def test_pip_helps_where_uv_fails(made_by_pip):
    project, done = made_by_pip
    assert done.returncode == 0, done.stderr
    assert (project / ".venv/bin/pip").exists()


def test_installation_that_fails_leaves_no_stamp_and_names_no_registry(made_by_pip):
    project, _ = made_by_pip
    (project / "requirements.txt").write_text("no-such-package==1.0\n")
    registry = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    failed = ensure(project, **registry, PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="", PATH="/bin")
    assert failed.returncode == 1
    assert "no-such-package" in failed.stderr
    assert "127.0.0.1" not in failed.stdout + failed.stderr
    assert not Environment(project).stamp.exists()


@pytest.mark.parametrize(
    "line",
    [
        "Looking in indexes: https://registry.example/simple",
        "error: Failed to fetch: `https://registry.example/simple/django/`",
        "HTTPSConnectionPool(host='registry.example', port=443): Read timed out.",
    ],
)
def test_installer_output_is_shown_without_addresses(line):
    assert "registry.example" not in dev.without_addresses(line)


def test_development_environment_serves_the_runtime_too(project):
    environment = as_if_made(project, "requirements-dev.txt")
    assert environment.holds("requirements-dev.txt")
    assert environment.holds("requirements.txt")


def test_runtime_environment_does_not_serve_development(project):
    environment = as_if_made(project, "requirements.txt")
    assert environment.holds("requirements.txt")
    assert not environment.holds("requirements-dev.txt")


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt"])
def test_changed_requirements_are_noticed(project, name):
    environment = as_if_made(project, "requirements-dev.txt")
    (project / name).write_text("# changed\n")
    assert not environment.holds("requirements.txt")
    assert not environment.holds("requirements-dev.txt")


def test_moved_project_makes_its_environment_anew(project, tmp_path):
    as_if_made(project, "requirements.txt")
    project.rename(tmp_path / "elsewhere")
    assert not Environment(tmp_path / "elsewhere").holds("requirements.txt")


def test_uv_is_used_where_it_is_installed(project, tmp_path):
    assert ensure(project, PATH=write_uv(tmp_path, MAKES_VENV)).returncode == 0
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["venv", "pip"]


def test_python_without_venv_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Failed, match="python3-venv"):
        dev.demand_venv()


def test_older_python_can_read_the_file_far_enough_to_say_so():
    source = (ROOT / "dev.py").read_text()
    tree = ast.parse(source, feature_version=(3, 7))
    imports = [node.lineno for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert source.index("needs Python 3.11") < len("\n".join(source.split("\n")[: min(imports)]))
