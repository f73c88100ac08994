"""A long export may be of one artifact; its model gets a name that no other has.

The table stays `exports`, so that the code before this goes on working.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exporting", "0001_exports")]

    operations = [
        migrations.RenameModel("Export", "LongExport"),
        migrations.AlterField("longexport", "collection_id", models.UUIDField(null=True)),
        migrations.AddField("longexport", "artifact_id", models.UUIDField(null=True)),
        migrations.AddField("longexport", "revision", models.PositiveIntegerField(null=True)),
    ]
