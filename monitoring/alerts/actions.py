"""What operators do about alerts."""

import datetime as dt

from eduhu.db import now
from monitoring.alerts.models import Silence
from teachers.models import Teacher


def silence(*, rule: str, subject: str, seconds: float, reason: str, by: Teacher) -> Silence:
    """Let nobody be told of a rule for a while; what is open then is told afterwards."""
    until = now() + dt.timedelta(seconds=seconds)
    return Silence.objects.create(rule=rule, subject=subject, until=until, reason=reason, by=by)


def lift(*, silence: Silence) -> bool:
    """End a silence now; return False if it was over already."""
    running = Silence.objects.filter(pk=silence.pk, until__gt=now())
    return bool(running.update(until=now()))
