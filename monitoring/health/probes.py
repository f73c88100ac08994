"""Synthetic probes: a teacher of our own uses each critical endpoint of a running eduhu."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, perf_counter
from typing import Any

from knox.models import AuthToken

from monitoring.health.models import PROBE, Sign
from teachers.models import Teacher

EMAIL = "probe@eduhu.invalid"  # a name that can never receive mail (RFC 6761)
QUESTION = "Antworte bitte nur mit: Ja."
ANSWER_SECONDS = 15.0
STREAM_SECONDS = 60.0
TOKEN_LIFE = timedelta(minutes=10)

Answer = dict[str, Any]


class Failed(Exception):
    """An endpoint did not do what it should; the text says what it did."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a probe went; `reason` is empty where all was well."""

    name: str
    reason: str
    seconds: float


class Visitor:
    """Asks a running eduhu as the teacher of a token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self.chat_id = ""

    def ask(self, method: str, path: str, body: Answer | None = None) -> bytes:
        """Return the whole answer. Raises Failed."""
        with self._open(method, path, body, ANSWER_SECONDS) as answer:
            return bytes(answer.read())

    def stream(self) -> None:
        """Ask the assistant, and read the reply to its end. Raises Failed."""
        end = monotonic() + STREAM_SECONDS
        frame: Answer = {}
        with self._open("POST", "/api/chat", {"content": QUESTION}, ANSWER_SECONDS * 2) as lines:
            for line in lines:
                if monotonic() > end:
                    raise Failed("the reply does not end")
                if line.startswith(b"data: "):
                    frame = json.loads(line[6:])
                    self.chat_id = frame.get("chat_id", self.chat_id)
        if frame.get("type") != "done":
            raise Failed(str(frame.get("code") or "the stream broke off"))

    def tidy(self) -> None:
        """Delete our chats, also what an earlier visit could not. Raises Failed."""
        for chat in json.loads(self.ask("GET", "/api/chats"))["results"]:
            self.ask("DELETE", f"/api/chats/{chat['id']}")

    @contextmanager
    def _open(self, method: str, path: str, body: Answer | None, seconds: float) -> Iterator[Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        # Never through a proxy: the token is for eduhu alone.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            error.close()
            raise Failed(f"status {error.code}") from error
        except TimeoutError as error:
            raise Failed("no answer in time") from error
        except (OSError, ValueError) as error:
            raise Failed("not reachable") from error


def steps(visitor: Visitor) -> dict[str, Callable[[], object]]:
    """Return what is probed, by name, in the order of a visit."""
    return {
        "ready": lambda: visitor.ask("GET", "/health/ready"),
        "page": lambda: visitor.ask("GET", "/"),
        "me": lambda: visitor.ask("GET", "/api/auth/me"),
        "preferences": lambda: visitor.ask("GET", "/api/preferences"),
        "chat": visitor.stream,
        "chats": lambda: visitor.ask("GET", "/api/chats"),
        "messages": lambda: visitor.ask("GET", f"/api/chats/{visitor.chat_id}/messages"),
        # With the filter no cache can know it.
        "artifacts": lambda: visitor.ask("GET", f"/api/artifacts?chat_id={visitor.chat_id}"),
        "chat-detail": visitor.tidy,
    }


def run(url: str) -> list[Outcome]:
    """Probe the eduhu at `url`, which has our database, and note each outcome."""
    teacher = Teacher.objects.filter(email=EMAIL).first() or Teacher.objects.create_user(EMAIL)
    auth, token = AuthToken.objects.create(teacher, expiry=TOKEN_LIFE)
    try:
        outcomes = [_probe(*step) for step in steps(Visitor(url, token)).items()]
    finally:
        auth.delete()
    for each in outcomes:
        Sign.give(
            PROBE + each.name, is_ok=not each.reason, seconds=each.seconds, reason=each.reason
        )
    return outcomes


def _probe(name: str, step: Callable[[], object]) -> Outcome:
    begun, reason = perf_counter(), ""
    try:
        step()
    except Failed as error:
        reason = str(error)
    return Outcome(name, reason, perf_counter() - begun)
