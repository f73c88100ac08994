"""The shapes of artifacts in the API."""

from typing import Any

from rest_framework import serializers

from artifacts.models import TITLE_MAX, ArtifactType
from eduhu.fields import IdField

Data = dict[str, Any]  # validated input
CONTENT_MAX = 500_000  # characters; a long exam with solutions has about 30,000


class ArtifactInput(serializers.Serializer[Data]):
    """What a client sends to store an artifact."""

    id = IdField(required=False)
    chat_id = IdField(required=False, allow_null=True)
    message_id = IdField(required=False, allow_null=True)
    title = serializers.CharField(max_length=TITLE_MAX)
    content = serializers.CharField(max_length=CONTENT_MAX, trim_whitespace=False)
    artifact_type = serializers.ChoiceField(choices=ArtifactType.choices)


class ArtifactChanges(serializers.Serializer[Data]):
    """What a client may change."""

    title = serializers.CharField(required=False, max_length=TITLE_MAX)
    content = serializers.CharField(required=False, max_length=CONTENT_MAX, trim_whitespace=False)


class ArtifactFilter(serializers.Serializer[Data]):
    """What a list may be narrowed to."""

    artifact_type = serializers.ChoiceField(required=False, choices=ArtifactType.choices)
    chat_id = IdField(required=False)


class ArtifactOutput(serializers.Serializer[Data]):
    """An artifact; `created_at` is milliseconds since 1970."""

    id = serializers.UUIDField()
    chat_id = serializers.UUIDField(allow_null=True)
    message_id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    content = serializers.CharField()
    artifact_type = serializers.ChoiceField(choices=ArtifactType.choices)
    created_at = serializers.IntegerField()
    teacher_id = serializers.UUIDField()


class ArtifactPage(serializers.Serializer[Data]):
    """A page of artifacts, newest first."""

    results = ArtifactOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The URL of the next page.")
