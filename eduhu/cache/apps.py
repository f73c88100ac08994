"""The cache tiers as an app: their tables, and the seam at which they see writes."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CacheConfig(AppConfig):
    name = "eduhu.cache"
    label = "cache"

    def ready(self) -> None:
        from eduhu import writes
        from eduhu.cache import invalidation, watch

        writes.observe(watch.OBSERVER)
        # What older code has stored may have another shape.
        post_migrate.connect(invalidation.forget_everything, sender=self)
