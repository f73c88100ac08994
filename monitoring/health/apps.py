"""Health as an app of its own: it keeps signs of life in a table."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "monitoring.health"
    label = "health"
