"""`manage.py seed_demo`: a first look for newcomers, in development only."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from artifacts.actions import create_artifact
from chats.actions import create_chat
from chats.models import Chat, Message
from teachers.actions import save_preferences
from teachers.models import Teacher

QUESTION = "Ich suche einen Einstieg in die Bruchrechnung für Klasse 6. Was schlagen Sie vor?"
ANSWER = """\
Ein Einstieg, der ohne Vorwissen gelingt, ist das **gerechte Teilen**:

1. Je vier Kinder erhalten drei Papierstreifen und teilen sie gerecht auf.
2. Jede Gruppe zeigt ihren Weg; verschiedene Wege sind erwünscht.
3. Gemeinsam benennen Sie, was entstanden ist: *drei Viertel für jedes Kind*.

Möchten Sie daraus einen Stundenverlauf oder ein Arbeitsblatt?
"""
ARTIFACT = """\
## Aufgaben

1. Male drei Viertel eines Kreises aus. *(AFB I, 2 Punkte)*
2. Erkläre, warum zwei Viertel gleich einem Halben sind. *(AFB II, 4 Punkte)*
3. Erfinde eine Geschichte, in der gerecht geteilt wird. *(AFB III, 4 Punkte)*

Summe: 10 Punkte
"""


class Command(BaseCommand):
    help = "Make demo accounts and one chat when the database is empty (development only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_DEVELOPMENT:
            raise CommandError("Demo accounts exist in development only.")
        with transaction.atomic():
            if not Teacher.objects.exists():
                seed()


def seed() -> None:
    """Store a teacher with a chat and a worksheet, and a member of staff."""
    teacher = Teacher.objects.create_user("demo@eduhu.example", settings.DEMO_PASSWORD, name="Demo")
    Teacher.objects.create_superuser("staff@eduhu.example", settings.DEMO_PASSWORD, name="Staff")
    save_preferences(
        teacher=teacher, changes={"grade_level": "6", "subject_areas": ["Mathematik", "Deutsch"]}
    )
    chat, _created = create_chat(teacher=teacher, title="Einstieg in die Bruchrechnung")
    answer = _converse(chat)
    create_artifact(
        teacher=teacher,
        title="Gerecht teilen: Arbeitsblatt",
        content=ARTIFACT,
        artifact_type="worksheet",
        message_id=answer.pk,
    )


def _converse(chat: Chat) -> Message:
    Message.objects.create(chat=chat, role="user", content=QUESTION)
    return Message.objects.create(chat=chat, role="assistant", content=ANSWER)
