"""A rule that holds for new rows at once, and is then proven for the old ones."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chats", "9003_backfill")]

    operations = [
        AddConstraintNotValid(
            "chat",
            models.CheckConstraint(
                condition=models.Q(rehearsal_rank__gte=0), name="rehearsal_rank_is_not_negative"
            ),
        ),
        ValidateConstraint("chat", "rehearsal_rank_is_not_negative"),
    ]
