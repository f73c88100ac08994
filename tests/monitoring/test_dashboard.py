"""The dashboard shows what was measured, leads to the rows behind it, and renews itself."""

import datetime as dt
import re

import pytest
import time_machine
from django.urls import reverse

from chats.models import Reply
from chats.replies.metrics import COST, REPLIES, TOKENS
from eduhu import metrics
from eduhu.cache.models import CacheCount
from eduhu.metrics.requests import request_done
from monitoring.alerts.models import Alert
from monitoring.console import series
from monitoring.console.charts import path
from monitoring.console.counted import BUCKETS, percentile
from monitoring.console.models import Measurement, this_minute
from tests.admin import page, queries_of, staff_client
from tests.factories import make_chat, make_messages

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 12, 0, 30, tzinfo=dt.UTC)
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def live(client, **query):
    answer = client.get(reverse("admin:console_live", query=query), headers=ENGLISH)
    assert answer.status_code == 200
    return answer.json()


def tiles_of(told):
    return {tile["name"]: tile for tile in told["tiles"]}


def use(requests=20, failures=1, seconds=0.04):
    """What a minute of use counts, as the product counts it."""
    for number in range(requests):
        request_done("chats", "GET", 500 if number < failures else 200, seconds)
    REPLIES.of("dashboard", "complete", "none").inc(3)
    REPLIES.of("dashboard", "failed", "provider_timeout").inc()
    TOKENS.of("dashboard", "prompt").inc(1200)
    COST.of("dashboard").inc(0.5)
    metrics.CACHE_READS.of("chats", "memory").inc(8)
    metrics.CACHE_READS.of("chats", "database").inc(2)


@pytest.fixture
def measured(clock, settings):
    """Two processes have reported, a minute ago and now."""
    settings.AI_PRICES = {"dashboard": (1.0, 1.0)}
    first, second = series.Reporter("web@a:1"), series.Reporter("web@b:2")
    use()
    first.report(is_ours=True)
    second._told = first._told  # it has counted nothing of its own
    clock.shift(60)
    metrics.STREAMS_OPEN.of("chat").inc(4)
    first.report(is_ours=False)
    second.report(is_ours=True)
    metrics.STREAMS_OPEN.of("chat").dec(4)


def test_it_shows_what_all_processes_have_counted(measured):
    tiles = tiles_of(live(staff_client()))
    values = {name: tile["value"] for name, tile in tiles.items()}
    assert 25 < int(values.pop("latency").split()[0]) <= 50  # the bounds of the bucket
    assert values == {
        "errors": "5.0\xa0%",
        "streams": "8",
        "troubles": "1",
        "tokens": "1,200",
        "cost": "0.5000",
        "cache": "80.0\xa0%",
        "lag": "–",
        "alerts": "0",
    }
    assert tiles["errors"]["is_bad"]
    assert tiles["tokens"]["top"] == "max. 1,200"
    assert tiles["tokens"]["summary"] == "Tokens: 1,200 (last hour), at most 1,200"
    assert tiles["lag"]["note"] == "nothing is mirrored"


