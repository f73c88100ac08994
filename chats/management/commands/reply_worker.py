"""`manage.py reply_worker`: writes replies, as a process of its own."""

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chats.replies import engine
from eduhu.cache.lives import Life
from eduhu.companions import Companions
from eduhu.environments import refuse_foreign_data
from eduhu.memory import keep_what_is_loaded
from eduhu.metrics import sampler

DRAIN_SECONDS = 10


class Command(BaseCommand):
    help = "Write replies; needs REDIS_URL. Ends within 20 seconds of SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError(
                "reply_worker needs REDIS_URL: without Redis the web process writes the replies."
            )
        self.check(tags=["security"])
        refuse_foreign_data()
        with Companions("replies"):
            asyncio.run(_work())


async def _work() -> None:
    stopped = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    life = Life()
    life.start()
    engine.start(has_worker=True)
    sampler.begin("replies")
    keep_what_is_loaded()
    await stopped.wait()
    await engine.stop(drain_seconds=DRAIN_SECONDS)
    await life.stop()
