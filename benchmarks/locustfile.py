"""Teachers at the two busiest times of a week, for Locust; `benchmarks.peak` runs it.

By hand, against a server of your own on this machine:

    manage.py seed_load --teachers 200 --chats 4000 --messages 40000 --tokens tokens.json
    EDUHU_TOKENS=tokens.json locust -f benchmarks/locustfile.py --host http://127.0.0.1:8000

On Sunday evening teachers prepare: they go on with old chats, ask for material, change and
keep it. Before the first period they look things up, on the phone and in a hurry. A refusal
(429, 503) that says when to come back is no failure; it is counted under `refused`.
"""

import json
import os
import random
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from locust import FastHttpUser, between, events, task

TOKENS: list[str] = json.loads(Path(os.environ["EDUHU_TOKENS"]).read_text())
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@events.init.add_listener
def only_here(environment: Any, **_kwargs: Any) -> None:
    """Refuse to load any machine but this one."""
    if urlsplit(environment.host or "").hostname not in LOOPBACK:
        raise SystemExit("This load is for a server on this machine only.")


class Teacher(FastHttpUser):
    """Somebody who thinks for a second or three between two clicks."""

    abstract = True
    wait_time = between(1, 3)
    connection_timeout = network_timeout = 30

    def on_start(self) -> None:
        """Open the page: who am I, my chats."""
        self.headers = {"Authorization": f"Bearer {random.choice(TOKENS)}"}
        self.chats: list[str] = []
        self.artifacts: list[str] = []
        self.list_chats()

    def ask(self, method: str, path: str, name: str, data: Any = None) -> Any:
        """Send a request; return its JSON, or None for a refusal, a failure, or no body."""
        with self.client.request(
            method, path, name=name, json=data, headers=self.headers, catch_response=True
        ) as answer:
            if answer.status_code in (429, 503) and answer.headers.get("Retry-After"):
                answer.request_meta["name"] = f"refused with {answer.status_code}"
                answer.success()
                return None
            if answer.status_code == 404:  # another device of this teacher was quicker
                answer.success()
                return None
            if not 200 <= answer.status_code < 300:
                answer.failure(f"status {answer.status_code}")
                return None
            is_json = "json" in (answer.headers.get("Content-Type") or "")
            return json.loads(answer.content) if is_json else None

    def list_chats(self) -> None:
        """Look at the newest chats."""
        page = self.ask("GET", "/api/chats", "list of chats") or {"results": []}
        self.chats = [row["id"] for row in page["results"]] or self.chats

    def open_chat(self) -> None:
        """Open one of the newest chats."""
        if self.chats:
            chat = random.choice(self.chats[:10])
            self.ask("GET", f"/api/chats/{chat}", "chat")
            self.ask("GET", f"/api/chats/{chat}/messages?limit=50", "messages of a chat")

    def list_artifacts(self) -> None:
        """Look at the library."""
        page = self.ask("GET", "/api/artifacts", "list of artifacts") or {"results": []}
        self.artifacts = [row["id"] for row in page["results"]] or self.artifacts

    def open_artifact(self) -> None:
        """Open something from the library."""
        if not self.artifacts:
            self.list_artifacts()
        if self.artifacts:
            artifact = random.choice(self.artifacts[:10])
            self.ask("GET", f"/api/artifacts/{artifact}", "artifact")

    def look_at_preferences(self) -> None:
        """See what is remembered about me."""
        self.ask("GET", "/api/preferences", "preferences")


class SundayEvening(Teacher):
    """Prepares lessons: goes on with chats, asks, keeps what came of it."""

    weight = 3

    lists = task(8)(Teacher.list_chats)
    opens = task(14)(Teacher.open_chat)
    browses = task(5)(Teacher.list_artifacts)
    reads = task(5)(Teacher.open_artifact)
    remembers = task(2)(Teacher.look_at_preferences)

    @task(2)
    def question(self) -> None:
        """Ask for material; the answer streams to its end."""
        data: dict[str, Any] = {"content": "Ein Arbeitsblatt zu Brüchen, Klasse 6, drei Niveaus"}
        self.ask("POST", "/api/chat", "question (AI)", data)

    @task(3)
    def new_chat(self) -> None:
        """Begin something new."""
        chat = self.ask("POST", "/api/chats", "create a chat", {"title": "Stunde am Montag"})
        if chat:
            self.chats.insert(0, chat["id"])

    @task(3)
    def keep(self) -> None:
        """Keep a worksheet."""
        data = {
            "title": "Arbeitsblatt",
            "content": "1. Kürze.\n" * 60,
            "artifact_type": "worksheet",
        }
        self.ask("POST", "/api/artifacts", "keep an artifact", data)

    @task(2)
    def tidy(self) -> None:
        """Name a chat."""
        if self.chats:
            chat, data = random.choice(self.chats[:10]), {"title": "Brüche, Klasse 6"}
            self.ask("PATCH", f"/api/chats/{chat}", "rename a chat", data)


class FirstPeriod(Teacher):
    """Looks for what was prepared, a few minutes before the lesson."""

    weight = 2

    lists = task(10)(Teacher.list_chats)
    opens = task(12)(Teacher.open_chat)
    browses = task(10)(Teacher.list_artifacts)
    reads = task(14)(Teacher.open_artifact)
    remembers = task(1)(Teacher.look_at_preferences)
