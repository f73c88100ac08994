"""Alerts in the admin: what goes on, what was, who was told, and who wants quiet."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from eduhu.admin import LINK, ReadOnlyAdmin, ReadOnlyInline, SiteAdmin, clock, label, row_link
from eduhu.db import now
from monitoring.alerts import actions
from monitoring.alerts.models import Alert, Delivery, Silence
from monitoring.alerts.rules import BY_NAME
from teachers.models import Teacher

HOUR = 3600
LENGTHS = {HOUR: _("one hour"), 8 * HOUR: _("eight hours"), 24 * HOUR: _("one day"),
           7 * 24 * HOUR: _("one week")}  # fmt: skip
RULE_CHOICES = [(name, rule.title) for name, rule in BY_NAME.items()]


def title_of(rule: str) -> Any:
    """Return the words for a rule, also for one of an earlier release."""
    return BY_NAME[rule].title if rule in BY_NAME else rule


class OpenFilter(admin.SimpleListFilter):
    """What goes on, or what is over."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Name both."""
        return [("open", _("goes on")), ("over", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """Keep one of both."""
        if self.value() in ("open", "over"):
            return queryset.filter(resolved_at__isnull=self.value() == "open")
        return queryset


class RuleFilter(admin.SimpleListFilter):
    """Alerts of one rule."""

    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Name the rules."""
        return RULE_CHOICES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those of the chosen rule."""
        return queryset.filter(rule=self.value()) if self.value() in BY_NAME else queryset


class DeliveryInline(ReadOnlyInline):
    """Who was told, and when."""

    model = Delivery
    ordering = ("id",)
    fields = readonly_fields = ("kind", "channel", "attempts", "sent_at", "given_up_at", "reason")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Every episode of something wrong."""

    list_display = ("when", "state", "what", "subject", "detail", "until")
    list_display_links = None
    list_filter = (OpenFilter, RuleFilter)
    ordering = ("-begun_at", "-id")
    sortable_by = ("when",)
    actions = ("silence_hour", "silence_day")
    inlines = (DeliveryInline,)
    fields = readonly_fields = (
        "what", "subject", "state", "detail", "begun_at", "seen_at", "told_at", "resolved_at",
        "runbook",
    )  # fmt: skip

    def has_silence_permission(self, request: HttpRequest) -> bool:
        """Silencing is for operators."""
        return may_silence(request)

    @admin.display(description=_("begun"), ordering="begun_at")
    def when(self, alert: Alert) -> SafeString | None:
        """When it began; leads to the alert."""
        return row_link(Alert, alert.pk, clock(alert.begun_at))

    @admin.display(description=_("state"))
    def state(self, alert: Alert) -> SafeString:
        """Whether it goes on, and whether somebody was told."""
        if alert.resolved_at is not None:
            return label(_("over"), "success")
        if alert.told_at is None:
            return label(_("silenced"), "warning")
        return label(_("goes on"), "danger")

    @admin.display(description=_("rule"))
    def what(self, alert: Alert) -> str:
        """The rule in words."""
        return str(title_of(alert.rule))

    @admin.display(description=_("over"))
    def until(self, alert: Alert) -> str:
        """When it was over."""
        return clock(alert.resolved_at) if alert.resolved_at else "–"

    @admin.display(description=_("What to do"))
    def runbook(self, alert: Alert) -> SafeString | str:
        """Where cause and cure are described."""
        rule = BY_NAME.get(alert.rule)
        if rule is None or not rule.runbook.startswith("https://"):
            return rule.runbook if rule else "–"
        return format_html(LINK, rule.runbook, rule.runbook)

    @admin.action(description=_("Silence for one hour"), permissions=["silence"])
    def silence_hour(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        """Tell nobody of the chosen rules for an hour."""
        self._silence(request, queryset, HOUR)

    @admin.action(description=_("Silence for one day"), permissions=["silence"])
    def silence_day(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        """Tell nobody of the chosen rules for a day."""
        self._silence(request, queryset, 24 * HOUR)

    def _silence(self, request: HttpRequest, chosen: QuerySet[Alert], seconds: int) -> None:
        assert isinstance(request.user, Teacher)
        reason = gettext("From the list of alerts")
        pairs = sorted({(alert.rule, alert.subject) for alert in chosen})
        for rule, subject in pairs:
            made = actions.silence(
                rule=rule, subject=subject, seconds=seconds, reason=reason, by=request.user
            )
            self.log_addition(request, made, gettext("Silenced until %s.") % clock(made.until))
        text = ngettext("%d rule is silenced.", "%d rules are silenced.", len(pairs))
        messages.success(request, text % len(pairs))


def may_silence(request: HttpRequest) -> bool:
    """Whether somebody may silence alerts."""
    return request.user.has_perm("alerts.silence_alert")


class SilenceForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A silence, and for how long."""

    rule = forms.ChoiceField(
        choices=RULE_CHOICES, label=_("Rule"), widget=UnfoldAdminSelectWidget(choices=RULE_CHOICES)
    )
    seconds = forms.TypedChoiceField(
        choices=list(LENGTHS.items()), coerce=int, label=_("For"),
        widget=UnfoldAdminSelectWidget(choices=list(LENGTHS.items())),
    )  # fmt: skip
    reason = forms.CharField(max_length=300, label=_("Reason"), widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Silence
        fields = ("rule", "subject", "seconds", "reason")


@admin.register(Silence)
class SilenceAdmin(SiteAdmin):
    """Who wants quiet, about what, for how long, and why."""

    form = SilenceForm
    list_display = ("when", "what", "subject", "state", "until", "reason", "by")
    list_display_links = None
    list_filter = (RuleFilter,)
    list_select_related = ("by",)
    ordering = ("-id",)
    actions = ("lift",)
    fields = ("rule", "subject", "seconds", "reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Operators may."""
        return may_silence(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may: it is lifted, and another one made."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may: it is part of the history."""
        return False

    def has_silence_permission(self, request: HttpRequest) -> bool:
        """Lifting is for operators, too."""
        return may_silence(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what is stored, or ask for what will be."""
        if obj is None:
            return self.fields
        return ("rule", "subject", "until", "reason", "by", "created_at")

    def save_model(self, request: HttpRequest, obj: Silence, form: Any, change: bool) -> None:
        """Make it by the action."""
        assert isinstance(request.user, Teacher)
        made = actions.silence(**form.cleaned_data, by=request.user)
        obj.pk, obj.until = made.pk, made.until

    @admin.display(description=_("created"), ordering="id")
    def when(self, silence: Silence) -> SafeString | None:
        """When it was made; leads to it."""
        return row_link(Silence, silence.pk, clock(silence.created_at))

    @admin.display(description=_("rule"))
    def what(self, silence: Silence) -> str:
        """The rule in words."""
        return str(title_of(silence.rule))

    @admin.display(description=_("state"))
    def state(self, silence: Silence) -> SafeString:
        """Whether it still holds."""
        return label(_("silent"), "warning") if silence.until > now() else label(_("over"), "")

    @admin.action(description=_("Lift"), permissions=["silence"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Silence]) -> None:
        """End the chosen silences now."""
        for silence in queryset:
            if actions.lift(silence=silence):
                self.log_change(request, silence, gettext("Lifted."))
        messages.success(request, gettext("What goes on is told again."))
