"""Long exports as JSON."""

from typing import Any

from rest_framework import serializers

from artifacts.exporting.models import State
from eduhu.fields import IdField

Data = dict[str, Any]


class ExportInput(serializers.Serializer[Data]):
    """Which collection, and as which files."""

    collection_id = IdField()
    format = serializers.ChoiceField(choices=["docx", "pdf", "md"])
    edition = serializers.ChoiceField(
        required=False, choices=["teacher", "pupil"], default="teacher"
    )


class ExportOutput(serializers.Serializer[Data]):
    """How far a long export is, of a collection or of one artifact.

    `done` of `total` files of an archive, or parts of a file; a total of 0 is not known yet.
    Times are milliseconds since 1970.
    """

    id = serializers.UUIDField()
    collection_id = serializers.UUIDField(allow_null=True)
    artifact_id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    format = serializers.CharField()
    edition = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    error_code = serializers.CharField(allow_blank=True)
    created_at = serializers.IntegerField()
    expires_at = serializers.IntegerField(allow_null=True)


class ExportList(serializers.Serializer[Data]):
    """The newest exports."""

    results = ExportOutput(many=True)
