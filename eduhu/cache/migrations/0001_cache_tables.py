from django.db import migrations, models

import eduhu.db


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CacheInvalidation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scopes", models.JSONField()),
                ("created_at", eduhu.db.MillisecondField(default=eduhu.db.now)),
            ],
            options={"db_table": "cache_invalidation"},
        ),
        migrations.CreateModel(
            name="CacheCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("content", models.CharField(max_length=40)),
                ("memory_hits", models.BigIntegerField(default=0)),
                ("shared_hits", models.BigIntegerField(default=0)),
                ("misses", models.BigIntegerField(default=0)),
                ("evictions", models.BigIntegerField(default=0)),
                ("loads", models.BigIntegerField(default=0)),
                ("load_ms", models.FloatField(default=0)),
            ],
            options={
                "db_table": "cache_counts",
                "constraints": [models.UniqueConstraint(fields=("day", "content"), name="cache_counts_once_a_day")],
            },
        ),
    ]
