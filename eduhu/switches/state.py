"""What is off and what is announced, in the memory of this process.

What no row speaks of is on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from waffle import get_waffle_switch_model

from eduhu.compiled import Param, Select
from eduhu.db import now
from eduhu.errors import FeatureOff, Maintenance, ModelOff

if TYPE_CHECKING:
    from eduhu.switches.models import Notice

LONGEST_WAIT = 3600  # seconds; who waits longer should look again meanwhile

FEATURES: dict[str, Any] = {
    "chat": _("Questions and answers in chats"),
    "generation": _("Making of material"),
    "exports": _("Exports as files"),
    "analytics": _("Numbers for teachers"),
    "recommendations": _("Recommendations"),
    "realtime": _("Live rows through InstantDB: new tokens"),
    "sign_in": _("New sign-ins of teachers"),
    "warming": _("Warming of the caches"),
}


@dataclass(frozen=True, slots=True)
class State:
    """What was read last."""

    off: frozenset[str] = frozenset()
    notices: Sequence["Notice"] = ()


_state = State()


def name_of_feature(feature: str) -> str:
    """Return the name of a feature's switch."""
    return f"feature:{feature}"


def name_of_model(model: str) -> str:
    """Return the name of a model's switch."""
    return f"model:{model}"


def models() -> list[str]:
    """Return the models that have a switch: those offered, and the fallback."""
    return list(dict.fromkeys(filter(None, [*settings.AI_MODELS, settings.AI_FALLBACK_MODEL])))


def load() -> None:
    """Read both anew; two statements. Raises DatabaseError, and leaves all as it was."""
    global _state
    off, announced = _statements()
    _state = State(frozenset(name for (name,) in off.all()), announced.all(moment=now()))


@cache  # every process reads both each second
def _statements() -> tuple[Select, Select]:
    from eduhu.switches.models import Notice  # here: settings and errors are read before models

    off = get_waffle_switch_model().objects.filter(active=False).values_list("name")
    announced = Notice.objects.not_over(Param(Notice, "ends_at", "moment"))
    return Select(off), Select(announced.order_by("-stops_writes", "begins_at", "id"))


def forget() -> None:
    """Believe again that everything is on, and nothing announced."""
    global _state
    _state = State()


def is_feature_on(feature: str) -> bool:
    """Whether one of FEATURES is on."""
    return name_of_feature(feature) not in _state.off


def is_model_on(model: str) -> bool:
    """Whether a model may be asked."""
    return name_of_model(model) not in _state.off


def refuse_if_off(feature: str) -> None:
    """Raise FeatureOff while one of FEATURES is off."""
    if not is_feature_on(feature):
        raise FeatureOff(feature=feature)


def choose_model(wanted: str | None, preferred: str | None) -> str:
    """Return the model to ask. Raises ModelOff.

    Who names one in the request wants no other. A preference is a wish: while that model
    is off the default answers, or the first that is on. Where none is, but the fallback
    is on, the provider goes there.
    """
    if wanted is not None:
        if not is_model_on(wanted):
            raise ModelOff(model=wanted)
        return wanted
    candidates = [preferred or settings.AI_MODEL, settings.AI_MODEL, *settings.AI_MODELS]
    for model in candidates:
        if is_model_on(model):
            return model
    if settings.AI_FALLBACK_MODEL and is_model_on(settings.AI_FALLBACK_MODEL):
        return candidates[0]
    raise ModelOff(model=candidates[0])


def notices() -> list["Notice"]:
    """Return what is announced now; what stops writes comes first."""
    return [notice for notice in _state.notices if notice.holds]


def refuse_in_maintenance() -> None:
    """Raise Maintenance while only reading is allowed."""
    ending = [notice.ends_at for notice in notices() if notice.stops_writes]
    if not ending:
        return
    if None in ending:
        raise Maintenance
    seconds = max((end - now()).total_seconds() for end in ending if end is not None)
    raise Maintenance(retry_after=min(LONGEST_WAIT, int(seconds) + 1))
