"""A bundle for support: how this installation is made and how it fares, and nobody's data.

Everything in it is a number, a name of ours, or a setting that says nothing; titles,
messages, names, addresses and reasons that people wrote are not asked for. What is left
passes through `cleaned`, which takes out secrets and addresses whatever wrote them.
"""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from importlib.metadata import distributions
from platform import platform, python_version
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django_celery_beat.models import PeriodicTask

from eduhu.db import now
from monitoring.alerts.models import Alert, ProcessSample, Silence
from monitoring.console import logsearch, series
from monitoring.console.logsearch import Wanted
from monitoring.console.models import TaskFailure, this_minute
from monitoring.console.secrets import without_addresses, without_secrets
from monitoring.console.settings_shown import settings_shown
from monitoring.console.table_sizes import table_sizes
from monitoring.health.checks import migrations_on_disk
from monitoring.health.dependencies import dependencies
from monitoring.health.models import Sign
from monitoring.health.watch import Checker
from monitoring.metrics import exposition

LOG_LINES = 5000
ROWS = 500
UNTOLD = ("teacher",)  # of a line: a pseudonym is personal data, too

README = """\
A bundle for support of eduhu, made {moment}.

versions.json     what is installed
settings.json     settings; secrets and addresses only as set or not
doctor.txt        what eduhu depends on, asked just now
health.json       signs of life, processes and what they measured last
metrics.txt       all metrics, as Prometheus reads them
minutes.json      what the charts show, minute by minute
migrations.json   which are applied
alerts.json       the last alerts, and what is silenced, without reasons
tasks.json        scheduled work and failed tasks
tables.json       how many rows each table has
log.jsonl         the last lines of the log, newest first

It holds no names, addresses, titles, messages or secrets. Ids of requests, replies and
tasks lead to people only for who has the database.
"""


def bundle() -> bytes:
    """Return a zip. A part that cannot be made says why, and keeps no other from being made."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.format(moment=now().isoformat()))
        for name, make in PARTS.items():
            archive.writestr(name, cleaned(_text_of(make)))
    return packed.getvalue()


def cleaned(text: str) -> str:
    """Return a text without secrets of the settings and without addresses."""
    return without_addresses(without_secrets(text))


def _text_of(make: Callable[[], Any]) -> str:
    try:
        made = make()
    except Exception as error:  # noqa: BLE001 (the edge of a part: who needs help has something broken)
        return f"cannot be told: {type(error).__name__}\n"
    if isinstance(made, str):
        return made
    return json.dumps(made, indent=1, default=str, ensure_ascii=False) + "\n"


def _versions() -> Any:
    with connection.cursor() as cursor:
        is_postgresql = connection.vendor == "postgresql"
        cursor.execute("SHOW server_version" if is_postgresql else "SELECT sqlite_version()")
        [server] = cursor.fetchone()
    return {
        "eduhu": settings.SPECTACULAR_SETTINGS["VERSION"],
        "python": python_version(),
        "platform": platform(),
        "database": f"{connection.vendor} {server}",
        "packages": dict(sorted((each.name, each.version) for each in distributions())),
    }


def _doctor() -> str:
    results = asyncio.run(Checker(dependencies()).run())
    return "".join(
        f"{'ok    ' if each.is_ok else 'FAILED'} {each.name:<13} {each.seconds * 1000:6.0f} ms"
        f"  {each.reason}\n"
        for each in results
    )


def _health() -> Any:
    fields = ("name", "is_ok", "seconds", "reason", "seen_at")
    processes = ProcessSample.objects.order_by("name").values("name", "seen_at", "numbers")
    return {
        "signs": list(Sign.objects.order_by("name").values(*fields)),
        "processes": list(processes[:ROWS]),
    }


def _minutes() -> Any:
    return series.read(this_minute() - series.KEPT_MINUTES)


def _migrations() -> Any:
    rows = MigrationRecorder(connection).migration_qs.order_by("id")
    applied = list(rows.values("app", "name", "applied"))
    known = {(each["app"], each["name"]) for each in applied}
    return {"missing": sorted(migrations_on_disk() - known), "applied": applied}


def _alerts() -> Any:
    told = ("rule", "subject", "detail", "begun_at", "seen_at", "told_at", "resolved_at")
    return {
        "alerts": list(Alert.objects.order_by("-id").values(*told)[:ROWS]),
        "silences": list(Silence.objects.order_by("-id").values("rule", "subject", "until")[:ROWS]),
    }


def _tasks() -> Any:
    work = PeriodicTask.objects.order_by("name")
    failed = TaskFailure.objects.order_by("-id")
    failure = ("task", "task_id", "error", "place", "failed_at", "rerun_at")
    return {
        "scheduled": list(work.values("name", "task", "enabled", "last_run_at", "total_run_count")),
        "failed": list(failed.values(*failure)[:ROWS]),
    }


def _log() -> str:
    lines = logsearch.search(Wanted(), LOG_LINES)
    kept = [{name: v for name, v in line.items() if name not in UNTOLD} for line in lines]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept)


PARTS: dict[str, Callable[[], Any]] = {
    "versions.json": _versions,
    "settings.json": lambda: settings_shown(settings),
    "doctor.txt": _doctor,
    "health.json": _health,
    "metrics.txt": lambda: exposition.text().decode(),
    "minutes.json": _minutes,
    "migrations.json": _migrations,
    "alerts.json": _alerts,
    "tasks.json": _tasks,
    "tables.json": table_sizes,
    "log.jsonl": _log,
}
