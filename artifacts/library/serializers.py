"""The shapes of the library in the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from artifacts.library.actions import ITEMS_MAX
from artifacts.library.models import NAME_MAX, TAG_MAX
from artifacts.library.queries import SHELVES
from artifacts.library.search.find import SOURCES
from artifacts.models import ArtifactType
from artifacts.serializers import KIND_NAMES
from eduhu.fields import IdField

Data = dict[str, Any]  # validated input
QUESTION_MAX = 500


class LibraryFilter(serializers.Serializer[Data]):
    """Which material; several filters hold together."""

    shared = serializers.ChoiceField(
        required=False,
        choices=SHELVES,
        help_text="own (all of one's own), with_me (of others), by_me (own and shared).",
    )
    artifact_type = serializers.ChoiceField(required=False, choices=ArtifactType.choices)
    kind = serializers.ChoiceField(required=False, choices=KIND_NAMES)
    subject = serializers.CharField(required=False, max_length=200, help_text="The whole name.")
    grade = serializers.CharField(required=False, max_length=200)
    topic = serializers.CharField(required=False, max_length=200, help_text="A part of it.")
    tag = serializers.CharField(required=False, max_length=TAG_MAX)
    favourite = serializers.BooleanField(required=False, allow_null=True, default=None)
    collection = IdField(required=False)
    since = serializers.IntegerField(required=False, help_text="Milliseconds, included.")
    until = serializers.IntegerField(required=False, help_text="Milliseconds, not included.")

    def validate(self, attrs: Data) -> Data:
        """Leave out what was not said: a missing boolean is no `false`."""
        return {name: value for name, value in attrs.items() if value is not None}


class LibraryItem(serializers.Serializer[Data]):
    """Material in brief, without its content; times are milliseconds since 1970."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_NAMES)
    artifact_type = serializers.ChoiceField(choices=ArtifactType.choices)
    subject = serializers.CharField(allow_null=True)
    grade = serializers.CharField(allow_null=True)
    topic = serializers.CharField(allow_null=True)
    created_at = serializers.IntegerField()
    changed_at = serializers.IntegerField(allow_null=True)
    revision = serializers.IntegerField()
    is_own = serializers.BooleanField(help_text="Whether it may be changed; else only read.")
    owner_name = serializers.CharField(allow_blank=True, allow_null=True)
    is_favourite = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())


class LibraryPage(serializers.Serializer[Data]):
    """A page of the library, newest first."""

    results = LibraryItem(many=True)
    next = serializers.CharField(allow_null=True, help_text="The URL of the next page.")


class TagsInput(serializers.Serializer[Data]):
    """All tags of an artifact."""

    tags = serializers.ListField(child=serializers.CharField(max_length=200), max_length=100)


class TagsOutput(serializers.Serializer[Data]):
    """All tags of an artifact, as they are kept."""

    tags = serializers.ListField(child=serializers.CharField())


class TagCount(serializers.Serializer[Data]):
    """A tag, and on how many artifacts it is."""

    name = serializers.CharField()
    count = serializers.IntegerField()


class TagList(serializers.Serializer[Data]):
    """The tags in use, by name."""

    results = TagCount(many=True)


class CollectionName(serializers.Serializer[Data]):
    """What a collection is called."""

    name = serializers.CharField(max_length=NAME_MAX)


class CollectionInput(CollectionName):
    """A new collection."""

    id = IdField(required=False)


class CollectionOrder(serializers.Serializer[Data]):
    """All artifacts of a collection in their new order."""

    artifact_ids = serializers.ListField(child=IdField(), max_length=ITEMS_MAX)


class CollectionOutput(serializers.Serializer[Data]):
    """A collection, own or shared."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.IntegerField()
    item_count = serializers.IntegerField()
    is_own = serializers.BooleanField()
    owner_name = serializers.CharField(allow_blank=True)


class CollectionDetail(CollectionOutput):
    """A collection with all that is in it, in order."""

    items = LibraryItem(many=True)


class CollectionList(serializers.Serializer[Data]):
    """All collections: own ones by name, then those of others."""

    results = CollectionOutput(many=True)


class ShareInput(serializers.Serializer[Data]):
    """Who may read it."""

    email = serializers.EmailField(max_length=254)


class ShareOutput(serializers.Serializer[Data]):
    """A share; the answer is the same whether anybody has the address."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    created_at = serializers.IntegerField()


class ShareList(serializers.Serializer[Data]):
    """With whom something is shared."""

    results = ShareOutput(many=True)


class SearchQuery(serializers.Serializer[Data]):
    """What is searched, and where."""

    q = serializers.CharField(
        max_length=QUESTION_MAX,
        help_text="Words that all must be found; each may be the beginning of a word.",
        error_messages={
            "required": _("Please enter a word to search for."),
            "blank": _("Please enter a word to search for."),
        },
    )
    type = serializers.ChoiceField(
        required=False, choices=[*SOURCES], help_text="Only these; all without."
    )
    archived = serializers.BooleanField(
        required=False, default=False, help_text="Whether to look into archived chats, too."
    )
    limit = serializers.IntegerField(required=False, default=20, min_value=1, max_value=50)


class ExcerptPart(serializers.Serializer[Data]):
    """A piece of plain text; `is_hit` says whether it is what was searched."""

    text = serializers.CharField(trim_whitespace=False)
    is_hit = serializers.BooleanField()


class SearchHit(serializers.Serializer[Data]):
    """Something found: a message or the title of a chat, or material."""

    type = serializers.ChoiceField(choices=[*SOURCES])
    id = serializers.UUIDField()
    chat_id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField(help_text="Of the material, or of the chat.")
    excerpt = ExcerptPart(many=True)
    time = serializers.IntegerField()
    is_own = serializers.BooleanField()


class SearchOutput(serializers.Serializer[Data]):
    """The best hits, best first; `has_more` asks for a narrower question."""

    results = SearchHit(many=True)
    has_more = serializers.BooleanField()
