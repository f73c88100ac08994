"""What a teacher can do with their own account: one verb per function."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from knox.models import AuthToken

from eduhu import events, limits
from eduhu.db import now
from eduhu.errors import InvalidInput, WrongCredentials
from teachers.models import Teacher, TeacherPreferences


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new token, shown this once, and when it expires."""

    teacher: Teacher
    token: str
    expires_at: dt.datetime


def sign_in(*, email: str, password: str, address: str) -> SignedIn:
    """Return a new token. Raises WrongCredentials, or TooManyRequests after many failures.

    Failures are counted by client address and account together, and by address alone.
    """
    teacher = check_password(email=email, password=password, address=address)
    auth, token = AuthToken.objects.create(teacher)
    return SignedIn(teacher, token, auth.expiry)


def check_password(*, email: str, password: str, address: str) -> Teacher:
    """Return whose password this is. Raises as `sign_in`; every door with a password is here."""
    _guesses(email, address, limits.refuse_if_spent)
    teacher = authenticate(username=email, password=password)
    if not isinstance(teacher, Teacher):
        _guesses(email, address, limits.count)
        raise WrongCredentials
    # Once more: many guesses at once all passed the first look.
    _guesses(email, address, limits.refuse_if_spent)
    return teacher


def _guesses(email: str, address: str, check: Callable[[str, str, str], None]) -> None:
    check("login", f"{address} {email.strip().lower()}", settings.LOGIN_FAILURE_RATE)
    check("login", address, settings.LOGIN_FAILURE_RATE_PER_ADDRESS)


def sign_out(*, auth: AuthToken) -> None:
    """Revoke one token; revoking it again does nothing."""
    AuthToken.objects.filter(pk=auth.pk).delete()
    events.signed_out(auth.user_id)


def sign_out_everywhere(*, teacher: Teacher) -> None:
    """Revoke every token of a teacher; their sockets close."""
    AuthToken.objects.filter(user=teacher).delete()
    events.signed_out(teacher.pk)


def remove_expired_tokens() -> int:
    """Delete tokens that have expired; return how many."""
    deleted, _by_model = AuthToken.objects.filter(Q(expiry__lt=now())).delete()
    return deleted


@transaction.atomic
def save_preferences(
    *, teacher: Teacher, changes: dict[str, Any], replace: bool = False
) -> TeacherPreferences:
    """Store preferences: the given ones, or with `replace` exactly the given ones.

    Raises InvalidInput for a model that is not offered.
    """
    model = changes.get("ai_model_preference")
    if model is not None and model not in settings.AI_MODELS:
        choices = _("Choose one of: %(models)s.") % {"models": ", ".join(settings.AI_MODELS)}
        raise InvalidInput(errors={"ai_model_preference": [choices]})
    preferences, _created = TeacherPreferences.objects.get_or_create(teacher=teacher)
    preferences = TeacherPreferences.objects.select_for_update(no_key=True).get(pk=preferences.pk)
    defaults: dict[str, Any] = {
        "grade_level": None,
        "subject_areas": [],
        "ai_model_preference": None,
        "notification_settings": {},
    }
    for name, value in ({**defaults, **changes} if replace else changes).items():
        setattr(preferences, name, value)
    preferences.save()
    events.row_changed(teacher.pk, "teacher_preferences", preferences.pk)
    return preferences
