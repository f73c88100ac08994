"""Whose database this is."""

from django.db import models


class Installation(models.Model):
    """One row, made by the first `migrate`: the environment that the database belongs to."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    environment = models.CharField(max_length=20)

    class Meta:
        db_table = "installation"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="installation_is_one_row")
        ]

    def __str__(self) -> str:
        return self.environment
