"""`manage.py train_topics`: learn again what messages are about, after a change of the seeds."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Learn the weights of the topic tagger from the seeds in chats/tagging/seeds."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        from chats.tagging.training import train  # brings numpy

        learnt = train()
        self.stdout.write(
            f"{learnt.accuracy:.1%} of unseen seeds are right; {learnt.share_sure:.0%} are sure"
            f" (from {learnt.sure:.2f})"
        )
