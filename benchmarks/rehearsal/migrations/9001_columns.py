"""Columns before the code that fills them: nullable, or with a default of the database."""

from pkgutil import iter_modules

from django.db import migrations, models

import chats.migrations

NEWEST = max(module.name for module in iter_modules(chats.migrations.__path__))


class Migration(migrations.Migration):
    dependencies = [("chats", NEWEST)]

    operations = [
        migrations.AddField("message", "rehearsal_note", models.TextField(null=True)),
        migrations.AddField("chat", "rehearsal_rank", models.IntegerField(default=0, db_default=0)),
    ]
