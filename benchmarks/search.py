"""Search at full size: `python -m benchmarks.search`.

Runs on the database of `DATABASE_URL`, which `manage.py seed_load` has filled. What is not
yet searchable is made so first. Teachers are drawn by how much they have written, so that
the busiest are asked most; the words are those of the seed, which stand nearly everywhere.
"""

import argparse
import os
import random
import time
from typing import Any

from benchmarks.measure import between, machine, report, spread

QUESTIONS = (
    "Bruchrechnung", "Aufgaben", "Einstieg Klasse", "Bruch", "Auf", "die Stunde zu", "Loesungen",
    "worksheet", "planning lessons", "photosynthesis", "Erwartungshorizont", "Gruppe Aufgabe löst",
)  # fmt: skip
INSERTS = 200


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--searches", type=between(20, 5000), default=400)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "eduhu.settings"
    import django

    django.setup()
    from django.db import connection

    from artifacts.library.models import SearchEntry
    from chats.models import Message

    if SearchEntry.objects.filter(source="message").count() < Message.objects.count():
        _rebuild()
    numbers = {
        "machine": machine(),
        "database": connection.vendor,
        "messages": Message.objects.count(),
        "search_ms": _searches(options.searches),
        "insert_ms": _inserts(),
    }
    report("search", numbers)


def _rebuild() -> None:
    from django.db import connection

    from artifacts.library.search.rebuild import rebuild

    for _rows in rebuild():
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE search_entries")


def _searches(count: int) -> dict[str, Any]:
    """Return the times of whole searches: found, ranked, read again and marked."""
    from artifacts.library.search.results import search
    from chats.models import Chat

    chance = random.Random(1)
    chats = list(Chat.objects.exclude(teacher=None).select_related("teacher").order_by("?")[:count])
    found, times = 0, []
    for chat in chats:
        question = chance.choice(QUESTIONS)
        started = time.perf_counter()
        hits, _has_more = search(chat.teacher, question)
        times.append(1000 * (time.perf_counter() - started))
        found += bool(hits)
    return {**spread(times), "searches": len(times), "with_hits": found}


def _inserts() -> dict[str, Any]:
    """Return what storing one message costs with and without its words being kept."""
    from django.db import connection, transaction

    from chats.models import Chat, Message

    off = {
        "postgresql": "ALTER TABLE messages DISABLE TRIGGER search_added",
        "sqlite": "DROP TRIGGER search_messages_added",
    }[connection.vendor]
    found = {}
    for name, is_on in (("with", True), ("without", False)):
        with transaction.atomic():
            chat = Chat.objects.exclude(teacher=None).earliest("pk")
            words = Message.objects.earliest("pk").content
            if not is_on:
                with connection.cursor() as cursor:
                    cursor.execute(off)
            times = []
            for _ in range(INSERTS):
                message = Message(chat=chat, role="user", content=words)
                started = time.perf_counter()
                message.save(force_insert=True)
                times.append(1000 * (time.perf_counter() - started))
            found[name] = spread(times, 2)
            transaction.set_rollback(True)
    return {**found, "characters": len(words)}


if __name__ == "__main__":
    main()
