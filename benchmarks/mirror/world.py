"""What a section plays in: eduhu with PostgreSQL, its mirror, and what stands in for InstantDB."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg

from benchmarks.measure import Numbers
from benchmarks.mirror.stand_in import StandIn
from tests.cluster import Cluster, Program
from tests.fakes.instant_server import APP_ID, TOKEN
from tests.processes import ROOT, tied_to_parent

TABLES = ("teacher_preferences", "chats", "messages", "artifacts")
MESSAGES_A_CHAT = 49
SECONDS = 900
Document = dict[str, Any]
# Raw SQL, as if the rows were older than the mirror: nothing of them is in the outbox.
CHATS = """
    INSERT INTO chats (id, teacher_id, title, topic_category, message_count, is_archived,
                       created_at, updated_at)
    SELECT gen_random_uuid(), (SELECT min(id::text)::uuid FROM teachers), 'Chat ' || n, NULL, 0,
           true, now() - interval '1 day', now() - interval '1 day'
    FROM generate_series(1, %s) AS n
"""
MESSAGES = """
    INSERT INTO messages (id, chat_id, content, role, content_type, timestamp,
                          educational_topics, token_count_estimated)
    SELECT gen_random_uuid(), chats.id, repeat(md5(random()::text), 12), 'user', 'text',
           now() - interval '1 day' + n * interval '1 second', '[]', false
    FROM chats, generate_series(1, %s) AS n
"""
OUR_ROWS = """
import json
from eduhu.mirror import capture, walk

for table, source in capture.sources().items():
    after = None
    while ids := walk.our_ids(source, after, 1000):
        for document in source.documents(ids):
            print(json.dumps([table, document]))
        after = ids[-1]
"""


@dataclass
class World:
    """The processes. `mirror` is not started; `instant` is what stands in for InstantDB."""

    cluster: Cluster
    mirror: Program
    instant: StandIn

    def fill(self, rows: int) -> None:
        """Store at least so many rows, chats and messages, which nobody mirrors."""
        with psycopg.connect(self.cluster.postgres.url) as connection:
            connection.execute(CHATS, [-(-rows // (MESSAGES_A_CHAT + 1))])
            connection.execute(MESSAGES, [MESSAGES_A_CHAT])

    def manage(self, *command: str) -> subprocess.Popen[str]:
        """Start a management command; its output can be read."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env=self.mirror.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=tied_to_parent(signal.SIGKILL),
        )  # fmt: skip

    def run(self, *command: str) -> str:
        """Run a management command and return what it printed. Raises RuntimeError."""
        process = self.manage(*command)
        text, _none = process.communicate(timeout=SECONDS)
        if process.returncode:
            raise RuntimeError(text)
        return text

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """Call the admin API of the stand-in."""
        headers = {"app-id": APP_ID, "authorization": f"Bearer {TOKEN}"}
        answer = httpx.post(self.instant.url + path, headers=headers, json=body, timeout=300)
        return answer.raise_for_status().json()

    def differences(self) -> Numbers:
        """Return how many rows are not the same on both sides; nobody may write meanwhile."""
        lines = self.run("shell", "-v0", "-c", OUR_ROWS).splitlines()
        ours = _by_id(json.loads(line) for line in lines)
        theirs = _by_id(
            (table, row)
            for table in TABLES
            for row in self.ask("/admin/query", {"query": {table: {}}})[table]
        )
        both = ours.keys() & theirs.keys()
        return {
            "missing": len(ours.keys() - both),
            "extra": len(theirs.keys() - both),
            "different": sum(ours[row] != theirs[row] for row in both),
        }

    def wait_until_leading(self) -> None:
        """Wait until the mirror sends. Raises TimeoutError."""
        self._wait_for("SELECT FROM mirror_state WHERE schema_ready_at IS NOT NULL")

    def wait_until_sent(self) -> None:
        """Wait until nothing waits in the outbox; parked rows may. Raises TimeoutError."""
        self._wait_for(
            "SELECT WHERE NOT EXISTS (SELECT FROM mirror_outbox WHERE parked_at IS NULL)"
        )

    def _wait_for(self, query: LiteralString) -> None:
        """Wait until a query finds a row."""
        end = time.monotonic() + SECONDS
        with psycopg.connect(self.cluster.postgres.url, autocommit=True) as connection:
            while connection.execute(query).fetchone() is None:
                if time.monotonic() > end:
                    raise TimeoutError(query)
                time.sleep(0.1)


def _by_id(rows: Iterable[tuple[str, Document]]) -> dict[tuple[str, str], Document]:
    """Null and missing are the same to InstantDB."""
    return {
        (table, row["id"]): {
            name: row[name] for name in row if row[name] is not None and name != "mirror_rev"
        }
        for table, row in rows
    }


@contextmanager
def world(**settings: str) -> Iterator[World]:
    """Start a web process, a reply worker, PostgreSQL, Redis and the stand-in, with our schema."""
    with closing(StandIn()) as instant:
        app = {
            "INSTANT_APP_ID": APP_ID,
            "INSTANT_APP_ADMIN_TOKEN": TOKEN,
            "INSTANT_API_URI": instant.url,
        }
        with Cluster(webs=1, workers=1, teachers=5, **app, **settings) as cluster:
            log = Path(cluster.folder) / "mirror.log"
            mirror = Program(cluster.webs[0].environment, log, "mirror")
            here = World(cluster, mirror, instant)
            here.run("mirror_schema")
            try:
                yield here
            finally:
                mirror.kill()
