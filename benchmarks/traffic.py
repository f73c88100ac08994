"""Teachers who read and write without a pause, to see what they notice of something else."""

import itertools
import random
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

import httpx

from benchmarks.measure import Numbers, spread

PAUSE = 0.05  # seconds


class Traffic:
    """Lists, opens, creates and renames chats until its block ends, one thread a token."""

    def __init__(self, urls: list[str], tokens: list[str]) -> None:
        self._clients = [
            httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {token}"})
            for token, url in zip(tokens, itertools.cycle(urls), strict=False)
        ]
        self._threads = [
            threading.Thread(target=self._run, args=[client], daemon=True)
            for client in self._clients
        ]
        self._stop = threading.Event()
        self.answers: list[tuple[int, float]] = []  # status, milliseconds
        self.created: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        for client in self._clients:
            client.close()

    def numbers(self) -> Numbers:
        """Say what the teachers have met."""
        kinds = Counter(f"{status // 100}xx" for status, _ms in self.answers)
        return {"requests": dict(kinds), "ms": spread(ms for _status, ms in self.answers)}

    def go_on(self, more: int) -> None:
        """Wait until there have been so many more answers."""
        wanted = len(self.answers) + more
        end = time.monotonic() + 60
        while len(self.answers) < wanted and time.monotonic() < end:
            time.sleep(0.05)

    def _run(self, client: httpx.Client) -> None:
        chance = random.Random(1)
        while not self._stop.is_set():
            listed = self._ask(client, "GET", "/api/chats")
            chats = listed.json()["results"] if listed is not None and listed.is_success else []
            if chats:
                chat = chance.choice(chats)["id"]
                self._ask(client, "GET", f"/api/chats/{chat}/messages")
                self._ask(client, "PATCH", f"/api/chats/{chat}", json={"title": "Optik"})
            made = self._ask(client, "POST", "/api/chats", json={"title": "Akustik"})
            if made is not None and made.is_success:
                self.created.append(made.json()["id"])
            self._stop.wait(PAUSE)

    def _ask(
        self, client: httpx.Client, method: str, path: str, **body: Any
    ) -> httpx.Response | None:
        begun = time.perf_counter()
        try:
            answer: httpx.Response | None = client.request(method, path, **body)
        except httpx.HTTPError:
            answer = None
        status = answer.status_code if answer is not None else 599  # nobody answered
        self.answers.append((status, 1000 * (time.perf_counter() - begun)))
        return answer
