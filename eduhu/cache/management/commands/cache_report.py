"""`manage.py cache_report`: what each cache is worth."""

from typing import Any

from django.core.management.base import BaseCommand

from eduhu.cache.counts import KEPT_DAYS, week
from eduhu.cache.policies import TTL_SECONDS
from eduhu.cache.stats import Counts

FEW_READS = 100
POOR_RATE = 0.2
COLUMNS = (
    "content", "TTL (s)", "reads", "in memory", "shared", "misses", "evicted", "load (ms)",
    "warmed", "of use", "verdict",
)  # fmt: skip


class Command(BaseCommand):
    help = f"Print how often each cache was of use in the last {KEPT_DAYS} days."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [COLUMNS, *(_row(content, counts) for content, counts in week().items())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        for row in rows:
            cells = zip(row, widths, strict=True)
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in cells).rstrip())


def _row(content: Any, counts: Counts) -> tuple[str, ...]:
    reads = counts.memory_hits + counts.shared_hits + counts.misses
    return (
        content,
        str(TTL_SECONDS[content]),
        str(reads),
        _share(counts.memory_hits, reads),
        _share(counts.shared_hits, reads),
        _share(counts.misses, reads),
        str(counts.evictions),
        f"{counts.load_ms / counts.loads:.1f}" if counts.loads else "-",
        str(counts.warmed),
        _share(counts.warmed_used, counts.warmed),
        _verdict(counts, reads),
    )


def _share(number: int, reads: int) -> str:
    return f"{number / reads:.0%}" if reads else "-"


def _verdict(counts: Counts, reads: int) -> str:
    if reads < FEW_READS:
        return "cold: hardly read"
    if 1 - counts.misses / reads < POOR_RATE:
        return "useless: seldom found"
    return "useful"
