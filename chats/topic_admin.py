"""Topics in the admin: where teachers knew better, and what was not understood."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chats.models import Message, TopicCorrection, TopicFailure
from chats.tagging import failures
from eduhu.admin import ReadOnlyAdmin, clock, label, row_link, short_id


@admin.register(TopicCorrection)
class TopicCorrectionAdmin(ReadOnlyAdmin):
    """How often teachers knew better, by what was said and who said it."""

    list_display = ("said", "chosen", "source", "version", "number")
    list_filter = ("source",)
    ordering = ("-number",)
    sortable_by = ("number",)


@admin.register(TopicFailure)
class TopicFailureAdmin(ReadOnlyAdmin):
    """Questions without topics, and why; those that are set aside wait for somebody here."""

    list_display = ("question", "state", "attempts", "reason", "failed")
    list_display_links = None
    list_filter = ("reason",)
    ordering = ("-failed_at",)
    sortable_by = ("failed",)
    actions = ("judge_again",)

    def has_judge_permission(self, request: HttpRequest) -> bool:
        """Having one judged is a change, though of no column on the page."""
        return bool(request.user.has_perm("chats.change_topicfailure"))

    @admin.display(description=_("question"))
    def question(self, row: TopicFailure) -> SafeString | None:
        """Lead to the message."""
        return row_link(Message, row.pk, short_id(row.pk))

    @admin.display(description=_("state"))
    def state(self, row: TopicFailure) -> SafeString:
        """Whether it is tried again by itself."""
        if row.attempts >= failures.ATTEMPTS_MAX:
            return label(_("set aside"), "danger")
        return label(_("is tried again"), "warning")

    @admin.display(description=_("last attempt"), ordering="failed_at")
    def failed(self, row: TopicFailure) -> str:
        """When it was tried last."""
        return clock(row.failed_at)

    @admin.action(description=_("Judge again"), permissions=["judge"])
    def judge_again(self, request: HttpRequest, queryset: QuerySet[TopicFailure]) -> None:
        """Let the chosen questions wait for their topics again."""
        rows = list(queryset)
        number = failures.judge_again(message_ids=[row.pk for row in rows])
        for row in rows:
            self.log_change(request, row, str(_("Judged again.")))
        text = ngettext(
            "%(number)d question waits again.", "%(number)d questions wait again.", number
        )
        self.message_user(request, text % {"number": number}, messages.SUCCESS)
