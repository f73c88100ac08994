"""Settings as others may see them: only those that are known to say nothing in their value."""

from typing import Any

from eduhu import settings as ours

# Words whose values are our own, or names of models; never an address, a path or a key.
SHOWN = {
    "AI_FALLBACK_MODEL", "AI_FALLBACK_PROVIDER", "AI_MODEL", "AI_MODELS", "AI_PROVIDER",
    "CACHE_TIERS", "CACHE_WARMING", "CHAT_RATE", "ENVIRONMENT", "EXPORT_RATE", "INSTALLED_APPS",
    "LANGUAGE_CODE", "LOGIN_FAILURE_RATE", "LOGIN_FAILURE_RATE_PER_ADDRESS", "LOG_FORMAT",
    "METRICS", "MIDDLEWARE", "READINESS", "REALTIME_RATE", "TIME_ZONE",
}  # fmt: skip


def settings_shown(settings: Any) -> dict[str, Any]:
    """Return each setting of ours: numbers and switches as they are, most else as set or not."""
    names = [name for name in vars(ours) if name.isupper()]
    return {name: _shown(name, getattr(settings, name, None)) for name in sorted(names)}


def _shown(name: str, value: Any) -> Any:
    is_plain = value is None or isinstance(value, bool | int | float)
    if is_plain or name in SHOWN:
        return value
    return "set" if value else "not set"
