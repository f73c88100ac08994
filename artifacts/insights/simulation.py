"""Made-up teachers and their material, to have a model before a school has data of its own.

Not what schools are like, only what is plausible, written down as causes: somebody needs
material for a lesson or is just curious; what came out is good or not; who needs it and
finds it good works on it, and takes it along when the lesson comes. The model never sees
need, quality, or the dice, only what rows would tell.
"""

import datetime as dt
import math
import uuid
from random import Random

from artifacts.insights.material import Material
from artifacts.models import ArtifactType

BEGINS = dt.datetime(2025, 9, 1, 6, tzinfo=dt.UTC)  # a Monday
DAYS = 200
TYPES = [each.value for each in ArtifactType]
SHARES = {"lesson_plan": 0.3, "worksheet": 0.4, "rubric": 0.1, "activity": 0.2}
NEED = {"lesson_plan": 0.5, "worksheet": 0.65, "rubric": 0.35, "activity": 0.45}
TYPICAL_LENGTH = {"lesson_plan": 3500, "worksheet": 2500, "rubric": 1500, "activity": 2000}


def simulate(seed: int, teachers: int) -> list[Material]:
    """Return the material of some teachers; the same for the same seed."""
    random = Random(seed)
    return [each for _ in range(teachers) for each in _school_year(random)]


def _school_year(random: Random) -> list[Material]:
    teacher_id = uuid.UUID(int=random.getrandbits(128))
    prints, edits = random.gauss(0, 1), random.gauss(0, 0.6)  # habits that differ
    moments = sorted(
        BEGINS + dt.timedelta(days=random.randrange(DAYS), hours=random.randrange(15))
        for _ in range(5 + int(random.expovariate(1 / 25)))
    )
    return [_made(random, teacher_id, moment, prints, edits) for moment in moments]


def _made(
    random: Random, teacher_id: uuid.UUID, moment: dt.datetime, prints: float, edits: float
) -> Material:
    kind = random.choices(TYPES, [SHARES[each] for each in TYPES])[0]
    before_school = moment.weekday() not in (4, 5)
    needed = random.random() < NEED[kind] + (0.12 if before_school else -0.12)
    from_answer = random.random() < 0.8
    quality = random.gauss(0, 1)
    length = TYPICAL_LENGTH[kind] * math.exp(0.25 * quality + random.gauss(0, 0.4))
    interest = (0.5 if needed else -0.9) + 0.4 * quality + edits
    edited = min(12, int(random.expovariate(1) * math.exp(interest)))
    return Material(
        id=uuid.UUID(int=random.getrandbits(128)),
        teacher_id=teacher_id,
        title="",
        artifact_type=kind,
        created_at=moment,
        length=int(length),
        edits=edited,
        is_from_answer=from_answer,
        is_helpful=_thumb(random, quality) if from_answer else None,
        exported_at=_exported(random, moment, needed, quality + 0.8 * prints),
    )


def _thumb(random: Random, quality: float) -> bool | None:
    """Few judge an answer, and mostly the very good and the bad ones."""
    if random.random() > 0.15 + 0.12 * abs(quality):
        return None
    return quality + random.gauss(0, 0.6) > 0


def _exported(random: Random, moment: dt.datetime, needed: bool, pull: float) -> dt.datetime | None:
    """Who needs it takes it along before the lesson, unless something comes between."""
    if random.random() < 0.06:  # the printer, an illness, a plan that changed
        needed = not needed
    if pull + random.gauss(0, 0.7) < (-0.7 if needed else 1.5):
        return None
    return moment + dt.timedelta(days=random.expovariate(1 / 3))
