"""What is looked up for `/metrics`: queues, mirror, replies, Redis, disk, health."""

import shutil
from math import inf
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count
from kombu import Connection
from prometheus_client.metrics_core import Metric

from chats.models import Reply, ReplyState
from eduhu.celery import app
from eduhu.db import give_back_connection
from eduhu.mirror.status import measure
from eduhu.named_queries import named_query
from monitoring.health.models import CELERY, PROBE, Sign
from monitoring.metrics.lookups import LookUp, LookUps, gauge, number

REDIS_SECONDS = 0.5


def queues() -> list[Metric]:
    """Return how many tasks wait in each queue, as the broker tells."""
    waiting = gauge("queue_tasks", "Celery tasks that wait.", ("queue",))
    with app.connection_for_read(connect_timeout=1) as connection:
        for name in app.amqp.queues:
            waiting.add_metric((name,), _length(connection.channel(), name, connection))
    return [waiting]


def _length(channel: Any, queue: str, connection: Connection) -> int:
    """Return how many messages wait; nobody has declared the queue of a new installation."""
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except connection.channel_errors:
        return 0


def mirror() -> list[Metric]:
    """Return how the mirror fares."""
    try:
        status = measure()
    finally:
        give_back_connection()
    return [
        number("mirror_on", "Whether changes are mirrored.", status.is_on),
        number("mirror_led", "Whether a drain says that it lives.", status.is_led),
        number("mirror_paused", "Whether a person paused the mirror.", status.is_paused),
        number("mirror_closed", "Whether InstantDB takes nothing.", status.state.is_closed),
        number("mirror_lag_seconds", "Age of the oldest entry that waits.", status.lag),
        number("mirror_waiting_entries", "Entries that wait.", status.depth),
        number("mirror_parked_entries", "Entries that InstantDB refused.", status.parked),
        number("mirror_rows_last_hour", "Rows sent in 60 minutes.", status.rows_last_hour),
    ]


@named_query("metrics.live_replies")
def live_replies() -> list[Metric]:
    """Return how many replies wait and are being written."""
    try:
        counted = Reply.objects.live().order_by().values_list("state").annotate(Count("pk"))
        numbers = dict(counted)
    finally:
        give_back_connection()
    live = gauge("replies_live", "Replies that have not ended, by state.", ("state",))
    for state in (ReplyState.QUEUED, ReplyState.STREAMING):
        live.add_metric((state.value,), numbers.get(state.value, 0))
    return [live]


@named_query("metrics.signs")
def signs() -> list[Metric]:
    """Return how long Celery has been silent, and how the last probes went."""
    try:
        found = list(Sign.objects.order_by("name"))
    finally:
        give_back_connection()
    ages = [sign.age.total_seconds() for sign in found if sign.name == CELERY]
    up = gauge("probe_up", "Whether the last probe went well.", ("endpoint",))
    seconds = gauge("probe_seconds", "How long it took.", ("endpoint",))
    age = gauge("probe_age_seconds", "How long ago it was.", ("endpoint",))
    for sign in found:
        if sign.name.startswith(PROBE):
            endpoint = (sign.name.removeprefix(PROBE),)
            up.add_metric(endpoint, sign.is_ok)
            seconds.add_metric(endpoint, sign.seconds)
            age.add_metric(endpoint, sign.age.total_seconds())
    silence = number("celery_silence_seconds", "Since a task last ran.", ages[0] if ages else inf)
    return [silence, up, seconds, age]


def redis_memory() -> list[Metric]:
    """Return how much memory Redis uses."""
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    with redis.Redis.from_url(settings.REDIS_URL, **options) as client:
        told = client.info("memory")
    return [
        number("redis_memory_bytes", "Memory that Redis uses.", told["used_memory"]),
        number("redis_memory_limit_bytes", "Its limit; 0: none.", told.get("maxmemory", 0)),
    ]


def disk() -> list[Metric]:
    """Return how full the disk of the data folder is."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    space = gauge("disk_bytes", "The disk of EDUHU_DATA_DIR.", ("state",))
    space.add_metric(("total",), usage.total)
    space.add_metric(("free",), usage.free)
    return [space]


def _sources() -> list[LookUp]:
    sources = {
        "queues": queues,
        "mirror": mirror,
        "replies": live_replies,
        "signs": signs,
        "disk": disk,
    }
    if settings.REDIS_URL:
        sources["redis"] = redis_memory
    return [LookUp(name, ask) for name, ask in sources.items()]


LOOK_UPS = LookUps(*_sources())
