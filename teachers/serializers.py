"""The shapes of accounts and preferences in the API."""

from typing import Any

from rest_framework import serializers

Data = dict[str, Any]  # validated input


class SignInInput(serializers.Serializer[Data]):
    """E-mail address and password."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class TeacherOutput(serializers.Serializer[Data]):
    """A teacher, as they see themselves."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    is_staff = serializers.BooleanField()
    created_at = serializers.IntegerField()


class SignInOutput(serializers.Serializer[Data]):
    """The token for `Authorization: Bearer …`; `expires_at` is milliseconds since 1970."""

    token = serializers.CharField()
    expires_at = serializers.IntegerField()
    teacher = TeacherOutput()


class RealtimeOutput(serializers.Serializer[Data]):
    """What `@instantdb/core` takes: where to connect, and a token for `signInWithToken`."""

    app_id = serializers.UUIDField()
    api_uri = serializers.CharField()
    websocket_uri = serializers.CharField()
    token = serializers.CharField()


class PreferencesInput(serializers.Serializer[Data]):
    """What the assistant should know about a teacher."""

    grade_level = serializers.CharField(required=False, allow_null=True, max_length=40)
    subject_areas = serializers.ListField(
        required=False, max_length=30, child=serializers.CharField(max_length=80)
    )
    ai_model_preference = serializers.CharField(required=False, allow_null=True, max_length=120)
    notification_settings = serializers.DictField(required=False, child=serializers.BooleanField())


class PreferencesOutput(serializers.Serializer[Data]):
    """A teacher's preferences; `updated_at` is milliseconds since 1970."""

    id = serializers.UUIDField()
    teacher_id = serializers.UUIDField()
    grade_level = serializers.CharField(allow_null=True)
    subject_areas = serializers.ListField(child=serializers.CharField())
    ai_model_preference = serializers.CharField(allow_null=True)
    notification_settings = serializers.DictField(child=serializers.BooleanField())
    updated_at = serializers.IntegerField()
