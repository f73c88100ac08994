"""School subjects: how teachers write them, and their names in both languages."""

import re

from chats.providers.template.kinds import Span, follows_topic_cue

# German name, English name, and the words for it (lower case).
_SUBJECTS: tuple[tuple[str, str, str], ...] = (
    ("Mathematik", "Maths", "mathematik|mathe|maths|math|mathematics"),
    ("Deutsch", "German", "deutsch|german"),
    ("Englisch", "English", "englisch|english"),
    ("Französisch", "French", "französisch|french"),
    ("Spanisch", "Spanish", "spanisch|spanish"),
    ("Italienisch", "Italian", "italienisch|italian"),
    ("Latein", "Latin", "latein|latin"),
    ("Biologie", "Biology", "biologie|bio|biology"),
    ("Chemie", "Chemistry", "chemie|chemistry"),
    ("Physik", "Physics", "physik|physics"),
    ("Naturwissenschaften", "Science", "naturwissenschaften|nawi|science"),
    ("Informatik", "Computing", "informatik|computing|computer science"),
    ("Geschichte", "History", "geschichte|history"),
    ("Geographie", "Geography", "geographie|geografie|erdkunde|geography"),
    ("Politik", "Politics", "politik|sozialkunde|gemeinschaftskunde|politics|citizenship"),
    ("Wirtschaft", "Economics", "wirtschaft|economics|business studies"),
    ("Sachunterricht", "General studies", "sachunterricht|sachkunde|general studies"),
    ("Religion", "Religious education", "religion|religious education"),
    ("Ethik", "Ethics", "ethik|ethics"),
    ("Philosophie", "Philosophy", "philosophie|philosophy"),
    ("Pädagogik", "Pedagogy", "pädagogik|pedagogy"),
    ("Psychologie", "Psychology", "psychologie|psychology"),
    ("Musik", "Music", "musik|music"),
    ("Kunst", "Art", "kunst|art"),
    ("Sport", "PE", "sport|pe|physical education"),
    ("Technik", "Design and technology", "technik|werken|design and technology"),
    ("Darstellendes Spiel", "Drama", "darstellendes spiel|drama"),
)
_NAMES = {
    word: (german, english) for german, english, words in _SUBJECTS for word in words.split("|")
}
_COMPOUND = (
    r"(?:-?(?:unterrichts?|stunden?|arbeit|klausur|test|quiz|aufgaben|lehrer\w*"
    r"|arbeitsbl[aä]tt\w*))?"
)
_LONGEST_FIRST = "|".join(sorted(_NAMES, key=len, reverse=True))
_WORD = re.compile(rf"\b({_LONGEST_FIRST}){_COMPOUND}\b(?! (?:of|von)\b)", re.I)
_NAMED = re.compile(r"\b(?:fach|subject)\b *[:=]? *([^\W\d_][\w-]{2,40})", re.I)
_ENGLISH_LANGUAGES = frozenset({"english", "german", "french", "spanish", "italian"})


def find_subject(text: str) -> tuple[str | None, list[Span]]:
    """Return the subject as the teacher's word for it, and the spans that name it."""
    known = (match for match in _WORD.finditer(text) if _is_subject(text, match))
    match = next(known, None) or _NAMED.search(text)
    return (match.group(1), [match.span()]) if match else (None, [])


def subject_name(word: str, language: str) -> str:
    """Return the full name of a known subject in `language`, any other word as it is."""
    german, english = _NAMES.get(word.strip().lower(), (word, word))
    return german if language == "de" else english


def _is_subject(text: str, match: re.Match[str]) -> bool:
    """Tell a subject from a topic ("über Kunst") and from a language ("auf Englisch")."""
    start = match.start()
    if follows_topic_cue(text, start) or text[match.end() : match.end() + 1] == "-":
        return False
    before = f" {text[max(0, start - 5) : start]}"[-5:].lower()
    is_language = match.group(1).lower() in _ENGLISH_LANGUAGES
    return before != " auf " and not (is_language and before.endswith(" in "))
