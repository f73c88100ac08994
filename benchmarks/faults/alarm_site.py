"""An eduhu that tells of alerts, and twelve things that can be broken in it and repaired.

What the mirror's process would write of its own faults is written for it, since
`benchmarks.mirror` breaks that one. The disk is a folder in memory (`/dev/shm`, Linux).
"""

import asyncio
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import aiohttp
import psycopg

from benchmarks.faults.checks import questions
from tests.cluster import Cluster, Program
from tests.fakes.ai_script import Script
from tests.fakes.http_sink import HttpSink

DISK = Path("/dev/shm")
SETTINGS = {
    "ALERT_SECONDS": "5",
    "ALERT_WINDOW_SECONDS": "30",
    "ALERT_FIRST_TOKEN_SECONDS": "2",
    "ALERT_WEBHOOK_SECRET": "a-secret-of-the-benchmark-of-alerts",
    "ALERT_WEBHOOK_NETWORKS": "127.0.0.0/8",
    "INSTANT_APP_ADMIN_TOKEN": "nobody-listens",
    "AI_FIRST_BYTE_TIMEOUT": "20",
    "AI_BREAKER_FAILURES": "3",
    "AI_BREAKER_SECONDS": "1",
}
CELERY = """
from celery.beat import EmbeddedService, Scheduler
from eduhu.celery import app
EmbeddedService(app, thread=True, scheduler_cls=Scheduler).start()  # killed with its worker
app.worker_main(["worker", "--pool", "threads", "-c", "1"])
"""
HUNGRY = """
import time
from monitoring.alerts.watch import Watch
Watch("hungry").start()
held = bytearray(b"x") * (600 * 1024 * 1024)
time.sleep(3600)
"""
HOLDING = """
import threading, time
from django.db import connection
from monitoring.alerts.watch import Watch
Watch("holding").start()
def hold():
    connection.ensure_connection()
    time.sleep(3600)
for _ in range(9):
    threading.Thread(target=hold, daemon=True).start()
time.sleep(3600)
"""


class Watched(Cluster):
    """One web process and one worker; `sink` hears of alerts, and `disk` can be filled."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(webs=1, workers=1, **settings)

    def _environment(self, stack: ExitStack) -> dict[str, str]:
        self.sink = stack.enter_context(HttpSink())
        folder = tempfile.TemporaryDirectory(prefix="eduhu-disk-", dir=DISK)
        self.disk = Path(stack.enter_context(folder))
        usage = shutil.disk_usage(self.disk)
        return super()._environment(stack) | {
            **SETTINGS,
            "EDUHU_DATA_DIR": str(self.disk),
            "ALERT_DISK_FREE_PERCENT": str(usage.free / usage.total * 100 - 1),
            "ALERT_WEBHOOK_URLS": f"{self.sink.url}/hook",
        }


class Site:
    """What is broken, and repaired."""

    def __init__(self, cluster: Watched, session: aiohttp.ClientSession) -> None:
        self.cluster = cluster
        self._session = session
        self._disk = cluster.disk
        environment = cluster.webs[0].environment
        self._celery, *self._others = (
            Program(environment, cluster.folder / f"{name}.log", "shell", "-v0", "-c", code)
            for name, code in (("celery", CELERY), ("hungry", HUNGRY), ("holding", HOLDING))
        )

    def __enter__(self) -> Self:
        self._celery.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for program in (self._celery, *self._others):
            program.kill()

    def sql(self, *statements: str) -> None:
        """Change rows behind eduhu's back."""
        with psycopg.connect(self.cluster.postgres.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    async def inject(self) -> None:
        """Break twelve things."""
        self._celery.kill()
        for program in self._others:
            program.start()
        size = shutil.disk_usage(self._disk).total
        with (self._disk / "full").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, int(size * 0.02))
        await self._misses()
        self.sql("ALTER TABLE artifacts RENAME TO artifacts_elsewhere")
        for _ in range(25):
            await self.get("/api/artifacts", expected=500)
        self.sql("ALTER TABLE artifacts_elsewhere RENAME TO artifacts")
        await self._slow_query()
        await asyncio.gather(*(self.ask(Script(first_delay=4.0)) for _ in range(5)))
        for _ in range(3):
            await self.ask(Script(fault="status_500"))
        columns = "table_name, row_id, operation, created_at, parked_at, reason"
        old = "now() - interval '2 minutes'"
        row = "'chats', gen_random_uuid(), 'update'"
        self.sql(
            "INSERT INTO mirror_state"
            " (id, sent_per_minute, is_closed, failure, pause_reason, leader)"
            " VALUES (1, '[]', true, 'app-read-only', '', '') ON CONFLICT (id) DO UPDATE"
            " SET is_closed = true, failure = 'app-read-only'",
            f"INSERT INTO mirror_outbox ({columns}) VALUES ({row}, {old}, NULL, '')",
            f"INSERT INTO mirror_outbox ({columns}) VALUES ({row}, {old}, {old}, 'refused')",
        )

    async def repair(self) -> None:
        """Mend all of them."""
        self._celery.start()
        for program in self._others:
            program.kill()
        (self._disk / "full").unlink()
        self.sql("UPDATE mirror_state SET is_closed = false", "DELETE FROM mirror_outbox")
        await self.ask(Script())

    async def get(self, path: str, expected: int = 200, token: str = "") -> None:
        """Ask for a page."""
        headers = {"Authorization": f"Bearer {token or self.cluster.tokens[0][0]}"}
        async with self._session.get(f"{self.cluster.urls[0]}{path}", headers=headers) as answer:
            await answer.read()
            assert answer.status == expected, (path, answer.status)

    async def ask(self, script: Script) -> None:
        """Ask a question, and read until its answer ends."""
        [question] = questions(self.cluster, [script])
        headers = {"Authorization": f"Bearer {self.cluster.tokens[0][0]}"}
        url = f"{self.cluster.urls[0]}/api/chat"
        async with self._session.post(url, json={"content": question}, headers=headers) as answer:
            await answer.read()

    async def _misses(self) -> None:
        """Ask for what nobody has asked for."""
        for token, _other in self.cluster.tokens[1:14]:
            for limit in range(1, 51):
                await self.get(f"/api/chats?limit={limit}", token=token)

    async def _slow_query(self) -> None:
        """Let a statement wait for a lock for 0.8 s."""
        connection = await psycopg.AsyncConnection.connect(self.cluster.postgres.url)
        async with connection:
            await connection.execute("LOCK TABLE chats IN ACCESS EXCLUSIVE MODE")
            waiting = asyncio.create_task(
                self.get("/api/chats?limit=50", token=self.cluster.tokens[-1][0])
            )
            await asyncio.sleep(0.8)
            await connection.rollback()
        await waiting
