"""Artifacts in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from artifacts.actions import update_artifact
from artifacts.insights import admin as teaching  # noqa: F401 (its page registers itself)
from artifacts.kinds import TEXT
from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.admin import OwnedAdmin, changes_of, row_link, short_id
from eduhu.audit.glass import BehindGlass
from teachers.models import Teacher


@admin.register(Artifact)
class ArtifactAdmin(BehindGlass, OwnedAdmin):
    """Material; what staff change goes through the teachers' own action, once it is opened."""

    text_fields = ("title", "content")

    id_fields = ("pk", "chat", "teacher", "message")
    address_field = "teacher__email"
    list_display = ("name", "artifact_type", "kind", "owner", "in_chat", "created")
    list_filter = ("artifact_type", ("teacher", admin.EmptyFieldListFilter))
    list_select_related = ("teacher",)
    search_fields = ("teacher__email",)
    search_help_text = _("Address of the teacher, or id")
    ordering = ("-created_at",)
    sortable_by = ("created",)
    fields = (
        "title", "content", "artifact_type", "kind", "teacher", "in_chat", "from_message",
        "created_at", "changed_at", "revision",
    )  # fmt: skip
    readonly_fields = (
        "artifact_type", "kind", "teacher", "in_chat", "from_message", "created_at", "changed_at",
        "revision",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        """Leave the content in the database until a page shows it."""
        rows: QuerySet[Artifact] = super().get_queryset(request)
        return rows.defer("content")

    def get_readonly_fields(self, request: HttpRequest, obj: Artifact | None = None) -> Any:
        """A document is not mended by hand: its teacher's client knows its schema."""
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "content") if obj is not None and obj.kind != TEXT else fields

    def has_change_permission(self, request: HttpRequest, obj: Artifact | None = None) -> bool:
        """What nobody owns, or is not opened, can only be looked at."""
        if obj is not None and (obj.teacher_id is None or not self.is_open(request, obj)):
            return False
        return bool(super().has_change_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: Artifact, form: Any, change: bool) -> None:
        """Change it as its teacher would."""
        assert obj.teacher is not None
        update_artifact(teacher=obj.teacher, artifact_id=obj.pk, **changes_of(form))

    def glass_of(self, row: Artifact) -> Chat | Artifact:
        """Material of a chat is opened with it."""
        return row.chat or row

    @admin.display(description=_("artifact"))
    def name(self, artifact: Artifact) -> str:
        """The end of its id, without a word of its title."""
        return short_id(artifact.pk)

    @admin.display(description=_("teacher"))
    def owner(self, artifact: Artifact) -> SafeString | None:
        """Lead to the teacher."""
        return row_link(Teacher, artifact.teacher_id, artifact.teacher)

    @admin.display(description=_("chat"))
    def in_chat(self, artifact: Artifact) -> SafeString | None:
        """Lead to the chat."""
        return row_link(Chat, artifact.chat_id, short_id(artifact.chat_id))

    @admin.display(description=_("message"))
    def from_message(self, artifact: Artifact) -> SafeString | None:
        """Lead to the message it came from."""
        return row_link(Message, artifact.message_id, short_id(artifact.message_id))
