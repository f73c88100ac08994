"""The eduhu project: settings, wiring, and what no single app owns."""

from eduhu.celery import app as celery_app

__all__ = ["celery_app"]
