from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


def is_postgresql(schema_editor):
    return schema_editor.connection.vendor == 'postgresql'


class AddIndex(AddIndexConcurrently):
    """Concurrently where the database can."""

    def database_forwards(self, app_label, schema_editor, *states):
        kind = AddIndexConcurrently if is_postgresql(schema_editor) else migrations.AddIndex
        kind.database_forwards(self, app_label, schema_editor, *states)

    def database_backwards(self, app_label, schema_editor, *states):
        kind = AddIndexConcurrently if is_postgresql(schema_editor) else migrations.AddIndex
        kind.database_backwards(self, app_label, schema_editor, *states)


class RemoveIndex(RemoveIndexConcurrently):
    """Concurrently where the database can."""

    def database_forwards(self, app_label, schema_editor, *states):
        kind = RemoveIndexConcurrently if is_postgresql(schema_editor) else migrations.RemoveIndex
        kind.database_forwards(self, app_label, schema_editor, *states)

    def database_backwards(self, app_label, schema_editor, *states):
        kind = RemoveIndexConcurrently if is_postgresql(schema_editor) else migrations.RemoveIndex
        kind.database_backwards(self, app_label, schema_editor, *states)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('mirror', '0004_foreign_rows'),
    ]

    operations = [
        RemoveIndex(
            model_name='outboxentry',
            name='mirror_outbox_parked',
        ),
        AddIndex(
            model_name='outboxentry',
            index=models.Index(fields=['table', 'row_id'], name='mirror_outbox_row'),
        ),
        AddIndex(
            model_name='outboxentry',
            index=models.Index(condition=models.Q(('parked_at', None)), fields=['id'], name='mirror_outbox_waiting'),
        ),
        AddIndex(
            model_name='outboxentry',
            index=models.Index(condition=models.Q(('parked_at__isnull', False)), fields=['id'], name='mirror_outbox_parked'),
        ),
    ]
