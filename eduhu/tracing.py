"""Spans of OpenTelemetry around what takes time: requests, replies, tasks, the mirror's requests.

Without an SDK they cost next to nothing and go nowhere. With one, which is not part of
eduhu (`pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http`), they go
where `OTEL_EXPORTER_OTLP_ENDPOINT` says. Spans hold names, ids and numbers. What an
error says is not written down, because it may quote what teachers write.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from eduhu import logs

logger = logging.getLogger(__name__)

KINDS = {"request": SpanKind.SERVER, "provider": SpanKind.CLIENT, "mirror": SpanKind.CLIENT,
         "reply": SpanKind.CONSUMER, "task": SpanKind.CONSUMER}  # fmt: skip


@contextmanager
def span(name: str, kind: str, **attributes: str | int) -> Iterator[Span]:
    """Trace what happens inside; `kind` is one of KINDS. The ids of the log come along."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):  # nobody has installed an SDK
        yield trace.INVALID_SPAN
        return
    with provider.get_tracer("eduhu").start_as_current_span(
        name, kind=KINDS[kind], record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            if current.is_recording():
                known = {f"eduhu.{key}": value for key, value in logs.context().items()}
                current.set_attributes({**known, **attributes})


def start_tracing() -> None:
    """Send spans to `OTEL_EXPORTER_OTLP_ENDPOINT`, where that is set."""
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logger.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry's SDK is missing")
        return
    resource = Resource.create(
        {"service.name": "eduhu", "deployment.environment.name": settings.ENVIRONMENT}
    )
    provider = TracerProvider(resource=resource)
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/") + "/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
