"""What every page of the admin shares: who may change what, bounded lists, links between rows."""

import datetime as dt
import uuid
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from eduhu.audit.audited import Audited
from eduhu.mirror.admin_link import MirrorLink

if TYPE_CHECKING:  # unfold's own annotations contradict Django's
    from django.contrib.admin import ModelAdmin, TabularInline
else:
    from unfold.admin import ModelAdmin, TabularInline

# Columns with words of teachers.
WORDS = {"title", "content", "text", "context", "wish", "feedback_comment"}
LINK = '<a class="text-primary-600 dark:text-primary-500 whitespace-nowrap" href="{}">{}</a>'


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts and leafs through the first 10,000 rows; staff find the rest by searching.

    An exact count of a large table would cost more than the page itself.
    """

    COUNTED = 10_000
    template_name = "eduhu/admin_pagination.html"

    @cached_property
    def count(self) -> int:
        """The number of rows, never more than `COUNTED`."""
        rows = self.object_list
        assert isinstance(rows, models.QuerySet)
        return rows.order_by()[: self.COUNTED].count()

    @property
    def is_cut(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count == self.COUNTED


class SiteAdmin(MirrorLink, Audited, ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """A page of the admin: bounded lists, quick searches, links between rows.

    A search for an id or for a teacher's whole address uses their indexes; any
    other search looks into `search_fields`.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counts of whole tables, too
    list_per_page = 50
    list_disable_select_all = True  # an action is for the rows one has seen
    list_fullwidth = True

    id_fields: ClassVar[tuple[str, ...]] = ("pk",)
    address_field: ClassVar[str] = ""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let nobody guess by an address what is written in a row that they may not read."""
        if not WORDS.isdisjoint(lookup.split("__")):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def get_search_results(
        self, request: HttpRequest, queryset: "models.QuerySet[Any]", search_term: str
    ) -> tuple["models.QuerySet[Any]", bool]:
        """Find by id, by address, or by text."""
        term = search_term.strip()
        if wanted := _as_uuid(term):
            ids = models.Q.create([(name, wanted) for name in self.id_fields], models.Q.OR)
            return queryset.filter(ids), False
        if self.address_field and "@" in term:
            return queryset.filter(**{self.address_field: term.lower()}), False
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(
            request, queryset, term
        )
        return found

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, row: Any) -> str:
        """When the row was made."""
        return clock(row.created_at)

    @admin.display(description=_("updated"), ordering="updated_at")
    def updated(self, row: Any) -> str:
        """When the row was last changed."""
        return clock(row.updated_at)

    @admin.display(description=_("belongs to it"))
    def related_rows(self, row: models.Model) -> SafeString:
        """Links to the lists of all rows that point at this one."""
        relations = [
            relation
            for relation in row._meta.related_objects
            if self.admin_site.is_registered(relation.related_model)
        ]
        links = [
            (
                changelist_url(
                    relation.related_model, **{f"{relation.field.name}__id__exact": row.pk}
                ),
                capfirst(relation.related_model._meta.verbose_name_plural),
            )
            for relation in relations
        ]
        return format_html_join(" · ", LINK, links)


class OwnedAdmin(SiteAdmin):
    """Rows that teachers made: staff may look and mend, but neither add nor delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may: rows come from teachers."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may: teachers delete what is theirs."""
        return False


class ReadOnly:
    """For pages and inlines of rows that only the product itself writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False


class ReadOnlyAdmin(ReadOnly, SiteAdmin):
    """A page of rows that only the product itself writes."""


class OnePageAdmin(ReadOnlyAdmin):
    """One page in place of a list of rows, which have no pages of their own.

    A subclass names its `page_template`, and returns what it needs from `page_context`.
    """

    page_template: str

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the title of the page, and what else its template shows."""
        raise NotImplementedError

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            **self.page_context(request),
        }
        return TemplateResponse(request, self.page_template, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the page."""
        return redirect(changelist_url(self.model))


class ReadOnlyInline(ReadOnly, TabularInline):  # type: ignore[type-arg]  # likewise
    """Rows that only the product itself writes, on the page of the row they belong to."""

    extra = 0
    tab = True
    hide_title = True


def changes_of(form: Any) -> dict[str, Any]:
    """Return what a submitted form changes, as keyword arguments for an action."""
    return {name: form.cleaned_data[name] for name in form.changed_data}


def choice_field(
    field: "models.Field[Any, Any]", choices: Iterable[tuple[str, Any]]
) -> forms.TypedChoiceField:
    """Return a form field for a nullable text column of which only `choices` are offered."""
    offered = [("", "–"), *choices]
    return forms.TypedChoiceField(
        choices=offered,
        required=False,
        empty_value=None,
        label=capfirst(field.verbose_name),
        widget=UnfoldAdminSelectWidget(choices=offered),
    )


def row_link(model: type[models.Model], pk: Any, text: Any) -> SafeString | None:
    """Link to the page of one row; nothing where there is no row."""
    if pk is None:
        return None
    return format_html(LINK, reverse(_name(model, "change"), args=[pk]), text)


def label(text: Any, colour: str) -> SafeString:
    """Show a word as a label: `success`, `info`, `warning`, `danger` or grey."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colour})


def short_id(pk: uuid.UUID | None) -> str:
    """Name a row without telling what is in it: the end of its id."""
    return f"…{str(pk)[-8:]}"


def changelist_url(model: type[models.Model], **filters: Any) -> str:
    """Return the address of a list with `filters`."""
    return reverse(_name(model, "changelist"), query=filters)


def seconds(milliseconds: float | None) -> str | None:
    """Show a duration, in the reader's language."""
    if milliseconds is None:
        return None
    return in_one_line(f"{number_format(milliseconds / 1000, 1)} s")


def in_one_line(text: str) -> str:
    """Keep a narrow column from breaking `text`."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def clock(moment: dt.datetime) -> str:
    """Show a time in short, in the reader's language."""
    return in_one_line(date_format(localtime(moment), "SHORT_DATETIME_FORMAT"))


def _name(model: type[models.Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
