"""`manage.py serve`: the web process."""

import asyncio
import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from eduhu.cache.loops import CacheLoops
from eduhu.companions import Companions
from eduhu.environments import refuse_foreign_data
from eduhu.memory import keep_what_is_loaded
from eduhu.metrics import sampler
from eduhu.mirror import capture
from eduhu.mirror.background import Background
from monitoring.health.watch import Watch

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10


class Command(BaseCommand):
    help = "Serve REST, streams and sockets; ends within 20 seconds of SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=["security"])
        refuse_foreign_data()
        # Imported here: the reactor must be chosen before anything else of Twisted is.
        from eduhu.asgi import application
        from eduhu.server import DrainingServer

        loops = Loops()
        server = DrainingServer(
            application=application,
            endpoints=[f"tcp:port={options['port']}:interface={options['host']}"],
            on_start=loops.start,
            on_drain=loops.drain,
            on_stop=loops.stop,
            drain_seconds=DRAIN_SECONDS,
        )
        server.run()
        if server.failed:
            raise CommandError("The server could not start; the log above says why.")


class Loops:
    """What runs in the web process beside requests."""

    def __init__(self) -> None:
        self._caches = CacheLoops()
        self._health = Watch()
        self._celery: Any = None  # an EmbeddedCelery, imported only where it runs
        self._mirror: list[Background] = []
        self._companions = Companions("web")

    async def start(self) -> None:
        """Start the reply loop, the caches, Celery without a broker, the mirror, the watch."""
        from chats.replies import engine

        sampler.begin("web")
        self._caches.start()
        engine.start(has_worker=not settings.REDIS_URL)
        keep_what_is_loaded()
        if settings.EMBEDDED_CELERY:
            from eduhu.celery import EmbeddedCelery

            self._celery = EmbeddedCelery()
            self._celery.start()
        if capture.is_on() and not settings.DATABASE_IS_POSTGRESQL:
            from eduhu.mirror.drain import EmbeddedMirror

            self._mirror.append(EmbeddedMirror())
        for loop in self._mirror:
            loop.start()
        self._health.start()
        self._companions.start()

    async def drain(self) -> None:
        """Send the readers of replies elsewhere, where another process writes these."""
        from chats.replies import engine

        engine.release_readers()

    async def stop(self) -> None:
        """End running replies as interrupted, then the caches, Celery and the mirror."""
        from chats.replies import engine

        await self._health.stop()
        await engine.stop()
        await self._caches.stop()
        if self._celery is not None:
            self._celery.stop()
        for loop in self._mirror:
            loop.stop()
        await asyncio.to_thread(self._companions.stop)
