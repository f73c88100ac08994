"""What is counted of the AI services."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from eduhu import metrics
from eduhu.errors import EduhuError

BEGINS = (*metrics.REQUEST, 30.0, 60.0, 120.0)
ATTEMPTS = metrics.counter(
    "provider_attempts", "Questions to AI services, by what came of them.", "provider", "outcome"
)
FIRST_ITEMS = metrics.histogram(
    "provider_first_item_seconds",
    "Until an AI service begins to answer.",
    "provider",
    buckets=BEGINS,
)


@contextmanager
def attempt(provider: str) -> Iterator[None]:
    """Count one question to a service: `ok`, `cancelled`, or the code of its failure."""
    begun, outcome = perf_counter(), "cancelled"
    try:
        yield
        outcome = "ok"
    except EduhuError as error:
        outcome = error.code
        raise
    finally:
        if metrics.IS_ON:
            ATTEMPTS.of(provider, outcome).inc()
            if outcome == "ok":
                FIRST_ITEMS.of(provider).observe(perf_counter() - begun)
