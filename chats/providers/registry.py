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
    from chats.providers.services import configured_provider

    return configured_provider()
