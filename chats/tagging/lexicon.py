"""Words that give a topic away, German and English; all of them begin a word.

Few and sure: a word that also means something else does more harm than good.
"""

import re
from functools import cache

STEMS = {
    "lesson_planning": (
        "unterrichtsentwurf", "stundenentwurf", "verlaufsplan", "stundeneinstieg",
        "unterrichtseinstieg", "unterrichtsreihe", "unterrichtseinheit planen",
        "unterrichtsstunde", "doppelstunde", "vertretungsstunde", "stundenverlauf",
        "unterrichtsbesuch", "stationenarbeit", "lesson plan", "plan a lesson", "plan my lesson",
        "cover lesson", "warm-up", "lesson on", "lesson about",
    ),
    "classroom_management": (
        "klassenregel", "klassenrat", "sitzplan", "sitzordnung", "klassenklima", "unterrichtsstör",
        "disziplin", "mobbing", "ruhezeichen", "klassendienst", "zwischenruf", "class rules",
        "classroom rules", "classroom management", "seating", "bully", "discipline", "misbehav",
        "classroom jobs", "disruptive",
    ),
    "assessment": (
        "klassenarbeit", "klausur", "schulaufgabe", "lernzielkontrolle", "erwartungshorizont",
        "notenschlüssel", "notenspiegel", "bewertungsbogen", "bewertungsraster",
        "bewertungskriteri", "zeugnis", "benot", "vokabeltest", "prüfungsfrage",
        "stegreifaufgabe", "kurztest", "rubric", "exam ", "exam?", "exam question", "grading",
        "grade boundar", "mark scheme", "marking scheme", "exit ticket", "report card",
        "self-assessment", "peer assessment",
    ),
    "differentiation": (
        "differenzier", "binnendifferenz", "leistungsstärker", "leistungsschwächer",
        "leistungsniveau", "hochbegab", "schwierigkeitsstufe", "hilfekarte", "tippkarte",
        "gestufte hilfe", "zusatzaufgabe", "auf drei niveaus", "differentiat",
        "tiered", "gifted", "scaffold", "early finisher", "hint card", "three levels",
        "mixed-ability", "mixed ability",
    ),
    "parent_communication": (
        "eltern", "mutter", "vater", "erziehungsberechtigt", "familien", "parent", "mother",
        "father", "guardian", "families", "letter home", "permission slip",
    ),
    "curriculum": (
        "lehrplan", "curriculum", "bildungsstandard", "bildungsplan",
        "rahmenplan", "stoffverteilung", "jahresplan", "fachanforderung", "fachkonferenz",
        "syllabus", "scheme of work", "common core", "state standards", "key stage", "yearly plan",
        "programme of study",
    ),
    "worksheets": (
        "arbeitsblatt", "arbeitsblätter", "ab zu", "übungsblatt", "aufgabenblatt", "lückentext",
        "kreuzworträtsel", "suchsel", "kopiervorlage", "übungsaufgabe",
        "worksheet", "gap text", "fill-in", "fill in the",
        "crossword", "word search", "practice problem", "exercise sheet", "printable",
        "to print out",
    ),
    "special_needs": (
        "autis", "asperger", "adhs", "ads", "legasthen", "lese-rechtschreib", "lrs", "dyskalkul",
        "förderplan", "förderschwerpunkt", "förderbedarf", "unterstützungsbedarf", "förderziel",
        "nachteilsausgleich", "inklusi", "schulbegleit", "gehörlos", "schwerhörig", "sehbehindert",
        "rollstuhl", "down-syndrom", "leichte sprache", "leichter sprache", "adhd", "dyslexi",
        "dyscalcul", "iep", "504 plan", "learning disab", "special needs", "special education",
        "special educational", "visually impaired", "hard of hearing", "deaf", "wheelchair",
        "down syndrome", "accommodations",
    ),
    "digital_media": (
        "tablet", "ipad", "app ", "apps", "moodle", "padlet", "kahoot", "learningapps", "quizlet",
        "chatgpt", "podcast", "whiteboard", "software", "scratch",
        "geogebra", "programmier", "erklärvideo", "videokonferenz", "lernplattform", "schulcloud",
        "powerpoint", "qr-code", "fake news", "google classroom",
        "explainer video", "video conference", "social media", "soziale medien",
    ),
}  # fmt: skip


@cache
def _pattern(topic: str) -> "re.Pattern[str]":
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, STEMS[topic])) + ")")


def hits(text: str) -> dict[str, int]:
    """Return how many different words of each topic stand in a text, of those that do."""
    folded = " ".join(text.casefold().split()) + " "
    found = {topic: len(set(_pattern(topic).findall(folded))) for topic in STEMS}
    return {topic: number for topic, number in found.items() if number}
