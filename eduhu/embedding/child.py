"""The model in a process of its own, as seen by the process that asks.

A line in (JSON, a list of texts), a line out (their vectors, as Base64): never more than one
of either is under way, so that no pipe fills up. The child ends by itself when idle, and
with its parent; the next text begins another one.
"""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PROGRAM = Path(__file__).with_name("serve_pipe.py")
AT_ONCE = 64  # texts in a line
SECONDS_FOR_A_LINE = 60.0  # also to load the model, on a machine that is busy
SECONDS_IDLE = 60.0


class EmbeddingUnavailable(Exception):
    """There is no model here, or it does not answer."""


class Child:
    """One child process at a time, whichever thread asks."""

    def __init__(self, seconds_idle: float = SECONDS_IDLE) -> None:
        self._seconds_idle = seconds_idle
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the child, while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Return a vector for each text. Raises EmbeddingUnavailable."""
        with self._lock:
            parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
            return [vector for part in parts for vector in self._part(part)]

    def close(self) -> None:
        """End the child, if it runs."""
        with self._lock:
            self._end()

    def _part(self, texts: Sequence[str]) -> list[bytes]:
        line = json.dumps(list(texts)).encode() + b"\n"
        # It may end, being idle, in the very moment in which it is asked.
        answer = self._ask(line) or self._ask(line)
        if not answer:
            raise EmbeddingUnavailable("the child does not answer")
        return [base64.b64decode(each) for each in answer.split()]

    def _ask(self, line: bytes) -> bytes:
        """Return the answer, or nothing where there is none."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(SECONDS_FOR_A_LINE, process.kill)
        late.daemon = True
        late.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer: bytes = process.stdout.readline()
        except OSError:
            answer = b""
        finally:
            late.cancel()
        if not answer:
            self._end()
        return answer

    def _running(self) -> "subprocess.Popen[bytes]":
        if self.pid is None:
            self._end()
            # Isolated: the folder of the program must not hide modules of the same names.
            command = [sys.executable, "-I", str(PROGRAM), str(self._seconds_idle)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process is not None
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]  # both are pipes
        process.kill()  # it holds nothing that could be lost
        process.wait()
