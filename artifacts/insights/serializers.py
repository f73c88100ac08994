"""The shapes of numbers and hints in the API."""

from typing import Any

from rest_framework import serializers

Data = dict[str, Any]  # validated input


class QuestionTopic(serializers.Serializer[Data]):
    """How many questions are about a topic."""

    topic = serializers.CharField()
    questions = serializers.IntegerField()


class Funnel(serializers.Serializer[Data]):
    """How many of the chats that began came how far, until now."""

    chats = serializers.IntegerField()
    with_material = serializers.IntegerField()
    exported = serializers.IntegerField()
    reused = serializers.IntegerField(help_text="Exported again on another day.")


class TeachingNumbers(serializers.Serializer[Data]):
    """The numbers of some weeks; rates are between 0 and 1, null where there is nothing."""

    topics = QuestionTopic(many=True, help_text="The most frequent first.")
    questions = serializers.IntegerField()
    answers = serializers.IntegerField()
    thumbs_up = serializers.IntegerField()
    thumbs_down = serializers.IntegerField()
    material = serializers.IntegerField()
    funnel = Funnel()
    average_first_token_ms = serializers.IntegerField(allow_null=True)
    average_finished_ms = serializers.IntegerField(
        allow_null=True, help_text="From the question to the first export of what came of it."
    )
    abandon_rate = serializers.FloatField(allow_null=True, help_text="Replies that were stopped.")
    repeat_rate = serializers.FloatField(
        allow_null=True, help_text="Replies that were asked for again, or continued."
    )
    edit_rate = serializers.FloatField(
        allow_null=True, help_text="Material that was changed after it was made."
    )


class TeachingWeek(TeachingNumbers):
    """One week in which anything happened; `begins` is its Monday."""

    begins = serializers.DateField()


class Analytics(serializers.Serializer[Data]):
    """A teacher's last twelve weeks, the newest first."""

    begins = serializers.DateField(help_text="The first day of the first of them.")
    total = TeachingNumbers()
    weeks = TeachingWeek(many=True)
