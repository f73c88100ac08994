"""Several processes of a machine count together, also those that have ended."""

import os
import subprocess
import sys
import threading

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from eduhu.metrics.folder import tidied
from tests.processes import ROOT

COUNT = """
import sys
from django.conf import settings
settings.configure(METRICS="on", METRICS_DIR=sys.argv[1])
from eduhu import metrics
metrics.STREAM_ABORTS.of("chat").inc(3)
metrics.QUERIES.of("chats.page").observe(0.004)
metrics.STREAMS_OPEN.of("chat").inc(5)
print("counted", flush=True)
sys.stdin.read()
"""


def start(folder):
    """Start a process that counts, and lives until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT, str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "counted\n"
    return process


def end(process):
    process.communicate()


def numbers(folder):
    """Return aborts, queries, queries under 5 ms, and open streams."""
    with tidied(folder):
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(folder))
        query = {"query": "chats.page"}
        found = [
            registry.get_sample_value("eduhu_stream_aborts_total", {"route": "chat"}),
            registry.get_sample_value("eduhu_query_seconds_count", query),
            registry.get_sample_value("eduhu_query_seconds_bucket", {**query, "le": "0.005"}),
            registry.get_sample_value("eduhu_streams_open", {"route": "chat"}),
        ]
    return [int(each or 0) for each in found]


@pytest.fixture
def two(tmp_path):
    """Two processes that have counted the same."""
    processes = [start(tmp_path), start(tmp_path)]
    yield processes
    for process in processes:
        end(process)


def test_what_the_dead_have_counted_stays_and_what_they_held_goes(two, tmp_path):
    assert numbers(tmp_path) == [6, 2, 2, 10]
    end(two[0])
    assert numbers(tmp_path) == numbers(tmp_path) == [6, 2, 2, 5]
    end(two[1])
    assert numbers(tmp_path) == [6, 2, 2, 0]
    assert {each.name for each in tmp_path.iterdir()} == {"counter_0.db", "histogram_0.db", "lock"}


def test_two_that_read_at_once_bury_the_dead_once(two, tmp_path):
    for each in two:
        end(each)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(numbers(tmp_path))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen == [[6, 2, 2, 0]] * 4


def test_a_file_that_cannot_be_read_is_thrown_away(tmp_path):
    process = start(tmp_path)
    end(process)
    broken = tmp_path / f"counter_{process.pid}.db"
    os.truncate(broken, 2)
    assert numbers(tmp_path) == [0, 1, 1, 0]
