"""Fields of the API that are stricter than the framework's."""

from typing import Any

from rest_framework import serializers


class IdField(serializers.UUIDField):
    """A UUID as text; a number or `true` is none, although Python could make one of it."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the UUID. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)
