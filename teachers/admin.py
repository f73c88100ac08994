"""Teachers and their preferences in the admin."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Count, Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from knox.models import AuthToken
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from eduhu.admin import LINK, OwnedAdmin, SiteAdmin, changes_of, choice_field, clock, label
from teachers.actions import save_preferences, sign_out_everywhere, withdraw_password
from teachers.models import Teacher, TeacherPreferences
from teachers.serializers import PreferencesInput

PRIVILEGES = ("is_staff", "is_superuser", "groups")

# knox's own page shows digests, and makes tokens for anybody.
admin.site.unregister(AuthToken)
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, SiteAdmin):
    """What groups of staff may do."""


class LowerCaseEmail(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Addresses are stored in lower case, and must be compared so."""

    def clean_email(self) -> str:
        """Return the address as it will be stored."""
        return cast(str, self.cleaned_data["email"]).strip().lower()


class TeacherAddForm(LowerCaseEmail, UserCreationForm):
    """A new account with its first password."""

    usable_password = None  # type: ignore[assignment]  # leaves the field out

    class Meta:
        model = Teacher
        fields = ("email", "name", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].required = True


class TeacherPasswordForm(AdminPasswordChangeForm):
    """A password set by staff ends all sign-ins made with the old one."""

    @transaction.atomic
    def save(self, commit: bool = True) -> Teacher:
        """Store the password and revoke the tokens."""
        teacher = cast(Teacher, super().save(commit))
        sign_out_everywhere(teacher=teacher)
        return teacher


