"""`python -m benchmarks.start`: how fast the web process starts, and what it weighs then.

The process is started several times on the embedded default with a database that
is migrated and seeded. Target: under 150 MB after the first request.
"""

import argparse
import contextlib
import json
import os
import time
import urllib.error
import urllib.request

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")

from benchmarks.measure import Numbers, between, cpu_seconds, machine, medians, report, rss_mb
from tests.live import LiveServer, live_server

TARGET_MB = 150
POLL_SECONDS = 0.01
START_SECONDS = 60
ACCOUNT = {"email": "demo@eduhu.example", "password": "eduhu-demo"}


def post(url: str, body: Numbers, token: str = "") -> bytes:
    """Send JSON and return the whole answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    if not token:
        del headers["Authorization"]
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
        return bytes(answer.read())


def start_once(server: LiveServer) -> Numbers:
    """Start the web process, use it once, and end it."""
    begun = time.perf_counter()
    server.process = server.spawn("serve", "--port", str(server.port))
    wait_until_it_answers(server)
    numbers: Numbers = {"start_seconds": round(time.perf_counter() - begun, 3)}
    pid = server.process.pid
    numbers["start_cpu_seconds"] = cpu_seconds(pid)
    numbers["rss_mb_after_start"] = rss_mb(pid)
    token = json.loads(post(f"{server.url}/api/auth/login", ACCOUNT))["token"]
    numbers["rss_mb_after_first_request"] = rss_mb(pid)
    post(f"{server.url}/api/chat", {"content": "Arbeitsblatt zu Magneten, Klasse 4"}, token)
    numbers["rss_mb_after_first_reply"] = rss_mb(pid)
    begun = time.perf_counter()
    server.stop()
    numbers["stop_seconds"] = round(time.perf_counter() - begun, 3)
    return numbers


def wait_until_it_answers(server: LiveServer) -> None:
    """Return as soon as the liveness probe answers. Raises TimeoutError."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{server.url}/health/live", timeout=5).close()
            return
        time.sleep(POLL_SECONDS)
    raise TimeoutError(server.log.read_text())


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=between(1, 20), default=5)
    facts = machine()
    with live_server(TEMPLATE_WORD_DELAY_MS="0", DATABASE_URL="", REDIS_URL="") as server:
        server.stop()
        runs = [start_once(server) for _ in range(parser.parse_args().runs)]
    median = medians(runs)
    met = median["rss_mb_after_first_request"] < TARGET_MB
    target = {"rss_mb_after_first_request": f"< {TARGET_MB}", "met": met}
    report("start", {"machine": facts, "target": target, "median": median, "runs": runs})


if __name__ == "__main__":
    main()
