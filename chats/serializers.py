"""The shapes of chats and messages in the API."""

from typing import Any

from rest_framework import serializers

from chats.models import TITLE_MAX, ContentType, Role
from chats.topics import TOPIC_CHOICES
from eduhu.fields import IdField

Data = dict[str, Any]  # validated input
THUMBS = ["up", "down"]
COMMENT_MAX = 2000  # characters


class ChatInput(serializers.Serializer[Data]):
    """What a client may set when it creates a chat."""

    id = IdField(required=False)
    title = serializers.CharField(required=False, max_length=TITLE_MAX)
    topic_category = serializers.ChoiceField(required=False, allow_null=True, choices=TOPIC_CHOICES)


class ChatChanges(serializers.Serializer[Data]):
    """What a client may change."""

    title = serializers.CharField(required=False, max_length=TITLE_MAX)
    topic_category = serializers.ChoiceField(required=False, allow_null=True, choices=TOPIC_CHOICES)
    is_archived = serializers.BooleanField(required=False)


class ChatOutput(serializers.Serializer[Data]):
    """A chat; times are milliseconds since 1970."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    created_at = serializers.IntegerField()
    updated_at = serializers.IntegerField()
    teacher_id = serializers.UUIDField()
    topic_category = serializers.CharField(allow_null=True)
    message_count = serializers.IntegerField()
    is_archived = serializers.BooleanField()


class LiveReply(serializers.Serializer[Data]):
    """A reply that is being written: where another device attaches."""

    reply_id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    text = serializers.CharField(allow_blank=True)
    offset = serializers.IntegerField()


class ChatDetail(ChatOutput):
    """A chat with the reply that is being written, if any."""

    live_reply = LiveReply(allow_null=True)


class TopicName(serializers.Serializer[Data]):
    """A topic: its stable code, and its name."""

    topic = serializers.CharField()
    display_name = serializers.CharField()


class TopicList(serializers.Serializer[Data]):
    """All topics."""

    results = TopicName(many=True)


class ChatPage(serializers.Serializer[Data]):
    """A page of chats, last changed first."""

    results = ChatOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The URL of the next page.")


class MessageOutput(serializers.Serializer[Data]):
    """A message; `timestamp` is milliseconds since 1970."""

    id = serializers.UUIDField()
    chat_id = serializers.UUIDField()
    content = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    timestamp = serializers.IntegerField()
    content_type = serializers.ChoiceField(choices=ContentType.choices)
    token_count = serializers.IntegerField(allow_null=True)
    token_count_estimated = serializers.BooleanField()
    response_time_ms = serializers.IntegerField(allow_null=True)
    educational_topics = serializers.ListField(child=serializers.CharField())
    feedback = serializers.ChoiceField(choices=THUMBS, allow_null=True)


class FeedbackInput(serializers.Serializer[Data]):
    """Whether an answer was of use, and perhaps why."""

    value = serializers.ChoiceField(choices=THUMBS)
    comment = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=COMMENT_MAX
    )


class FeedbackOutput(serializers.Serializer[Data]):
    """What a teacher has said of an answer; `value` is null where that is nothing."""

    message_id = serializers.UUIDField()
    value = serializers.ChoiceField(choices=THUMBS, allow_null=True)
    comment = serializers.CharField(allow_blank=True)


class MessageChanges(serializers.Serializer[Data]):
    """What a client may change of a message."""

    educational_topics = serializers.ListField(
        child=serializers.ChoiceField(choices=TOPIC_CHOICES),
        max_length=3,
        help_text="What it is about, the most important first; empty for nothing of these.",
    )

    def validate_educational_topics(self, topics: list[str]) -> list[str]:
        """Take each topic once."""
        return list(dict.fromkeys(topics))


class MessagePage(serializers.Serializer[Data]):
    """The newest messages in reading order; `next` leads back in time."""

    results = MessageOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The URL of earlier messages.")


class Roles(serializers.Serializer[Data]):
    """How many messages there are of each role."""

    user = serializers.IntegerField()
    assistant = serializers.IntegerField()
    system = serializers.IntegerField()


class Day(serializers.Serializer[Data]):
    """The tokens of one day at school."""

    day = serializers.DateField()
    tokens = serializers.IntegerField()


class Topic(serializers.Serializer[Data]):
    """How many messages are about a topic."""

    topic = serializers.CharField()
    messages = serializers.IntegerField()


class ChatAnalytics(serializers.Serializer[Data]):
    """The numbers of a chat; times are milliseconds since 1970."""

    chat_id = serializers.UUIDField()
    message_count = serializers.IntegerField()
    messages = Roles()
    tokens = serializers.IntegerField(help_text="Of questions, with their context, and answers.")
    tokens_by_day = Day(many=True)
    topics = Topic(many=True, help_text="The most frequent first.")
    first_message_at = serializers.IntegerField(allow_null=True)
    last_message_at = serializers.IntegerField(allow_null=True)
    average_response_ms = serializers.IntegerField(allow_null=True)


class Week(serializers.Serializer[Data]):
    """One week with messages; `begins` is its Monday, `chats` are those with messages in it."""

    begins = serializers.DateField()
    chats = serializers.IntegerField()
    questions = serializers.IntegerField()
    answers = serializers.IntegerField()
    tokens = serializers.IntegerField()
    average_response_ms = serializers.IntegerField(allow_null=True)


class Summary(serializers.Serializer[Data]):
    """The numbers of all chats of a teacher, archived ones included."""

    chats = serializers.IntegerField()
    messages = serializers.IntegerField()
    weeks = Week(many=True)


class UsageSums(serializers.Serializer[Data]):
    """What some replies have cost; a reply that was continued counts once."""

    tokens = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    replies = serializers.IntegerField()
    failed_replies = serializers.IntegerField(help_text="Attempts that failed or broke off.")
    estimated_replies = serializers.IntegerField(
        help_text="Attempts of which the AI service has told no numbers."
    )
    cost = serializers.FloatField(help_text="In the currency of AI_PRICES, at the prices of then.")
    unpriced_tokens = serializers.IntegerField(help_text="Tokens without a price, not in `cost`.")


class ModelUsage(UsageSums):
    """The part of one model at one price; prices are per million tokens."""

    model = serializers.CharField()
    provider = serializers.CharField()
    prompt_price = serializers.FloatField(allow_null=True)
    completion_price = serializers.FloatField(allow_null=True)


class UsagePeriod(UsageSums):
    """The usage since the midnight, at school, with which the day `begins` began."""

    begins = serializers.DateField()
    models = ModelUsage(many=True)


class UsageMonth(serializers.Serializer[Data]):
    """The calendar month, and how near it is to USAGE_MONTHLY_TOKENS."""

    begins = serializers.DateField()
    tokens = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)
    is_near_limit = serializers.BooleanField(help_text="80 % of the limit or more.")


class Usage(serializers.Serializer[Data]):
    """What a teacher has spent, that of deleted chats included."""

    day = UsagePeriod(help_text="Today.")
    days_7 = UsagePeriod(help_text="Today and the six days before.")
    days_30 = UsagePeriod()
    month = UsageMonth()
