"""Requests become Markdown: every table adds up, every gap is a visible placeholder."""

from chats.providers.template.english import ENGLISH
from chats.providers.template.german import GERMAN
from chats.providers.template.kinds import Kind
from chats.providers.template.request import Request
from chats.providers.template.shares import point_bands, share, share_minutes
from chats.providers.template.texts import Phase, Texts

LEVEL_SHARES = (30, 40, 30)  # AFB I, II, III in percent of the points
GRADE_PERCENTS = (87, 73, 59, 45, 20)
_LEVELS = ("I", "II", "III")
_USED_BY: dict[str, tuple[Kind, ...]] = {
    "minutes": ("lesson_plan", "activity", "worksheet"),
    "points": ("worksheet", "rubric"),
    "tasks": ("worksheet",),
}
_TEXTS = {"de": GERMAN, "en": ENGLISH}


def draft(request: Request) -> str:
    """Return the whole reply: demo label, notes on refused amounts, document, one last line."""
    texts = _TEXTS[request.language]
    notes = [
        texts.refusals[refusal.slot].format(asked=refusal.asked, used=refusal.used)
        for refusal in request.refusals
        if request.kind in _USED_BY[refusal.slot]
    ]
    parts = [texts.label, *notes, *_document(request, texts), _last_line(request, texts)]
    return "\n\n".join(part.strip() for part in parts if part)


def _document(request: Request, texts: Texts) -> list[str]:
    match request.kind:
        case "lesson_plan":
            return _lesson_plan(request, texts)
        case "worksheet":
            return _worksheet(request, texts)
        case "rubric":
            return _rubric(request, texts)
        case "activity":
            return _activity(request, texts)
        case "parent_letter":
            return _parent_letter(request, texts)
        case None:
            return [] if request.asks_back else [texts.general]


def _last_line(request: Request, texts: Texts) -> str:
    """Return the one question that is worth asking; where nothing is missing, a hint."""
    if request.kind is None:
        question = texts.general_question_topic if request.topic else texts.general_question
        choices = f"\n\n{texts.choices}" if request.asks_back else ""
        return question.format(topic=request.topic) + choices
    hint = texts.hint.format(examples=texts.hint_examples[request.kind])
    return "---\n\n" + (hint if request.topic else texts.questions[request.kind])


def _fields(request: Request, texts: Texts) -> dict[str, str]:
    return {
        "topic": request.topic or texts.no_topic,
        "subject": request.subject or texts.no_subject,
        "grade": request.grade or texts.no_grade,
        "minutes": str(request.minutes),
        "points": _worth(request.points, texts),
        "total": str(request.points),
    }


def _worth(points: int, texts: Texts) -> str:
    return f"{points} {texts.unit[points != 1]}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _lesson_plan(request: Request, texts: Texts) -> list[str]:
    fields = _fields(request, texts)
    phases = _phases(request.minutes, texts)
    minutes = share_minutes(request.minutes, [phase.weight for phase in phases])
    rows = "\n".join(
        _row(phase.name, f"{part} min", phase.teacher, phase.pupils, phase.form, phase.media)
        for phase, part in zip(phases, minutes, strict=True)
    )
    plan = texts.plan.format(rows=rows.format(**fields), **fields)
    return [plan] if request.concise else [plan, texts.plan_more.format(**fields)]


def _phases(minutes: int, texts: Texts) -> tuple[Phase, ...]:
    return next(phases for start, phases in texts.phases if minutes >= start)


def _worksheet(request: Request, texts: Texts) -> list[str]:
    fields = _fields(request, texts)
    levels = share(request.points, LEVEL_SHARES)
    tasks = _tasks(request, texts, levels)
    sheet = texts.worksheet.format(
        name=texts.worksheet_names[request.style],
        time=texts.worksheet_time.format(**fields) if request.minutes_given else "",
        tasks="\n\n".join(text for text, _ in tasks).format(**fields),
        **fields,
    )
    answers = "\n".join(
        _row(str(number), texts.solution.format(number=number), str(worth))
        for number, (_, worth) in enumerate(tasks, 1)
    )
    parts = [sheet, _solutions(texts, answers, levels)]
    return [*parts, _grade_key(request, texts)] if request.style == "exam" else parts


