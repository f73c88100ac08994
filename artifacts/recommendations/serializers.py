"""The shapes of recommendations and of the starter library in the API."""

from typing import Any

from rest_framework import serializers

from artifacts.models import ArtifactType
from artifacts.recommendations.models import Mark
from artifacts.recommendations.ranking import OWN, SHARED, STARTER
from artifacts.recommendations.reasons import CODES
from artifacts.recommendations.school_year import SEASONS
from artifacts.serializers import KIND_NAMES
from eduhu.fields import IdField

Data = dict[str, Any]  # validated input
LIMIT, LIMIT_MAX = 6, 20
LANGUAGES = ["de", "en"]


class RecommendationsQuery(serializers.Serializer[Data]):
    """For what, and how many."""

    chat_id = IdField(
        required=False, help_text="Without it: for the profile, the season and the last chats."
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=LIMIT_MAX, default=LIMIT
    )


class ReasonOutput(serializers.Serializer[Data]):
    """Why something is recommended."""

    code = serializers.ChoiceField(choices=CODES)
    text = serializers.CharField(help_text="In German or English, by `Accept-Language`.")


class Recommendation(serializers.Serializer[Data]):
    """Something to look at: `id` is an artifact's, or the slug of a starter."""

    id = serializers.CharField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field, no attribute
        choices=[OWN, SHARED, STARTER]
    )
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_NAMES)
    artifact_type = serializers.ChoiceField(choices=ArtifactType.choices)
    subject = serializers.CharField(allow_null=True)
    grade = serializers.CharField(allow_null=True)
    language = serializers.ChoiceField(choices=LANGUAGES, allow_null=True)
    score = serializers.FloatField(help_text="The larger, the better it fits.")
    reason = ReasonOutput()


class RecommendationList(serializers.Serializer[Data]):
    """What is recommended, the best first; nothing for who has switched it off."""

    results = Recommendation(many=True)


class MarkInput(serializers.Serializer[Data]):
    """What the teacher did with it."""

    mark = serializers.ChoiceField(
        choices=[Mark.OPENED.value, Mark.DISMISSED.value],
        help_text="What is opened comes last from then on, what is dismissed not at all.",
    )


class StarterFilter(serializers.Serializer[Data]):
    """Which of the starter library; several filters hold together."""

    language = serializers.ChoiceField(required=False, choices=LANGUAGES)
    kind = serializers.ChoiceField(required=False, choices=KIND_NAMES)
    subject = serializers.CharField(
        required=False, max_length=80, help_text="In German or English."
    )
    grade = serializers.RegexField(r"^\d{1,2}$", required=False, help_text="A number.")


class StarterItem(serializers.Serializer[Data]):
    """A piece of the starter library in brief."""

    slug = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_NAMES)
    artifact_type = serializers.ChoiceField(choices=ArtifactType.choices)
    subject = serializers.CharField(allow_null=True)
    grade = serializers.CharField(allow_null=True)
    language = serializers.ChoiceField(choices=LANGUAGES)
    topic = serializers.CharField()
    seasons = serializers.ListField(child=serializers.ChoiceField(choices=list(SEASONS)))


class StarterList(serializers.Serializer[Data]):
    """The starter library."""

    results = StarterItem(many=True)


class StarterOutput(StarterItem):
    """A piece of the starter library as a whole."""

    document = serializers.DictField(help_text="As the schema of its kind says.")
    preview = serializers.CharField(help_text="What it looks like on paper, as Markdown.")
