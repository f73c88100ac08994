"""Who is asking."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class TeachersConfig(AppConfig):
    name = "teachers"
    verbose_name = _("Teachers")

    def ready(self) -> None:
        from eduhu import events
        from eduhu.cache import warming
        from eduhu.mirror import capture, people
        from eduhu.mirror.backup import tables
        from teachers import schema  # noqa: F401 (registers itself)
        from teachers.backup import ACCOUNTS, PREFERENCES
        from teachers.cached import warm_up, watch_writes
        from teachers.queries import mirrored_preferences, preferences_row
        from teachers.tokens import forget_changed

        watch_writes()
        warming.foresee(warm_up)
        post_save.connect(forget_changed, sender=self.get_model("Teacher"))
        post_delete.connect(forget_changed, sender="knox.AuthToken")
        post_delete.connect(people.forget_deleted, sender=self.get_model("Teacher"))
        events.register_table("teacher_preferences", preferences_row)
        preferences = self.get_model("TeacherPreferences")
        capture.register(capture.Source(preferences, mirrored_preferences, "updated_at"))
        tables.register_accounts(ACCOUNTS)
        tables.register(PREFERENCES)