@admin.register(Teacher)
class TeacherAdmin(UserAdmin, SiteAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Accounts. Only superusers change accounts that may use the admin.

    Who sets a password, or the address of an account, can sign in as its teacher, and read
    without giving a reason. So only superusers do; operators can take a password away.
    """

    form = LowerCaseEmail
    add_form = TeacherAddForm
    change_password_form = TeacherPasswordForm
    list_display = ("email", "name", "language", "status", "privileges", "created")
    list_filter = ("is_active", "is_staff", "language")
    search_fields = ("email", "name")
    search_help_text = _("Address, name or id")
    ordering = ("email",)
    sortable_by = ("email",)
    readonly_fields = ("created_at", "password_page", "sign_ins", "related_rows")
    filter_horizontal = ("groups",)
    actions = ("sign_out", "withdraw", "deactivate", "activate")
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "password_page")}),
        (_("State"), {"fields": ("is_active", "created_at", "sign_ins", "related_rows")}),
        (_("Staff"), {"fields": PRIVILEGES, "classes": ("collapse",)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "language", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: Teacher | None = None) -> bool:
        """Nobody may: all of a teacher's rows would go with the account. It can be closed."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Teacher | None = None) -> bool:
        """Who is not a superuser cannot reach more than they may by way of a colleague."""
        if obj and (obj.is_staff or obj.is_superuser) and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Teacher | None = None) -> Any:
        """Privileges are for superusers to give, and nobody locks themselves out."""
        fields: tuple[str, ...] = self.readonly_fields
        if not _is_superuser(request):
            fields = (*fields, *PRIVILEGES, *(("email",) if obj is not None else ()))
        elif obj is not None and obj.pk == request.user.pk:
            fields = (*fields, "is_active", "is_staff", "is_superuser")
        return fields

    def get_fieldsets(self, request: HttpRequest, obj: Teacher | None = None) -> Any:
        """Lead to the form for a new password who may use it."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or _is_superuser(request):
            return shown
        (title, first), *others = shown
        fields = tuple(name for name in first["fields"] if name != "password_page")
        return ((title, {**first, "fields": fields}), *others)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Show the form for a new password, to superusers."""
        if not _is_superuser(request):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: Teacher, form: Any, change: bool) -> None:
        """Store; one who is not active any more is signed out everywhere."""
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data and not obj.is_active:
            sign_out_everywhere(teacher=obj)

    @admin.display(description=_("state"))
    def status(self, teacher: Teacher) -> SafeString:
        """Whether the account works, as a coloured label."""
        return (
            label(_("active"), "success") if teacher.is_active else label(_("inactive"), "danger")
        )

    @admin.display(description=_("Staff"))
    def privileges(self, teacher: Teacher) -> SafeString | None:
        """A label on who may use the admin."""
        return label(_("Staff"), "primary") if teacher.is_staff else None

    @admin.display(description=_("password"))
    def password_page(self, teacher: Teacher) -> SafeString:
        """Lead to the form for a new password; the old one cannot be shown."""
        url = reverse("admin:auth_user_password_change", args=[teacher.pk])
        return format_html(LINK, url, _("Set a new password"))

    @admin.display(description=_("signed in"))
    def sign_ins(self, teacher: Teacher) -> str:
        """How many tokens are in use, and since when the newest; never the tokens."""
        tokens = AuthToken.objects.filter(user=teacher)
        found = tokens.aggregate(number=Count("pk"), newest=Max("created"))
        if not found["number"]:
            return "0"
        return f"{found['number']} · {clock(found['newest'])}"

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: "models.QuerySet[Teacher]") -> None:
        """Revoke every token of the chosen teachers."""
        teachers = self._changeable(request, queryset)
        for teacher in teachers:
            sign_out_everywhere(teacher=teacher)
        self._tell(request, len(teachers))

    @admin.action(description=_("Withdraw the password"), permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: "models.QuerySet[Teacher]") -> None:
        """Let nobody in with the passwords of the chosen teachers, which others may know."""
        teachers = self._changeable(request, queryset)
        for teacher in teachers:
            withdraw_password(teacher=teacher)
        self._tell(request, len(teachers))

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: "models.QuerySet[Teacher]") -> None:
        """Close the chosen accounts, and sign them out everywhere."""
        teachers = self._changeable(request, queryset)
        for teacher in teachers:
            with transaction.atomic():
                teacher.is_active = False
                teacher.save(update_fields=["is_active"])
                sign_out_everywhere(teacher=teacher)
        self._tell(request, len(teachers))

    @admin.action(description=_("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: "models.QuerySet[Teacher]") -> None:
        """Open the chosen accounts again."""
        teachers = self._changeable(request, queryset)
        for teacher in teachers:
            teacher.is_active = True
            teacher.save(update_fields=["is_active"])
        self._tell(request, len(teachers))

    def _changeable(
        self, request: HttpRequest, queryset: "models.QuerySet[Teacher]"
    ) -> list[Teacher]:
        return [
            teacher
            for teacher in queryset
            if teacher != request.user and self.has_change_permission(request, teacher)
        ]

    def _tell(self, request: HttpRequest, number: int) -> None:
        text = ngettext("%(number)d teacher changed.", "%(number)d teachers changed.", number)
        self.message_user(request, text % {"number": number}, messages.SUCCESS)


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Accepts what the API accepts."""

    def clean(self) -> dict[str, Any]:
        """Hold the changes against the API's own shapes."""
        cleaned = super().clean() or self.cleaned_data
        changes = {name: cleaned[name] for name in self.changed_data if name in cleaned}
        shape = PreferencesInput(data=changes)
        if not shape.is_valid():
            for name, errors in shape.errors.items():
                self.add_error(name, str(errors))
        return cleaned


@admin.register(TeacherPreferences)
class PreferencesAdmin(OwnedAdmin):
    """What the assistant knows about a teacher."""

    form = PreferencesForm
    id_fields = ("pk", "teacher")
    address_field = "teacher__email"
    list_display = ("teacher", "grade_level", "subjects", "ai_model_preference", "updated")
    list_select_related = ("teacher",)
    search_fields = ("teacher__email", "teacher__name", "grade_level")
    search_help_text = _("Address or name of the teacher, grade level or id")
    ordering = ("teacher__email",)
    sortable_by = ()
    fields = (
        "teacher", "grade_level", "subject_areas", "ai_model_preference",
        "notification_settings", "federal_state", "school_type", "uses_memory", "updated_at",
    )  # fmt: skip
    readonly_fields = ("teacher", "updated_at")

    @admin.display(description=_("subjects"))
    def subjects(self, preferences: TeacherPreferences) -> str:
        """The subjects in one line."""
        return ", ".join(preferences.subject_areas)

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the models there are."""
        if db_field.name == "ai_model_preference":
            return choice_field(db_field, [(name, name) for name in settings.AI_MODELS])
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.JSONField):
            field.widget.attrs["rows"] = 3
        return field

    def save_model(
        self, request: HttpRequest, obj: TeacherPreferences, form: Any, change: bool
    ) -> None:
        """Change them as the teacher would."""
        save_preferences(teacher=obj.teacher, changes=changes_of(form))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
