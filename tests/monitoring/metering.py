"""Reading `/metrics` in tests."""

import urllib.request
from contextlib import contextmanager
from functools import lru_cache

from prometheus_client.parser import text_string_to_metric_families

from monitoring.metrics.exposition import total


@lru_cache(maxsize=4)  # a test asks the same text for many numbers
def samples(text):
    """Return the samples of an exposition."""
    return [each for family in text_string_to_metric_families(text) for each in family.samples]


def sum_of(text, name, **labels):
    """Return the sum of the samples with this name and these labels."""
    return sum(
        each.value
        for each in samples(text)
        if each.name == f"eduhu_{name}" and labels.items() <= each.labels.items()
    )


def fetch(url):
    """Return the metrics of a running server."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as answer:
        return answer.read().decode()


@contextmanager
def growth(name, **labels):
    """Yield a function that tells how much a number has grown since the block began."""
    before = total(f"eduhu_{name}", **labels)
    yield lambda: total(f"eduhu_{name}", **labels) - before
