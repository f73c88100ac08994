"""A database with rows and triggers is brought to a new version, not only an empty one."""

import pytest
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection

from artifacts.models import Artifact
from chats.models import Chat, Message, Reply
from tests.factories import make_chat, make_messages

__test__ = not settings.DATABASE_IS_POSTGRESQL  # there, tables are changed in place
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"


def everything():
    with connection.cursor() as cursor:
        triggers = cursor.execute(TRIGGERS).fetchall()
    rows = [list(each.objects.order_by("pk").values()) for each in (Chat, Message, Artifact)]
    return rows, triggers


@pytest.mark.django_db(transaction=True)
@pytest.mark.claim(117)
@pytest.mark.parametrize("model", [Chat, Message, Reply, Artifact])
def test_a_table_is_remade_beside_the_triggers_of_others(teacher, model):
    chat = make_chat(teacher)
    [_question, answer] = make_messages(chat, 2)
    Artifact.objects.create(
        teacher=teacher, chat=chat, message=answer, title="Kürzen", artifact_type="worksheet"
    )
    before = everything()
    assert before[1]
    with connection.schema_editor() as editor:
        editor._remake_table(model)  # what Django does for most changes of a column
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")  # brings them back
    assert everything() == before