def test_nothing_is_counted_twice_and_what_was_not_stored_comes_later(clock, monkeypatch):
    reporter = series.Reporter("web@a:1")
    use()
    with monkeypatch.context() as patch:
        patch.setattr(series, "write", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reporter.report(is_ours=False)
    reporter.report(is_ours=False)
    reporter.report(is_ours=False)
    numbers = Measurement.objects.get().numbers
    assert (numbers["requests"], numbers["tokens"], sum(numbers["latency"])) == (20, 1200, 20)


def test_a_restart_goes_on_where_the_last_process_ended(clock):
    for name in ("web@a:1", "web@a:2"):
        reporter = series.Reporter(name)
        use(requests=10)
        reporter.report(is_ours=False)
    assert Measurement.objects.get().numbers["requests"] == 20


def test_a_process_that_ends_leaves_its_counts_and_no_streams(measured, clock):
    reporter = series.Reporter("web@a:1")
    use(requests=7)
    reporter.leave()
    tiles = tiles_of(live(staff_client()))
    assert tiles["streams"]["value"] == "4"
    assert Measurement.objects.get(pk=this_minute()).numbers["requests"] == 7


def test_machines_and_staff_are_left_out_of_response_times(clock):
    reporter = series.Reporter("web@a:1")
    for route in ("metrics", "health-ready", "static", "admin:index"):
        request_done(route, "GET", 200, 9.0)
    reporter.report(is_ours=False)
    assert Measurement.objects.get().numbers["requests"] == 0


def test_what_is_old_goes(clock):
    Measurement.objects.create(minute=this_minute() - series.KEPT_MINUTES - 1)
    kept = Measurement.objects.create(minute=this_minute() - series.KEPT_MINUTES + 1)
    series.Reporter("web@a:1").report(is_ours=False)
    assert set(Measurement.objects.values_list("pk", flat=True)) == {kept.pk, this_minute()}


def test_numbers_of_another_release_do_no_harm(clock):
    Measurement.objects.create(minute=this_minute() - 1, numbers={"latency": [1], "unknown": 3})
    Measurement.objects.create(minute=this_minute() - 2, numbers={})
    assert tiles_of(live(staff_client()))["latency"]["value"] == "–"


@pytest.mark.parametrize("wanted", ["1h", "24h", "nonsense"])
def test_each_range_has_its_lines(measured, clock, wanted):
    clock.shift(60)
    told = live(staff_client(), range=wanted)
    tiles = tiles_of(told)
    assert told["range"] == ("24h" if wanted == "24h" else "1h")
    assert all(re.fullmatch(r"([ML][\d.]+ [\d.]+(h0)?)+", d) for d in tiles["streams"]["lines"])
    assert len(tiles["latency"]["lines"]) == 2
    assert tiles["lag"]["lines"] == [""]


def test_a_line_has_gaps_where_nobody_measured():
    assert path([None, None], 1) == ""
    assert path([1, 1, None, 0], 1).count("M") == 2


def test_percentiles_lie_within_their_bucket():
    counts = [0.0] * len(BUCKETS)
    assert percentile(counts, 0.5) is None
    counts[3] = 10  # 25 to 50 ms
    assert percentile(counts, 0.5) == pytest.approx(0.0375, abs=0.03)
    counts[-1] = 1000  # beyond the last bound
    assert percentile(counts, 0.5) == metrics.REQUEST[-1]
    assert percentile([], 0.5) is None


def test_a_new_installation_says_that_nothing_is_measured(settings):
    client = staff_client()
    text = client.get(reverse("admin:index"), headers=ENGLISH).text
    assert "Nothing is measured yet." in text
    assert "Noch ist nichts gemessen." in client.get(reverse("admin:index")).text
    settings.METRICS = "off"
    assert "METRICS is off" in live(client)["notice"]


def test_every_tile_leads_to_rows(measured, teacher):
    client = staff_client()
    told = live(client)
    urls = [tile["url"] for tile in told["tiles"]] + [t["url"] for t in told["topics"]]
    for url in filter(None, urls):
        assert client.get(url).status_code == 200, url
    assert all(tile["url"] for tile in told["tiles"])
    tiles = tiles_of(told)
    assert tiles["alerts"]["url"] == page(Alert, state="open")
    assert tiles["troubles"]["url"] == page(Reply, state__in="failed,interrupted", since="1h")
    assert tiles["cache"]["url"] == page(CacheCount)


def test_topics_count_the_chats_of_the_day(teacher):
    for topic in ("assessment", "assessment", None, "of an earlier release"):
        make_messages(make_chat(teacher, topic_category=topic), 3)
    make_messages(make_chat(teacher, topic_category="curriculum"), 3, start=NOON.replace(year=2020))
    counts = {each["code"]: each["count"] for each in live(staff_client())["topics"]}
    assert {code: n for code, n in counts.items() if n} == {"assessment": 2, "": 2}


def test_links_are_for_who_may_follow_them_and_numbers_for_who_may_see_them(measured):
    helper = staff_client("console.view_measurement", "chats.view_reply", is_superuser=False)
    tiles = tiles_of(live(helper))
    assert tiles["tokens"]["url"]
    assert not tiles["alerts"]["url"]
    other = staff_client("chats.view_chat", is_superuser=False)
    assert other.get(reverse("admin:console_live")).status_code == 403
    assert "console-tile" not in other.get(reverse("admin:index")).text
    assert staff_client(is_superuser=False).get(page(Measurement)).status_code == 403


def test_strangers_are_sent_to_sign_in(client):
    assert client.get(reverse("admin:console_live")).status_code == 302


def test_the_page_can_be_read_without_seeing_it(measured):
    text = staff_client().get(reverse("admin:index"), headers=ENGLISH).text
    assert 'role="img" aria-label="Tokens: 1,200 (last hour), at most 1,200"' in text
    assert 'aria-label="Range of the charts"' in text
    assert 'aria-current="true">1 hour' in text
    assert "https://" not in text[text.index('id="console"') : text.index("console.js")]


def test_more_rows_take_no_more_queries(measured, teacher):
    client = staff_client()
    url = reverse("admin:console_live")
    queries_of(client, url)
    few = queries_of(client, url)
    for minute in range(this_minute() - 50, this_minute() - 10):
        Measurement.objects.create(minute=minute, numbers={"requests": 1, "failures": 0})
    for number in range(20):
        make_messages(make_chat(teacher, topic_category="assessment"), 2)
        Alert.objects.create(rule="breaker", subject=str(number))
    assert queries_of(client, url) == few <= 5  # session, teacher, minutes, alerts, topics
    assert queries_of(client, reverse("admin:index")) <= 9
