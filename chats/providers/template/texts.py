"""The shape of the words of one language; `template_german` and `template_english` fill it.

Strings hold named fields for `str.format`: every one may use {topic}, {subject},
{grade}, {minutes}, {points} and {total}; what else it may use stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chats.providers.template.kinds import Kind, Style


@dataclass(frozen=True, slots=True)
class Phase:
    """One row of a lesson plan; `weight` is its share of the time."""

    name: str
    weight: int
    teacher: str
    pupils: str
    form: str
    media: str

    def again(self, name: str, weight: int) -> "Phase":
        """Return the same work under another name and with another share of the time."""
        return replace(self, name=name, weight=weight)


def pause(name: str, weight: int) -> Phase:
    """Return a phase without work."""
    return Phase(name, weight, "–", "–", "–", "–")


@dataclass(frozen=True, slots=True)
class Step:
    """One row of an activity; `weight` is its share of the time."""

    name: str
    weight: int
    text: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One row of a rubric: four levels, best first; `weight` is its share of the points."""

    name: str
    weight: int
    levels: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class ActivityForm:
    """One form an activity can take."""

    name: str
    goal: str
    material: str
    steps: tuple[Step, ...]
    rules: str
    more: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All words of one language."""

    label: str
    no_topic: str
    no_subject: str
    no_grade: str
    unit: tuple[str, str]  # one point, many points
    refusals: Mapping[str, str]  # {asked}, {used}
    questions: Mapping[Kind, str]  # asked where the topic is missing
    hint: str  # {examples}
    hint_examples: Mapping[Kind, str]
    # From this many minutes on, the phases of a lesson; the longest first.
    phases: tuple[tuple[int, tuple[Phase, ...]], ...]
    plan: str  # {rows}
    plan_more: str
    worksheet_names: Mapping[Style | None, str]
    worksheet: str  # {name}, {time}, {tasks}
    worksheet_time: str
    task: str  # {number}, {level}, {worth}, {text}, {help}
    task_help: str
    solutions: str  # {rows}, {levels}
    solution: str  # {number}
    level: str  # {name}, {points}: what one level is worth
    tasks: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]  # by level I, II, III
    rubric: str  # {rows}, {sum}
    rubric_more: str
    criteria: tuple[Criterion, ...]
    grade_key: str  # {rows}
    grades: tuple[str, ...]
    grade_floors: tuple[str, str]  # from {percent} on; below {percent}
    activity: str  # {name}, {goal}, {material}, {rows}, {rules}
    activities: Mapping[Style, ActivityForm]
    letter: str  # {more}
    letter_more: str
    general: str
    general_question: str
    general_question_topic: str
    choices: str  # what to draft, as a list of short answers
