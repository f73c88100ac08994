"""Drafts of lesson plans, sheets, letters and rubrics."""

from artifacts.generation.wishes import Wish
from artifacts.generation.words import Part, Words, grade_key
from artifacts.kinds.base import Document
from chats.providers.template.shares import share, share_minutes

_PERCENT = {"I": 30, "II": 40, "III": 30}


def lesson_plan(wish: Wish, t: Words) -> Document:
    """Draft a lesson plan."""
    names = [
        (t("Einstieg", "Opening"), t("stellt {t} vor", "introduces {t}"),
         t("äußern Vorwissen", "say what they know"), t("Plenum", "whole class")),
        (t("Erarbeitung", "Work"), t("berät", "advises"),
         t("bearbeiten {t}", "work on {t}"), t("Partnerarbeit", "pairs")),
        (t("Sicherung", "Summary"), t("sammelt Ergebnisse", "collects results"),
         t("stellen vor", "present"), t("Plenum", "whole class")),
    ]  # fmt: skip
    parts = share_minutes(wish.minutes, [2, 5, 3])
    return {
        "goal": t("Die Lernenden können {t} [Ziel ergänzen].", "Pupils can {t} [add the goal]."),
        "minutes": wish.minutes,
        "phases": [
            {"name": name, "minutes": part, "teacher": teacher, "pupils": pupils, "form": form,
             "media": t("Tafel", "board")}
            for (name, teacher, pupils, form), part in zip(names, parts, strict=True)
        ],
        "materials": [t("[Material zu {t} ergänzen]", "[add material about {t}]")],
    }  # fmt: skip


def _tasks(wish: Wish, t: Words) -> list[Part]:
    """Return tasks from level I to III, about 30, 40 and 30 percent of them and of the points."""
    count = wish.tasks
    texts = {
        "I": t("Nenne, was du über {t} weißt.", "Name what you know about {t}."),
        "II": t("Erkläre {t} an einem Beispiel.", "Explain {t} with an example."),
        "III": t("Beurteile eine Aussage zu {t}.", "Judge a statement about {t}."),
    }
    levels = [_level((2 * n + 1) / (2 * count)) for n in range(count)]
    worths = _worths(max(wish.points, count), levels)
    return [
        {"id": f"t{n}", "text": f"{texts[level]} [{t('Aufgabe', 'Task')} {n}]", "points": worth,
         "level": level, "lines": 4}
        for n, (level, worth) in enumerate(zip(levels, worths, strict=True), 1)
    ]  # fmt: skip


def _worths(points: int, levels: list[str]) -> list[int]:
    """Share the points among the levels, and those of a level evenly among its tasks."""
    if points < 2 * len(levels):  # too few for that
        return share(points, [1] * len(levels))
    each = sorted(set(levels), key=len)
    parts = share(points, [_PERCENT[level] for level in each])
    return [
        worth
        for level, part in zip(each, parts, strict=True)
        for worth in share(part, [1] * levels.count(level))
    ]


def _level(place: float) -> str:
    """Return the level of a task by its place in the sheet, from 0 to 1."""
    return "I" if place < 0.3 else "II" if place < 0.7 else "III"


def worksheet(wish: Wish, t: Words) -> Document:
    """Draft a worksheet."""
    solution = t("[Lösung ergänzen]", "[add the solution]")
    tasks = [{**task, "solution": solution} for task in _tasks(wish, t)]
    tasks[0]["help"] = t("Schlage Begriffe im Heft nach.", "Look words up in your notes.")
    return {
        "instructions": t("Bearbeite die Aufgaben.", "Work on the tasks."),
        "minutes": wish.minutes,
        "tasks": tasks,
        "total_points": sum(task["points"] for task in tasks),
    }


def exam(wish: Wish, t: Words) -> Document:
    """Draft a exam."""
    expected = t("[erwartete Leistung ergänzen]", "[add what is expected]")
    tasks = [
        {**task, "expectation": [{"text": expected, "points": task["points"]}]}
        for task in _tasks(wish, t)
    ]
    total = sum(task["points"] for task in tasks)
    return {
        "minutes": wish.minutes, "tasks": tasks, "total_points": total,
        "grade_key": grade_key(total),
    }  # fmt: skip


def differentiated(wish: Wish, t: Words) -> Document:
    """Draft a differentiated."""
    texts = (
        ("basic", t("Ordne Begriffe zu {t} zu.", "Match words about {t}."),
         t("Beginne mit dem, was du kennst.", "Begin with what you know.")),
        ("middle", t("Erkläre {t} mit eigenen Worten.", "Explain {t} in your own words."), None),
        ("advanced", t("Übertrage {t} auf ein neues Beispiel.", "Apply {t} to a new example."),
         None),
    )  # fmt: skip
    levels = [
        {"name": name, "tasks": [
            {"id": f"{name}-1", "text": text, "solution_id": "s1", **({"help": aid} if aid else {})}
        ]}
        for name, text, aid in texts
    ]  # fmt: skip
    solution = t("[gemeinsame Lösung ergänzen]", "[add the solution they share]")
    return {
        "goal": t("Ich kann {t} [Ziel ergänzen].", "I can {t} [add the goal]."),
        "levels": levels,
        "solutions": [{"id": "s1", "text": solution}],
    }


def help_cards(wish: Wish, t: Words) -> Document:
    """Draft a help cards."""
    cards = (
        ("minimal", "points", t("Erster Schritt", "First step"),
         t("Lies die Aufgabe noch einmal.", "Read the task again.")),
        ("medium", "checklist", t("Vorgehen", "How to do it"),
         t("Schlüsselwörter zu {t} markieren", "Mark key words about {t}")),
        ("full", "text", t("Beispiel", "Example"),
         t("[Beispiel zu {t} ergänzen]", "[add an example of {t}]")),
    )  # fmt: skip
    return {
        "task": wish.notes or t("[Aufgabe zu {t} ergänzen]", "[add the task about {t}]"),
        "aid": "method",
        "cards": [
            {"id": f"h{n}", "title": title, "degree": degree, "form": form, "lines": [text]}
            for n, (degree, form, title, text) in enumerate(cards, 1)
        ],
    }


def parent_letter(wish: Wish, t: Words) -> Document:
    """Draft a parent letter."""
    return {
        "salutation": t("Liebe Eltern und Erziehungsberechtigte,", "Dear parents and carers,"),
        "paragraphs": [
            t("heute schreibe ich Ihnen wegen {t}.", "I am writing to you about {t}."),
            wish.notes or t("[Einzelheiten ergänzen]", "[add details]"),
        ],
        "closing": t("Mit freundlichen Grüßen", "Kind regards"),
        "sender": t("[Name]", "[name]"),
    }


def rubric(wish: Wish, t: Words) -> Document:
    """Draft a rubric."""
    names = (t("Inhalt", "Content"), t("Darstellung", "Form"), t("Sprache", "Language"))
    texts = (t("trifft voll zu", "fully"), t("trifft teils zu", "partly"),
             t("trifft nicht zu", "not at all"))  # fmt: skip
    worths = share(wish.points, [5, 3, 2])
    return {
        "product": t("Arbeit zu {t}", "Work about {t}"),
        "scale": list(texts),
        "criteria": [
            {"id": f"k{n}", "name": name, "levels": [
                {"text": f"[{name}: {text}]", "points": points}
                for text, points in zip(texts, (worth, worth // 2, 0), strict=True)
            ]}
            for n, (name, worth) in enumerate(zip(names, worths, strict=True), 1)
        ],
        "total_points": wish.points,
        "grade_key": grade_key(wish.points),
    }  # fmt: skip
