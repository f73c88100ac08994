"""`python -m benchmarks.telemetry`: what counting and timing costs of the CPU of a request.

One process on SQLite answers the same requests again and again through the whole ASGI
application, in short turns with measuring switched on and off, so that whatever else the
machine does hits both alike. Numbers are kept in a folder, as several processes of a machine
do: in memory they cost less. The server's own work with sockets is left out, so that the
share is told too high rather than too low. Target: at most 5 % of a request.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

SCRATCH = tempfile.TemporaryDirectory(prefix="eduhu-telemetry-")
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "eduhu.settings",
    "EDUHU_ENV_FILE": "",
    "EDUHU_DATA_DIR": SCRATCH.name,
    "METRICS": "on",
    "METRICS_DIR": f"{SCRATCH.name}/metrics",
    "DATABASE_URL": "",
    "REDIS_URL": "",
    "CHAT_RATE": "off",
    "TEMPLATE_WORD_DELAY_MS": "0",
    "REPLY_TICK_MS": "5",
}

import django  # noqa: E402 (the settings above must stand first)

django.setup()

from django.core.management import call_command  # noqa: E402
from knox.models import AuthToken  # noqa: E402

from benchmarks.measure import Numbers, between, machine, report  # noqa: E402
from chats.replies import engine  # noqa: E402
from eduhu import metrics  # noqa: E402
from eduhu.asgi import application  # noqa: E402
from eduhu.threads import in_thread  # noqa: E402
from monitoring.metrics import exposition  # noqa: E402
from teachers.models import Teacher  # noqa: E402

TARGET = 0.05
QUESTION = json.dumps({"content": "Arbeitsblatt zu Magneten, Klasse 4"}).encode()
KINDS = {
    "cached list": ("GET", "/api/chats", b""),
    "list from the database": ("GET", "/api/chats?archived=true&limit=3", b""),
    "own account": ("GET", "/api/auth/me", b""),
    "streamed reply": ("POST", "/api/chat", QUESTION),
}

Ask = Callable[[], Awaitable[None]]


def asking(token: str, method: str, target: str, body: bytes) -> Ask:
    """Return what sends one request to the application and reads the whole answer."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "client": ("127.0.0.1", 40000), "server": ("localhost", 80),
        "headers": [
            (b"host", b"localhost"), (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {token}".encode()),
        ],
    }  # fmt: skip

    async def ask() -> None:
        ended, bodies = asyncio.Event(), [body]

        async def receive() -> dict[str, Any]:
            if bodies:
                return {"type": "http.request", "body": bodies.pop(), "more_body": False}
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            assert message.get("status", 200) == 200, message
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended.set()

        await application(dict(scope), receive, send)

    return ask


async def cpu_us(ask: Ask, requests: int, *, is_on: bool) -> float:
    """Return the CPU time of a request in microseconds."""
    metrics.IS_ON = is_on
    begun = time.process_time()
    for _ in range(requests):
        await ask()
    return (time.process_time() - begun) / requests * 1e6


async def compare(ask: Ask, turns: int, requests: int) -> Numbers:
    """Switch measuring on and off in turns; return both costs, and the share it adds."""
    pairs = []
    for turn in range(turns + 3):
        order = (False, True) if turn % 2 else (True, False)
        found = {is_on: await cpu_us(ask, requests, is_on=is_on) for is_on in order}
        if turn >= 3:  # warm by then
            pairs.append(found)
    off = statistics.median(each[False] for each in pairs)
    more = statistics.median(each[True] - each[False] for each in pairs)
    return {"cpu_us_off": round(off), "cpu_us_more": round(more), "share": round(more / off, 4)}


def prepare() -> str:
    """Make a database with a teacher, and return their token."""
    call_command("migrate", verbosity=0)
    call_command("seed_demo")
    teacher = Teacher.objects.get(email="demo@eduhu.example")
    return str(AuthToken.objects.create(teacher)[1])


async def measure(turns: int, requests: int) -> Numbers:
    """Compare for each kind of request."""
    token = await in_thread(prepare)()
    engine.start(has_worker=True)
    try:
        return {
            kind: await compare(
                asking(token, *request),
                turns,
                requests // 4 if kind == "streamed reply" else requests,
            )
            for kind, request in KINDS.items()
        }
    finally:
        await engine.stop()


def scrape_ms() -> float:
    """Return the CPU time of one answer of /metrics in milliseconds."""
    begun = time.process_time()
    for _ in range(20):
        exposition.text()
    return round((time.process_time() - begun) / 20 * 1000, 1)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=between(10, 1000), default=150)
    parser.add_argument("--requests", type=between(4, 1000), default=16)
    options = parser.parse_args()
    facts = machine()
    results = asyncio.run(measure(options.turns, options.requests))
    worst = max(each["share"] for each in results.values())
    target = {"share": f"<= {TARGET}", "met": worst <= TARGET, "worst": worst}
    numbers = {"target": target, "requests": results, "cpu_ms_of_a_scrape": scrape_ms()}
    report("telemetry", {"machine": facts, **numbers})


if __name__ == "__main__":
    main()
