"""All metrics as Prometheus reads them."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from eduhu import metrics
from eduhu.metrics import sampler
from eduhu.metrics.folder import tidied
from monitoring.metrics.sources import LOOK_UPS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text() -> bytes:
    """Return the numbers of all processes of this machine; asks the services."""
    with _counted() as counted:
        return generate_latest(counted) + generate_latest(_registry_of(LOOK_UPS))


def families() -> list[Metric]:
    """Return what the processes of this machine have counted; asks no service."""
    with _counted() as counted:
        return list(counted.collect())


def total(sample_name: str, **labels: str) -> float:
    """Return the sum of the samples with this full name and (at least) these labels."""
    return sum(
        sample.value
        for family in families()
        for sample in family.samples
        if sample.name == sample_name and labels.items() <= sample.labels.items()
    )


@contextmanager
def _counted() -> Iterator[CollectorRegistry]:
    sampler.sample()
    folder = metrics.FOLDER
    with tidied(folder) if folder else nullcontext():
        if folder is None:
            yield metrics.REGISTRY
        else:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(folder))
            yield registry


def _registry_of(collector: object) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)  # type: ignore[arg-type]  # a protocol: it has `collect`
    return registry
