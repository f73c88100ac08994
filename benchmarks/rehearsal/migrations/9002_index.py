"""An index that is made beside the writers, outside a transaction."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chats", "9001_columns")]

    operations = [
        AddIndexConcurrently(
            "message", models.Index(fields=["token_count"], name="rehearsal_of_messages")
        ),
    ]
