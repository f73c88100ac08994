"""Rows filled some at a time, each time in a transaction of its own; may be run again."""

from django.db import migrations

ROWS = 5000


def fill(apps, editor):
    chats = apps.get_model("chats", "Chat").objects.using(editor.connection.alias)
    while ids := list(chats.filter(rehearsal_rank=0).values_list("pk", flat=True)[:ROWS]):
        chats.filter(pk__in=ids).update(rehearsal_rank=1)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chats", "9002_index")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
