"""What a file says about itself: who made it, and that an AI did (EU AI Act, article 50(2))."""

CREATOR = "eduhu"
# IPTC's word for what a model has written; programs that look for AI look for it.
AI_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
AI_KEYWORD = "AI-generated"
LANGUAGES = {"de": "de-DE", "en": "en-GB"}
DEFAULT_LANGUAGE = "de-DE"


def language_tag(language: str) -> str:
    """Return the language of a file as programs that check spelling know it."""
    return LANGUAGES.get(language, DEFAULT_LANGUAGE)
