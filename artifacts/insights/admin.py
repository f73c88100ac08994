"""The page on which staff see how teachers work with eduhu, all of them together."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from artifacts.insights.staff import overview
from artifacts.models import ArtifactExport
from eduhu.admin import OnePageAdmin


@admin.register(ArtifactExport)
class TeachingAdmin(OnePageAdmin):
    """Sums instead of a list: who exported what is nobody's business."""

    page_template = "artifacts/teaching.html"

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """Show the numbers of the last weeks."""
        return {**overview(), "title": _("Teaching")}
