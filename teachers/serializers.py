"""The shapes of accounts and preferences in the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from teachers.models import FEDERAL_STATES, SchoolType
from teachers.notifications import SWITCHES

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


class NotificationSettings(serializers.Serializer[Data]):
    """What a teacher wants to be told; what is left out stays as it is."""

    export_ready = serializers.BooleanField(
        required=False, help_text="A long export is ready to be fetched. On unless switched off."
    )
    weekly_summary = serializers.BooleanField(
        required=False, help_text="What was made last week, on Monday. Off unless switched on."
    )
    insights = serializers.BooleanField(
        required=False, help_text="Hints at /api/insights. On unless switched off."
    )
    recommendations = serializers.BooleanField(
        required=False, help_text="/api/recommendations. On unless switched off."
    )

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what is no switch: it would look as if it did something."""
        if isinstance(data, dict) and (unknown := sorted(set(map(str, data)) - set(SWITCHES))):
            text = _("Unknown: %(names)s. Possible: %(switches)s.")
            names = {"names": ", ".join(unknown)[:200], "switches": ", ".join(SWITCHES)}
            raise serializers.ValidationError([text % names])
        return super().to_internal_value(data)


class NotificationState(serializers.Serializer[Data]):
    """What a teacher is told."""

    export_ready = serializers.BooleanField()
    weekly_summary = serializers.BooleanField()
    insights = serializers.BooleanField()
    recommendations = serializers.BooleanField()


class PreferencesInput(serializers.Serializer[Data]):
    """What the assistant should know about a teacher."""

    grade_level = serializers.CharField(required=False, allow_null=True, max_length=40)
    subject_areas = serializers.ListField(
        required=False, max_length=30, child=serializers.CharField(max_length=80)
    )
    ai_model_preference = serializers.CharField(required=False, allow_null=True, max_length=120)
    notification_settings = NotificationSettings(required=False)
    federal_state = serializers.ChoiceField(
        required=False, allow_null=True, choices=list(FEDERAL_STATES.items())
    )
    school_type = serializers.ChoiceField(
        required=False, allow_null=True, choices=SchoolType.choices
    )
    uses_memory = serializers.BooleanField(
        required=False, help_text="Whether answers know what is kept at /api/memory."
    )
    language = serializers.ChoiceField(
        required=False, choices=["de", "en"], help_text="Of the account: also for e-mails."
    )


class PreferencesOutput(serializers.Serializer[Data]):
    """A teacher's preferences; `updated_at` is milliseconds since 1970."""

    id = serializers.UUIDField()
    teacher_id = serializers.UUIDField()
    grade_level = serializers.CharField(allow_null=True)
    subject_areas = serializers.ListField(child=serializers.CharField())
    ai_model_preference = serializers.CharField(allow_null=True)
    notification_settings = NotificationState()
    federal_state = serializers.CharField(allow_null=True)
    school_type = serializers.CharField(allow_null=True)
    uses_memory = serializers.BooleanField()
    language = serializers.CharField()
    updated_at = serializers.IntegerField()
