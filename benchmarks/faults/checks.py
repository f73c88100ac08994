"""What must be true of the rows and of what people saw, whatever was broken."""

import random
import statistics
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults.viewer import Viewer
from tests.cluster import Cluster
from tests.fakes.ai_script import Script

WORDS = (
    "Brüche", "½ + ¼", "Größe", "Übung", "🐺", "👩‍🏫", "데이터", "naïve", "**fett**", "`code`",
    "\n\n", "data:", "id: 7", '"Zitat"', "\\n", "<b>", "\t", "und", "der", "Klasse", "5b", "🇩🇪",
)  # fmt: skip
ENDED = {"complete", "failed", "cancelled", "interrupted"}
ROWS = """
SELECT r.id, r.chat_id, r.message_id, r.state, r.text, r.error_code, r.prompt_tokens,
       r.completion_tokens, r.attempt, m.content AS answer,
       (SELECT count(*) FROM messages x WHERE x.chat_id = r.chat_id AND x.role = 'user') AS asked,
       (SELECT count(*) FROM messages x WHERE x.chat_id = r.chat_id AND x.role = 'assistant')
           AS answered
FROM replies r LEFT JOIN messages m ON m.id = r.message_id
"""

Row = dict[str, Any]


@dataclass
class Outcome:
    """What a scenario found: `failures` is empty when every promise was kept."""

    numbers: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def expect(self, condition: object, failure: str) -> None:
        """Note a failure unless `condition` holds."""
        if not condition:
            self.failures.append(failure)

    def add(self, other: "Outcome", name: str) -> None:
        """Take over what a part of the scenario found."""
        self.numbers[name] = other.numbers
        self.failures += [f"{name}: {failure}" for failure in other.failures]


def story(rng: random.Random, tokens: int, delay: float) -> Script:
    """Return a script with text that nobody else says, in awkward characters."""
    pieces = [f"{rng.getrandbits(40):x} "]
    while len(pieces) < tokens:
        pieces.append(rng.choice(WORDS) + rng.choice((" ", " ", "", "\n")))
    return Script(pieces=tuple(pieces), delay=delay)


def questions(cluster: Cluster, scripts: Iterable[Script]) -> list[str]:
    """Return a question for each script, never asked before."""
    asked = {f"Frage {uuid.uuid4()}": script for script in scripts}
    cluster.ai.scripts |= asked
    return list(asked)


def rows_of(cluster: Cluster, viewers: Sequence[Viewer]) -> list[Row | None]:
    """Return the reply rows of the viewers, in order."""
    found = {uuid.UUID(str(row["id"])): row for row in cluster.rows(ROWS)}
    return [found.get(uuid.UUID(viewer.reply_id)) if viewer.meta else None for viewer in viewers]


def check_all(
    cluster: Cluster, viewers: Sequence[Viewer], states: set[str], *, lost_seconds: float = 0.0
) -> Outcome:
    """Check each viewer against its row and what the AI service said.

    `states` are the endings that are allowed. People may have seen `lost_seconds` more
    of an interrupted reply than was kept.
    """
    outcome, excess = Outcome(), []
    rows = rows_of(cluster, viewers)
    for viewer, row in zip(viewers, rows, strict=True):
        script = cluster.ai.scripts[viewer.question]
        for failure in [*viewer.faults, *_row_failures(viewer, row, script, states)]:
            outcome.failures.append(f"{viewer.question}: {failure}")
        if row is not None and row["state"] == "interrupted":
            excess.append(_excess_seconds(viewer, row, script))
    stuck = [row for row in cluster.rows(ROWS) if row["state"] not in ENDED]
    outcome.expect(not stuck, f"{len(stuck)} replies are stuck")
    outcome.expect(max(excess, default=0) <= lost_seconds, f"{max(excess, default=0):.2f} s lost")
    outcome.numbers = {
        "replies": len(viewers),
        "states": dict(Counter(row["state"] for row in rows if row)),
        "stuck": len(stuck),
        "seen_but_not_kept_seconds_max": round(max(excess, default=0), 3),
        "refusals": dict(Counter(str(each) for viewer in viewers for each in viewer.refusals)),
        "connections_lost": sum(viewer.lost_streams for viewer in viewers),
        "reconnects_asked_for": sum(viewer.reconnects for viewer in viewers),
        "longest_silence": spread(viewer.longest_silence for viewer in viewers),
    }
    return outcome


def _row_failures(
    viewer: Viewer, row: Row | None, script: Script, states: set[str]
) -> Iterable[str]:
    if row is None:
        yield "no row" if viewer.meta else "never begun"
        return
    upstream, kept = script.text, row["text"]
    if row["state"] not in states:
        yield f"{row['state']} {row['error_code']}, not one of {states}"
    if not upstream.startswith(kept):
        yield "the kept text is not what the AI service said"
    if row["state"] == "complete" and kept != upstream:
        yield f"complete with {len(kept)} of {len(upstream)} characters"
    if (row["answer"] or "") != kept:
        yield "the message is not the text of the reply"
    if row["prompt_tokens"] is None or row["completion_tokens"] is None:
        yield "no usage"
    if row["asked"] != 1:
        yield f"the question stands there {row['asked']} times"
    yield from _seen_failures(viewer, row)


def _seen_failures(viewer: Viewer, row: Row) -> Iterable[str]:
    if viewer.ending is None:
        yield "no ending seen"
        return
    shown, kept = viewer.text, row["text"]
    if row["state"] == "interrupted":
        if not (shown.startswith(kept) or kept.startswith(shown)):
            yield "the text shown is another than the text kept"
    elif shown != kept:
        yield f"shown {len(shown)} characters, kept {len(kept)}"
    ending = {"complete": "done", "cancelled": "done"}.get(row["state"], "error")
    if viewer.ending["type"] != ending:
        yield f"{viewer.ending['type']} seen, {row['state']} kept"


def _excess_seconds(viewer: Viewer, row: Row, script: Script) -> float:
    """How much longer than the kept text the shown one is, in seconds of writing."""
    position, tokens = 0, 0
    for piece in script.said_pieces():
        position += len(piece)
        tokens += len(row["text"]) < position <= len(viewer.text)
    return tokens * script.delay


def spread(values: Iterable[float]) -> dict[str, float]:
    """Return p50, p95 and max, in seconds."""
    numbers = sorted(values)
    if not numbers:
        return {}
    p95 = numbers[min(len(numbers) - 1, int(len(numbers) * 0.95))]
    exact = {"p50": statistics.median(numbers), "p95": p95, "max": numbers[-1]}
    return {name: round(number, 3) for name, number in exact.items()}
