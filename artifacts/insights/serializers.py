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


class Action(serializers.Serializer[Data]):
    """What a teacher can do about it: a request, and the words for its button."""

    text = serializers.CharField()
    method = serializers.CharField()
    path = serializers.CharField()


class Hint(serializers.Serializer[Data]):
    """Something worth doing."""

    code = serializers.CharField(help_text="Stable.")
    text = serializers.CharField()
    numbers = serializers.DictField(child=serializers.IntegerField(), help_text="What it rests on.")
    rows = serializers.ListField(
        child=serializers.UUIDField(), help_text="What it is about, the newest ten."
    )
    action = Action()


class Reason(serializers.Serializer[Data]):
    """What speaks for it; `effect` is what it adds to the log-odds."""

    feature = serializers.CharField()
    text = serializers.CharField()
    effect = serializers.FloatField()


class ModelQuality(serializers.Serializer[Data]):
    """Where a guess comes from, and how often it is right."""

    trained_on = serializers.ChoiceField(choices=["simulated", "own"])
    examples = serializers.IntegerField()
    auc = serializers.FloatField(
        help_text="How often, of teachers it has not seen, used material ranks above unused."
    )


class Forecast(serializers.Serializer[Data]):
    """Material that will probably still be needed: a guess, never more."""

    artifact_id = serializers.UUIDField()
    text = serializers.CharField()
    probability = serializers.FloatField()
    base_rate = serializers.FloatField(help_text="Of all material that was learned from.")
    reasons = Reason(many=True, help_text="The strongest first.")
    action = Action()
    model = ModelQuality()


class Insights(serializers.Serializer[Data]):
    """Own numbers of the last four weeks, hints, and a guess; off: nothing of it."""

    is_on = serializers.BooleanField(
        help_text="`notification_settings.insights` of the preferences; on unless it is false."
    )
    numbers = TeachingWeek(allow_null=True)
    hints = Hint(many=True, help_text="The most useful first.")
    forecast = Forecast(allow_null=True)