def _tasks(request: Request, texts: Texts, levels: list[int]) -> list[tuple[str, int]]:
    """Return text and points of each task, from level I to III."""
    tasks: list[tuple[str, int]] = []
    counts = share(request.tasks, LEVEL_SHARES)
    for name, count, points, frames in zip(_LEVELS, counts, levels, texts.tasks, strict=True):
        worths = share(points, [1] * count)
        for frame, worth in zip(frames, worths, strict=False):
            text = texts.task.format(
                number=len(tasks) + 1,
                level=name,
                worth=_worth(worth, texts),
                text=frame,
                # The first task opens the door for everyone, except in a test.
                help="" if tasks or request.style == "exam" else texts.task_help,
            )
            tasks.append((text, worth))
    return tasks


def _solutions(texts: Texts, rows: str, levels: list[int]) -> str:
    worths = (
        texts.level.format(name=name, points=_worth(points, texts))
        for name, points in zip(_LEVELS, levels, strict=True)
    )
    return texts.solutions.format(rows=rows, levels=", ".join(worths))


def _rubric(request: Request, texts: Texts) -> list[str]:
    fields = _fields(request, texts)
    worths = share(request.points, [criterion.weight for criterion in texts.criteria])
    rows = "\n".join(
        _row(f"**{criterion.name}**", *_graded(criterion.levels, worth), str(worth))
        for criterion, worth in zip(texts.criteria, worths, strict=True)
    )
    total = f"{' + '.join(map(str, worths))} = {fields['points']}"
    rubric = texts.rubric.format(rows=rows.format(**fields), sum=total, **fields)
    parts = [rubric, _grade_key(request, texts)]
    return parts if request.concise else [*parts, texts.rubric_more.format(**fields)]


def _graded(levels: tuple[str, ...], worth: int) -> list[str]:
    """Give each level its points: all, two thirds, one third, none."""
    thirds = (3, 2, 1, 0)
    return [
        f"{text} ({(worth * third + 1) // 3})" for text, third in zip(levels, thirds, strict=True)
    ]


def _grade_key(request: Request, texts: Texts) -> str:
    bands = point_bands(request.points, GRADE_PERCENTS)
    from_on, below = texts.grade_floors
    percents = [from_on.format(percent=percent) for percent in GRADE_PERCENTS]
    percents.append(below.format(percent=GRADE_PERCENTS[-1]))
    rows = "\n".join(
        _row(grade, percent, f"{low}–{high}" if low < high else str(low))
        for grade, percent, (low, high) in zip(texts.grades, percents, bands, strict=True)
    )
    return texts.grade_key.format(rows=rows, **_fields(request, texts))


def _activity(request: Request, texts: Texts) -> list[str]:
    fields = _fields(request, texts)
    form = texts.activities[request.style or "group"]
    minutes = share_minutes(request.minutes, [step.weight for step in form.steps])
    rows = "\n".join(
        _row(step.name, f"{part} min", step.text)
        for step, part in zip(form.steps, minutes, strict=True)
    )
    activity = texts.activity.format(
        name=form.name,
        goal=form.goal.format(**fields),
        material=form.material.format(**fields),
        rows=rows.format(**fields),
        rules=form.rules.format(**fields),
        **fields,
    )
    return [activity] if request.concise else [activity, form.more.format(**fields)]


def _parent_letter(request: Request, texts: Texts) -> list[str]:
    fields = _fields(request, texts)
    more = "" if request.concise else texts.letter_more.format(**fields)
    return [texts.letter.format(more=more, **fields)]
