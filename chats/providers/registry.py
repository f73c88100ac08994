"""Which AI service answers: the one the settings name, else the template assistant."""

from functools import lru_cache

from django.conf import settings

from chats.providers.base import Provider


@lru_cache(maxsize=1)
def provider() -> Provider:
    """Return this process's provider."""
    if not settings.AI_BASE_URL:
        from chats.providers.template.assistant import TemplateAssistant

        return TemplateAssistant(settings.TEMPLATE_WORD_DELAY_SECONDS)
    from chats.providers.openai_compatible import OpenAICompatible

    return OpenAICompatible(
        settings.AI_BASE_URL,
        settings.AI_API_KEY or None,
        connect_timeout=settings.AI_CONNECT_TIMEOUT,
        first_byte_timeout=settings.AI_FIRST_BYTE_TIMEOUT,
        idle_timeout=settings.AI_IDLE_TIMEOUT,
        total_timeout=settings.AI_TOTAL_TIMEOUT,
        max_chars=settings.REPLY_MAX_CHARACTERS,
    )
