"""Spans tell what takes time, and nothing of what teachers write."""

import uuid

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from eduhu import logs, tracing
from eduhu.tracing import span, start_tracing

CANARY = "Quastenflosser"


@pytest.fixture
def spans(monkeypatch):
    """The SDK, as somebody may install it; what it was told."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing.trace, "get_tracer_provider", lambda: provider)
    return exporter.get_finished_spans


@pytest.fixture(autouse=True)
def nothing_known():
    logs.forget()


def test_without_an_sdk_nothing_is_kept():
    with span("reply", "reply", model="m") as current:
        assert not current.is_recording()


def test_a_span_has_the_ids_of_the_log(spans):
    teacher = uuid.uuid4()
    with span("reply", "reply", model="m"):
        logs.know(reply_id="7", teacher=teacher)
    [found] = spans()
    assert dict(found.attributes) == {
        "model": "m", "eduhu.reply_id": "7", "eduhu.teacher": logs.pseudonym(str(teacher)),
    }  # fmt: skip


def test_an_error_is_told_by_its_type_alone(spans):
    with pytest.raises(ValueError, match=CANARY), span("reply", "reply"):
        raise ValueError(CANARY)
    [found] = spans()
    assert found.status.status_code is StatusCode.ERROR
    assert found.status.description == "ValueError"
    assert found.events == ()


@pytest.mark.django_db
def test_a_request_is_a_span_of_its_route(spans, api):
    api.post("/api/chats", {"title": CANARY}, content_type="application/json")
    [found] = spans()
    assert found.name == "chats"
    assert found.kind is trace.SpanKind.SERVER
    assert CANARY not in found.to_json()
    assert found.attributes["eduhu.request_id"]


def test_an_address_without_the_exporter_is_told_and_does_no_harm(settings, caplog):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:9"
    start_tracing()
    assert "SDK is missing" in caplog.text
