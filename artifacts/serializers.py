"""The shapes of artifacts in the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from artifacts.changes import PATH_MAX
from artifacts.documents import CONTENT_MAX
from artifacts.exports import FORMATS
from artifacts.kinds import KINDS, TEXT
from artifacts.models import TITLE_MAX, ArtifactType
from eduhu.fields import IdField

Data = dict[str, Any]  # validated input
KIND_NAMES = (TEXT, *KINDS)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": CONTENT_MAX},
            {"type": "object", "additionalProperties": {}},
        ],
        "description": "Markdown, or a document as the schema of its kind says.",
    }
)
class ContentField(serializers.CharField):
    """Text as it was written, or a document."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Let objects through: the schema of their kind judges them."""
        return data if isinstance(data, dict) else super().run_validation(data)

    def to_representation(self, value: Any) -> Any:
        """Show either as it is."""
        return value


class ArtifactInput(serializers.Serializer[Data]):
    """What a client sends to store an artifact."""

    id = IdField(required=False)
    chat_id = IdField(required=False, allow_null=True)
    message_id = IdField(required=False, allow_null=True)
    title = serializers.CharField(max_length=TITLE_MAX)
    content = ContentField(max_length=CONTENT_MAX, trim_whitespace=False)
    artifact_type = serializers.ChoiceField(
        required=False,
        choices=ArtifactType.choices,
        help_text="Needed for text; a document's kind says it.",
    )


class PatchStep(serializers.Serializer[Data]):
    """One step of a JSON Patch (RFC 6902)."""

    op = serializers.ChoiceField(choices=["add", "remove", "replace"])
    path = serializers.RegexField(
        r"^(/[^/]*)+$", max_length=PATH_MAX, help_text="A JSON pointer, such as /tasks/1/text."
    )
    value = serializers.JSONField(required=False, default=None)


class ArtifactChanges(serializers.Serializer[Data]):
    """What a client may change."""

    title = serializers.CharField(required=False, max_length=TITLE_MAX)
    content = ContentField(required=False, max_length=CONTENT_MAX, trim_whitespace=False)
    patch = serializers.ListField(
        child=PatchStep(),
        required=False,
        max_length=100,
        help_text="Changes parts of a document alone.",
    )

    def validate(self, attrs: Data) -> Data:
        """Refuse two words about the content."""
        if "content" in attrs and "patch" in attrs:
            raise serializers.ValidationError({"patch": [_("Send either content or patch.")]})
        return attrs


class RestoreInput(serializers.Serializer[Data]):
    """Which revision is wanted back."""

    revision = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class DiffQuery(serializers.Serializer[Data]):
    """Which two revisions are compared; `to` is the current one unless it is given."""

    to = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is no name in Python."""
        one = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
        return {"from": one, **super().get_fields()}


class PreviewQuery(serializers.Serializer[Data]):
    """For whom an artifact is shown."""

    edition = serializers.ChoiceField(
        choices=["teacher", "pupil"],
        default="teacher",
        help_text="The pupils' edition has no answers.",
    )


class PreviewOutput(serializers.Serializer[Data]):
    """What an artifact looks like on paper, as Markdown."""

    revision = serializers.IntegerField()
    is_ai_made = serializers.BooleanField()
    markdown = serializers.CharField()


class ExportQuery(PreviewQuery):
    """What kind of file is wanted."""

    format = serializers.ChoiceField(choices=list(FORMATS))


class ArtifactFilter(serializers.Serializer[Data]):
    """What a list may be narrowed to."""

    artifact_type = serializers.ChoiceField(required=False, choices=ArtifactType.choices)
    kind = serializers.ChoiceField(required=False, choices=KIND_NAMES)
    chat_id = IdField(required=False)


class ArtifactOutput(serializers.Serializer[Data]):
    """An artifact; times are milliseconds since 1970."""

    id = serializers.UUIDField()
    chat_id = serializers.UUIDField(allow_null=True)
    message_id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    content = ContentField()
    kind = serializers.ChoiceField(choices=KIND_NAMES)
    artifact_type = serializers.ChoiceField(choices=ArtifactType.choices)
    created_at = serializers.IntegerField()
    changed_at = serializers.IntegerField(allow_null=True)
    revision = serializers.IntegerField(help_text="Counts changes; the ETag is this in quotes.")
    teacher_id = serializers.UUIDField()


class ArtifactPage(serializers.Serializer[Data]):
    """A page of artifacts, newest first."""

    results = ArtifactOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The URL of the next page.")


class ChangeOutput(serializers.Serializer[Data]):
    """One part that is different: where, how, and its value before and after."""

    path = serializers.CharField(help_text="A JSON pointer; /title, /content or a part of it.")
    change = serializers.ChoiceField(choices=["added", "removed", "changed", "moved"])
    before = serializers.JSONField()
    after = serializers.JSONField()


class ArtifactChanged(ArtifactOutput):
    """An artifact, and what is different from before."""

    changes = ChangeOutput(many=True)


class DiffOutput(serializers.Serializer[Data]):
    """What is different between two revisions."""

    changes = ChangeOutput(many=True)


class VersionSummary(serializers.Serializer[Data]):
    """What an artifact is or was, in brief; `created_at` is when it became that."""

    revision = serializers.IntegerField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_NAMES)
    created_at = serializers.IntegerField()


class VersionList(serializers.Serializer[Data]):
    """The versions of an artifact, newest first; the first is the current one."""

    results = VersionSummary(many=True)


class VersionOutput(VersionSummary):
    """What an artifact is or was."""

    content = ContentField()


class KindOutput(serializers.Serializer[Data]):
    """A kind of material: what its documents hold."""

    name = serializers.CharField()
    display_name = serializers.CharField()
    artifact_type = serializers.ChoiceField(choices=ArtifactType.choices)
    risk = serializers.ChoiceField(
        choices=["minimal", "limited"], help_text="In the sense of the EU's AI Act."
    )
    version = serializers.IntegerField()
    schema = serializers.DictField(help_text="JSON schema, draft 2020-12.")


class KindList(serializers.Serializer[Data]):
    """All kinds."""

    results = KindOutput(many=True)
