"""`manage.py tag_topics --stdin`: what messages are about, for programs. It needs no database."""

import sys
from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand

from chats.tagging.tagger import Tags, tag


class Command(BaseCommand):
    help = "Read a message a line, and print a JSON object a line with its topics, in order."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--stdin", action="store_true", required=True, help="read from standard input (UTF-8)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        output = sys.stdout.buffer
        for line in sys.stdin.buffer:
            message = line.decode(errors="replace").rstrip("\r\n")
            [tags] = tag([message])
            output.write(orjson.dumps(shown(tags)) + b"\n")
            output.flush()  # whoever asks may wait for this answer before the next question


def shown(tags: Tags) -> dict[str, Any]:
    """Return what is printed of a message."""
    return {
        "topic": tags.topic,
        "topics": list(tags.topics),
        "confidence": tags.confidence,
        "source": tags.source,
        "version": tags.version,
    }
