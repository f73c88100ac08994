"""A system check: weights that cannot be read stop a deploy, not a teacher."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from artifacts.insights.model import learned


@register()
def weights(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Read the weights that INSIGHTS_WEIGHTS names."""
    try:
        learned()
    except (OSError, ValueError) as error:
        return [Error(f"INSIGHTS_WEIGHTS: {error}", id="insights.E001")]
    return []
