"""A running app as a backup: its rows are read page by page into a folder.

So a pull is checked, repeated and imported like any other backup, and a connection
that breaks off has changed nothing here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from eduhu.db import now
from eduhu.mirror.backup.archive import CONFIG, FOLDER, SUFFIX, Unusable
from eduhu.mirror.backup.config import Config, parse_config
from eduhu.mirror.backup.mapping import Named, resolve
from eduhu.mirror.backup.tables import USERS
from eduhu.mirror.client import InstantClient
from eduhu.mirror.documents import Document
from eduhu.mirror.failures import Busy, Unreachable
from eduhu.resilience import Retry

PAGE = 200  # rows; one request may take 30 s
TRIES = 3
RETRY = Retry(
    on=(Unreachable, Busy),
    attempts=5,
    asked_delay=lambda error: getattr(error, "retry_after", None),
)


class _Moved(Exception):
    """A row was deleted before the place that was reached, so that another was jumped."""


@dataclass(frozen=True, slots=True)
class Pull:
    """Reads an app. Only what the mapping takes is asked for, so no secrets come along."""

    client: InstantClient
    app_id: str
    folder: Path
    progress: Callable[[str, int], None]

    def run(self, named: Named) -> None:
        """Write a backup into the folder. Raises Unusable, MirrorError or OSError."""
        schema = RETRY.call(self.client.schema, idempotent=True)
        namespaces = [USERS, *schema.get("entities", {})]
        config = parse_config(self._config(schema, dict.fromkeys(namespaces, 0), 0))
        counts: dict[str, int] = {}
        triples = 0
        (self.folder / FOLDER).mkdir()
        for mapped in resolve(named, config).values():
            counts[mapped.namespace], values = self._pull(mapped.namespace, config)
            triples += values
        (self.folder / CONFIG).write_bytes(self._config(schema, counts, triples))

    def _config(self, schema: dict[str, Any], counts: dict[str, int], triples: int) -> bytes:
        named = {"counts": counts, "tripleCount": triples, "schema": schema}
        return orjson.dumps({**named, "appId": self.app_id, "backupAt": now().isoformat()})

    def _pull(self, namespace: str, config: Config) -> tuple[int, int]:
        """Write the rows of a namespace; return how many, and of how many values."""
        path = self.folder / f"{FOLDER}{namespace}{SUFFIX}"
        for _try in range(TRIES):
            try:
                return self._write(path, namespace, config)
            except _Moved:
                continue
        raise Unusable(f"{namespace} changes while it is read. Make the app read-only first.")

    def _write(self, path: Path, namespace: str, config: Config) -> tuple[int, int]:
        links = {link.label: link.is_many for link in config.links if link.holder == namespace}
        rows = values = 0
        with path.open("wb") as file:
            for page in self._pages(namespace, links):
                for row in page:
                    entity = _with_ids(row, links)
                    values += sum(
                        len(value) if links.get(label) else 1 for label, value in entity.items()
                    )
                    # When InstantDB first saw it, a query does not tell.
                    line = {"entity": entity, "createdAt": 0}
                    file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
                rows += len(page)
                self.progress(f"fetching {namespace}", rows)
        return rows, values

    def _pages(self, namespace: str, links: Iterable[str]) -> Iterator[list[Document]]:
        """Yield pages, each asked for from the last row of the one before."""
        linked = {label: {"$": {"fields": ["id"]}} for label in links}
        last: str | None = None
        done = 0
        while True:
            overlap = 0 if last is None else 1
            place = {"limit": PAGE + overlap, "offset": done - overlap}
            form = {"$": {"order": {"serverCreatedAt": "asc"}, **place}, **linked}
            page = self._ask(namespace, form)
            if last is not None and (not page or page[0]["id"] != last):
                raise _Moved
            page = page[overlap:]
            yield page
            if len(page) < PAGE:
                return
            done, last = done + len(page), page[-1]["id"]

    def _ask(self, namespace: str, form: dict[str, Any]) -> list[Document]:
        return RETRY.call(lambda: self.client.query(namespace, form), idempotent=True)


def _with_ids(row: Document, links: dict[str, bool]) -> Document:
    """Return a row as backups have it: the ids of linked rows instead of these rows."""
    entity = dict(row)
    for label, is_many in links.items():
        ids = [linked["id"] for linked in row.get(label) or []]
        if is_many:
            entity[label] = ids
        else:
            entity[label] = ids[0] if ids else None
    return entity
