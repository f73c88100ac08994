"""The audit log as an app; its rows are django-auditlog's."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "eduhu.audit"
    label = "audit"
