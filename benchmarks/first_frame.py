"""`python -m benchmarks.first_frame`: how soon the template assistant begins to answer.

On a warm server, the embedded default, over loopback: from the question to the
`meta` event and to the first text, one answer after the other, each on a new
connection. Target: first text within 300 ms (95th percentile).
"""

import argparse
import json
import os
import time
import urllib.request
from http.client import HTTPResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")

from benchmarks.measure import Numbers, between, machine, report, spread
from tests.live import live_server

TARGET_MS = 300
WARM_UP = 5
TIMEOUT = 60
ACCOUNT = {"email": "demo@eduhu.example", "password": "eduhu-demo"}
QUESTION = {"content": "Stundenentwurf zu Magneten, Klasse 4, 45 Minuten"}
SETTINGS = {"DATABASE_URL": "", "REDIS_URL": "", "TEMPLATE_WORD_DELAY_MS": "1"}


def post(url: str, body: Numbers, token: str = "") -> HTTPResponse:
    """Send JSON and return the answer, still to be read."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)
    return answer


def ask(url: str, token: str) -> tuple[float, float]:
    """Read one answer to its end; return the milliseconds to `meta` and to the first text.

    Raises ValueError for an answer that is not whole.
    """
    begun = time.perf_counter()
    arrived: dict[str, float] = {}
    with post(f"{url}/api/chat", QUESTION, token) as answer:
        for line in answer:
            if line.startswith(b"data: "):
                kind = json.loads(line[6:])["type"]
                arrived.setdefault(kind, (time.perf_counter() - begun) * 1000)
    if "done" not in arrived:
        raise ValueError(f"an answer without an end: {sorted(arrived)}")
    return arrived["meta"], arrived["content"]


def measure(answers: int) -> Numbers:
    """Start a server, warm it, and ask `answers` times."""
    with live_server(**SETTINGS) as server:
        with post(f"{server.url}/api/auth/login", ACCOUNT) as answer:
            token = json.load(answer)["token"]
        times = [ask(server.url, token) for _ in range(WARM_UP + answers)][WARM_UP:]
    metas, texts = zip(*times, strict=True)
    return {"answers": answers, "meta_ms": spread(metas), "first_text_ms": spread(texts)}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=between(1, 500), default=100)
    facts = machine()
    numbers = measure(parser.parse_args().answers)
    met = numbers["first_text_ms"]["p95"] < TARGET_MS
    target = {"first_text_ms_p95": f"< {TARGET_MS}", "met": met}
    report("first_frame", {"machine": facts, "target": target, **numbers})


if __name__ == "__main__":
    main()
