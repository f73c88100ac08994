"""What a teacher can do with their own account: one verb per function."""

import datetime as dt
import uuid
from collections.abc import Callable, Collection
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
from eduhu.errors import InvalidInput, NotAuthenticated, WrongCredentials
from eduhu.mirror import capture, people, realtime
from eduhu.switches.state import refuse_if_off
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
    Raises FeatureOff while nobody is let in; staff still reach the admin.
    """
    refuse_if_off("sign_in")
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


@transaction.atomic
def sign_out(*, auth: AuthToken) -> None:
    """Revoke one token; revoking it again does nothing."""
    AuthToken.objects.filter(pk=auth.pk).delete()
    _end_realtime([auth.user_id])
    events.signed_out(auth.user_id)


@transaction.atomic
def sign_out_everywhere(*, teacher: Teacher) -> None:
    """Revoke every token of a teacher; their sockets close."""
    AuthToken.objects.filter(user=teacher).delete()
    _end_realtime([teacher.pk])
    events.signed_out(teacher.pk)


@transaction.atomic
def withdraw_password(*, teacher: Teacher) -> None:
    """Let nobody sign in with a teacher's password any more, nor stay signed in.

    Only another password, which a superuser sets, opens the account again.
    """
    teacher.set_unusable_password()
    teacher.save(update_fields=["password"])
    sign_out_everywhere(teacher=teacher)


@transaction.atomic
def remove_expired_tokens() -> int:
    """Delete tokens that have expired; return how many."""
    expired = AuthToken.objects.filter(Q(expiry__lt=now()))
    owners = list(expired.values_list("user_id", flat=True).distinct())
    deleted, _by_model = expired.delete()
    _end_realtime(owners)
    return deleted


def _end_realtime(teacher_ids: Collection[uuid.UUID]) -> None:
    """End the InstantDB tokens, which never expire, of those who have no valid token left here."""
    if not capture.is_on():
        return
    # Of two devices that sign out at once, each would still see the other's token.
    teachers = Teacher.objects.select_for_update(no_key=True).filter(pk__in=teacher_ids)
    list(teachers.order_by("pk").values_list("pk"))
    valid = AuthToken.objects.filter(user__in=teacher_ids).exclude(expiry__lt=now())
    for teacher_id in set(teacher_ids).difference(valid.values_list("user_id", flat=True)):
        people.sign_out(teacher_id)


def open_realtime(*, teacher: Teacher, auth: AuthToken | None) -> realtime.Access:
    """Return what a browser needs to follow the teacher's rows; never inside a transaction.

    `auth` is what the teacher signed in with (None: a session). Raises FeatureOff, RealtimeOff,
    RealtimeUnavailable, CircuitOpen, TooManyRequests, or NotAuthenticated for who was
    signed out meanwhile.
    """
    refuse_if_off("realtime")
    limits.count("realtime", str(teacher.pk), settings.REALTIME_RATE)
    access = realtime.open_for(teacher.pk)
    is_signed_in = Teacher.objects.filter(pk=teacher.pk, is_active=True)
    if auth is not None:
        is_signed_in = is_signed_in.filter(auth_token_set=auth)
    if not is_signed_in.exists():
        # The sign-out may have passed InstantDB before this token was made.
        people.sign_out(teacher.pk)
        raise NotAuthenticated
    return access


@transaction.atomic
def save_preferences(
    *, teacher: Teacher, changes: dict[str, Any], replace: bool = False
) -> TeacherPreferences:
    """Store preferences: the given ones, or with `replace` exactly the given ones.

    The `language` is the account's, and stays unless it is given. Raises InvalidInput for
    a model that is not offered.
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
        "federal_state": None,
        "school_type": None,
        "uses_memory": False,
    }
    changes = {**changes}
    _speak(teacher, changes.pop("language", teacher.language))
    if not replace and "notification_settings" in changes:
        switched = changes["notification_settings"]
        changes["notification_settings"] = {**preferences.notification_settings, **switched}
    for name, value in ({**defaults, **changes} if replace else changes).items():
        setattr(preferences, name, value)
    preferences.save()
    events.row_changed(teacher.pk, "teacher_preferences", preferences.pk)
    return preferences


def _speak(teacher: Teacher, language: str) -> None:
    if language != teacher.language:
        teacher.language = language
        teacher.save(update_fields=["language"])
