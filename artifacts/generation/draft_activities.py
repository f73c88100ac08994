"""Drafts of games, escape rooms, mysteries, role plays and quizzes."""

from artifacts.generation.wishes import Wish
from artifacts.generation.words import Part, Words
from artifacts.kinds.base import Document
from chats.providers.template.shares import share, share_minutes


def _steps(wish: Wish, t: Words) -> Document:
    names = (
        (t("Einführung", "Introduction"), t("Regeln und {t} klären.", "Explain rules and {t}.")),
        (t("Durchführung", "Doing it"), t("Die Gruppen arbeiten.", "Groups work.")),
        (t("Auswertung", "Talk"), t("Ergebnisse besprechen.", "Talk about results.")),
    )
    parts = share_minutes(wish.minutes, [2, 6, 2])
    return {
        "minutes": wish.minutes,
        "steps": [
            {"name": name, "minutes": part, "text": text}
            for (name, text), part in zip(names, parts, strict=True)
        ],
    }


def game(wish: Wish, t: Words) -> Document:
    """Draft a game."""
    return {
        **_steps(wish, t),
        "goal": t("{t} spielend wiederholen.", "Go over {t} by playing."),
        "players": "3–5",
        "rules": [t("Reihum eine Karte zu {t} erklären.", "Take turns to explain a card on {t}.")],
        "materials": [t("[Karten zu {t}]", "[cards about {t}]")],
    }


def escape_room(wish: Wish, t: Words) -> Document:
    """Draft a escape room."""
    riddles = [
        {"id": f"r{n}", "title": f"{t('Schloss', 'Lock')} {n}",
         "task": t("[Rätsel zu {t} ergänzen]", "[add a riddle about {t}]"), "code": f"[{n}]",
         "solution": t("[Lösungsweg ergänzen]", "[add the way to the code]")}
        for n in range(1, min(wish.tasks, 8) + 1)
    ]  # fmt: skip
    return {
        **_steps(wish, t),
        "story": t("Die Tür ist zu. Nur wer {t} kennt, findet hinaus.",
                   "The door is shut. Only who knows {t} finds the way out."),
        "riddles": riddles,
        "finale": t("Alle Codes zusammen öffnen die Truhe.", "All codes open the box."),
    }  # fmt: skip


def mystery(wish: Wish, t: Words) -> Document:
    """Draft a mystery."""
    card = t("[Information zu {t} ergänzen]", "[add information about {t}]")
    return {
        **_steps(wish, t),
        "question": t("[Rätselfrage zu {t} ergänzen]", "[add a puzzling question about {t}]"),
        "tasks": [t("Ordnet die Karten und beantwortet die Frage.",
                    "Sort the cards and answer the question.")],
        "cards": [{"id": f"k{n}", "text": f"{card} ({n})"} for n in range(1, 9)],
        "solution": t("[Antwort ergänzen]", "[add the answer]"),
    }  # fmt: skip


def role_play(wish: Wish, t: Words) -> Document:
    """Draft a role play."""
    return {
        **_steps(wish, t),
        "situation": t("Gespräch über {t}. [Lage ergänzen]", "A talk about {t}. [add details]"),
        "roles": [
            {"id": f"r{n}", "name": f"{t('Rolle', 'Role')} {n}",
             "card": t("[Sicht auf {t} ergänzen]", "[add a view of {t}]")}
            for n in (1, 2)
        ],
        "observers": [t("Was hat überzeugt?", "What was convincing?")],
        "reflection": [t("Wie war es in deiner Rolle?", "What was it like in your role?")],
    }  # fmt: skip


def quiz(wish: Wish, t: Words) -> Document:
    """Draft a quiz."""
    worths = share(max(wish.points, wish.tasks), [1] * wish.tasks)
    right, wrong = (
        t("[richtige Antwort]", "[right answer]"),
        t("[falsche Antwort]", "[wrong answer]"),
    )
    forms: tuple[Part, ...] = (
        {"type": "choice", "options": [{"text": right, "correct": True},
                                       {"text": f"{wrong} 1", "correct": False},
                                       {"text": f"{wrong} 2", "correct": False}]},
        {"type": "truefalse", "correct": True},
        {"type": "short", "answers": [right]},
        {"type": "open", "expected": t("[erwartete Antwort]", "[expected answer]")},
    )  # fmt: skip
    text = t("[Frage zu {t} ergänzen]", "[add a question about {t}]")
    return {
        "minutes": wish.minutes,
        "questions": [
            {**forms[n % len(forms)], "id": f"q{n + 1}", "text": text, "points": worth}
            for n, worth in enumerate(worths)
        ],
        "total_points": sum(worths),
    }
