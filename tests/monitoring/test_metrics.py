"""What is counted can be read: every route, query, cache; by who may, without ids."""

import re
import shutil
import subprocess
import time
from collections import Counter

import pytest
from django.conf import settings as active
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from chats.replies.metrics import cost
from eduhu import metrics
from eduhu.celery import app
from eduhu.named_queries import named_query
from eduhu.pool import pool_state
from eduhu.routes import ROUTES, SOCKET_ROUTES
from monitoring.metrics.exposition import families
from monitoring.metrics.lookups import LookUp, LookUps, number
from tests.asgi import ask
from tests.holders import Holders
from tests.monitoring.metering import growth, samples, sum_of

UUID = "01a20415-9337-7f5a-b8ea-789bdde4d55e"
VALUES = {"uuid": UUID, "int": "1", "str": "x", "path": "x", "slug": "x"}
ANY_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def django_routes(patterns=None, prefix="", space=""):
    """Yield name and an example path of everything that Django serves."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        pattern = prefix + example(each.pattern)
        if isinstance(each, URLPattern):
            name = f"{space}{each.name}" if each.name else None
            yield name, f"/{pattern}"
        else:
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from django_routes(each.url_patterns, pattern, inner)


def requests_by_route():
    """Return how many requests each route has counted."""
    counts = Counter()
    for each in (each for family in families() for each in family.samples):
        if each.name == "eduhu_http_request_seconds_count":
            counts[each.labels["route"]] += each.value
    return counts


def example(pattern):
    """Return a path that a pattern matches."""
    route = str(pattern)
    route = re.sub(r"(?<!P)<(?:(\w+):)?\w+>", lambda found: VALUES[found[1] or "str"], route)
    route = re.sub(r"\(\?P<\w+>(\w+)[^()]*\)", r"\1", route)  # the first of several words
    return route.removeprefix("^").removesuffix("$").replace(r"\Z", "")


@pytest.mark.claim(14)
@pytest.mark.django_db
async def test_every_route_that_django_serves_counts_its_requests():
    routes = [(name, path) for name, path in django_routes() if name]
    assert {"login", "chats", "metrics", "admin:index", "page"} <= {name for name, _ in routes}
    before = requests_by_route()
    for _name, path in routes:
        await ask("OPTIONS", path)
    after = requests_by_route()
    counted = {name: after[name] - before[name] for name in after}
    assert {name for name, count in counted.items() if count} >= {name for name, _ in routes}


@pytest.mark.claim(14)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_every_route_beside_django_counts_its_requests(route):
    path = re.sub(r"\{\w+\}", UUID, route.path)
    labels = {"route": route.name, "method": route.method, "status": "401"}
    with growth("http_request_seconds_count", **labels) as grown:
        await ask(route.method, path)
        assert grown() == 1


def test_a_socket_route_is_known_by_its_name():
    assert {route.name for route in SOCKET_ROUTES} == {"chat-socket", "events-socket"}


@pytest.mark.parametrize(
    ("method", "path", "route", "counted", "status"),
    [
        ("GET", f"/nothing/{UUID}", "unmatched", "GET", "404"),
        ("DELETE", "/api/chat", "chat", "DELETE", "405"),
        ("BREW", "/health/live", "health-live", "other", "403"),
        ("GET", "/static/nothing.css", "static", "GET", "404"),
    ],
)
async def test_what_is_no_route_of_ours_has_a_name_as_well(method, path, route, counted, status):
    labels = {"route": route, "method": counted, "status": status}
    with growth("http_request_seconds_count", **labels) as grown:
        await ask(method, path)
        assert grown() == 1


def test_beyond_its_bound_a_family_counts_everything_as_other(monkeypatch):
    monkeypatch.setattr(metrics, "MAX_CHILDREN", 2)
    registry = metrics.CollectorRegistry()
    monkeypatch.setattr(metrics, "REGISTRY", registry)
    family = metrics.counter("bounded_test", "A test.", "label")
    children = {family.of(f"value {n}")._labelvalues for n in range(5)}
    assert children == {("value 0",), ("value 1",), ("other",)}


# --- Who may read ----------------------------------------------------------------------------


FROM_OUTSIDE = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "asked"),
    [
        (200, {"REMOTE_ADDR": "127.0.0.1"}),
        (200, {"REMOTE_ADDR": "::1"}),
        (404, FROM_OUTSIDE),
        (404, {"REMOTE_ADDR": ""}),
        (404, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}),
        (200, {**FROM_OUTSIDE, "HTTP_AUTHORIZATION": "Bearer prometheus-may-read"}),
        (404, {**FROM_OUTSIDE, "HTTP_AUTHORIZATION": "Bearer prometheus-may-not"}),
        (404, {**FROM_OUTSIDE, "HTTP_AUTHORIZATION": "Bearer "}),
        (404, {**FROM_OUTSIDE, "HTTP_AUTHORIZATION": "Basic prometheus-may-read"}),
    ],
)
def test_metrics_are_for_this_machine_and_for_who_has_the_token(settings, status, asked):
    settings.METRICS_TOKEN = "prometheus-may-read"
    answer = Client().get("/metrics", **asked)
    assert answer.status_code == status
    assert (b"eduhu_" in answer.content) == (status == 200)


@pytest.mark.django_db(transaction=True)
def test_without_a_token_nobody_from_outside_may_read(settings):
    settings.METRICS_TOKEN = ""
    answer = Client().get("/metrics", **FROM_OUTSIDE, HTTP_AUTHORIZATION="Bearer ")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("forwarded", "status"), [("127.0.0.1, 203.0.113.7", 404), ("203.0.113.7, 127.0.0.1", 200)]
)
@pytest.mark.django_db(transaction=True)
def test_behind_a_proxy_its_word_counts_and_no_other(settings, forwarded, status):
    settings.PROXY_COUNT = 1
    headers = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}
    assert Client().get("/metrics", **headers).status_code == status


# --- What it says ----------------------------------------------------------------------------


@pytest.fixture
def read(db):
    def read():
        answer = Client().get("/metrics")
        assert answer.status_code == 200
        return answer.content.decode()

    return read


@pytest.mark.claim(65)
@pytest.mark.django_db(transaction=True)
def test_others_parsers_understand_it_and_no_id_is_in_it(read, api):
    api.get("/api/chats")
    api.get(f"/api/chats/{UUID}")
    text = read()
    routes = {"route": "chat-detail", "method": "GET", "status": "404"}
    bounds = {
        each.labels["le"]
        for each in samples(text)
        if each.name == "eduhu_http_request_seconds_bucket"
        and routes.items() <= each.labels.items()
    }
    assert {"0.2", "0.5", "+Inf"} <= bounds
    assert not ANY_ID.search(text)
    if promtool := shutil.which("promtool"):
        done = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.claim(16)
@pytest.mark.claim(67)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("held", [0, 3, active.DATABASE_POOL_SIZE])
def test_held_connections_show(read, held):
    with Holders(held):
        text = read()
    pool = {
        state: sum_of(text, "pool_connections", process="web", state=state)
        for state in ("size", "used", "free")
    }
    # A look-up of the page itself may hold one more for a moment.
    assert held <= pool["used"] <= min(held + 2, 10)
    assert pool["size"] == 10
    assert pool["free"] == 10 - pool["used"]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_pool_that_nobody_has_used_is_free():
    connection.close()
    connection.close_pool()
    assert (pool_state().used, pool_state().free) == (0, active.DATABASE_POOL_SIZE)


@pytest.mark.claim(13)
@pytest.mark.django_db(transaction=True)
def test_a_pause_in_the_database_shows_under_its_name(read):
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("pg_sleep", 1, time.sleep)

    @named_query("test.metric")
    def pause():
        connection.cursor().execute("SELECT pg_sleep(0.3)")

    with growth("query_seconds_sum", query="test.metric") as grown:
        pause()
        assert grown() >= 0.3
    slow = sum_of(read(), "query_seconds_bucket", query="test.metric", le="0.2")
    assert slow == 0


@pytest.mark.claim(73)
@pytest.mark.django_db(transaction=True)
def test_each_read_of_a_cache_shows_with_the_tier_that_answered(read, api):
    labels = {"content": "chat metadata"}
    before = read()
    for _ in range(3):
        api.get("/api/chats")
    after = read()

    def grown(name, **more):
        return sum_of(after, name, **labels, **more) - sum_of(before, name, **labels, **more)

    assert grown("cache_reads_total", tier="database") == 1
    assert grown("cache_reads_total", tier="memory") == 2
    assert grown("cache_loads_total") == 1
    assert grown("cache_load_seconds_total") > 0


def test_tokens_cost_what_their_model_costs(settings):
    settings.AI_PRICES = {"good": (2.0, 8.0)}
    assert cost("good", 1_000_000, 500_000) == 6.0
    assert cost("unpriced", 1_000_000, 500_000) == 0


@pytest.mark.django_db(transaction=True)
def test_process_disk_and_mirror_are_told(read):
    text = read()
    assert sum_of(text, "process_resident_bytes", process="web") > 30e6
    assert 0 < sum_of(text, "disk_bytes", state="free") < sum_of(text, "disk_bytes", state="total")
    assert sum_of(text, "process_open_files") > 3
    assert sum_of(text, "mirror_on") == 0
    told = {each.labels["source"]: each.value for each in samples(text) if "lookup" in each.name}
    assert told.pop("disk") == 1
    assert set(told) >= {"queues", "mirror", "replies"}


def test_waiting_tasks_are_told():
    from monitoring.metrics.sources import queues

    with app.connection_for_write() as connection:
        channel = connection.default_channel
        channel.queue_delete("celery")
        assert [each.value for each in queues()[0].samples] == [0]  # nobody has declared it
        app.send_task("tests.never_run", connection=connection)
        app.send_task("tests.never_run", connection=connection)
        [family] = queues()
        channel.queue_purge("celery")
    assert [(each.labels, each.value) for each in family.samples] == [({"queue": "celery"}, 2)]


class Source:
    """A service that can be away."""

    is_away = False
    asked = 0

    def __call__(self):
        self.asked += 1
        if self.is_away:
            raise OSError("secret")
        return [number("test_number", "A test.", 7)]


def told(look_ups):
    return {each.name: each.value for family in look_ups.collect() for each in family.samples}


def test_a_source_that_is_away_keeps_its_last_answer_for_a_while(monkeypatch, caplog):
    source = Source()
    look_ups = LookUps(LookUp("test", source))
    assert told(look_ups) == {"eduhu_test_number": 7, "eduhu_lookup_up": 1}
    assert told(look_ups)["eduhu_test_number"] == 7
    assert source.asked == 1
    monkeypatch.setattr("monitoring.metrics.lookups.KEPT_SECONDS", 0)
    source.is_away = True
    assert told(look_ups) == {"eduhu_test_number": 7, "eduhu_lookup_up": 0}
    monkeypatch.setattr("monitoring.metrics.lookups.FORGOTTEN_SECONDS", 0)
    assert told(look_ups) == {"eduhu_lookup_up": 0}
    assert "secret" not in caplog.text
