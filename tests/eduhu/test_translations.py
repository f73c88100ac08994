"""German texts: every English text for people has one, and what is compiled is what is written."""

import ast
import gettext
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CATALOG = ROOT / "eduhu" / "locale" / "de" / "LC_MESSAGES" / "django"
PACKAGES = ("eduhu", "teachers", "chats", "artifacts", "monitoring")
NAMES = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}


def written_texts():
    """The texts of the .po file, by their English."""
    texts, key = {}, None
    for line in CATALOG.with_suffix(".po").read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word in {"msgid", "msgid_plural", "msgstr", "msgstr[0]", "msgstr[1]"}:
            key = word
            if word == "msgid":
                texts[current := len(texts)] = {}
            texts[current][key] = ast.literal_eval(rest)
        elif line.startswith('"') and key:
            texts[current][key] += ast.literal_eval(line)
        else:
            key = None
    return {each["msgid"]: each for each in texts.values() if each["msgid"]}


def texts_in_code():
    """Every literal that the product marks as a text for people."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                is_marked = isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMES
                if is_marked and isinstance(node.args[0], ast.Constant):
                    yield path.relative_to(ROOT), node.args[0].value


def test_every_text_for_people_has_its_german():
    written = written_texts()
    missing = {
        f"{path}: {text}"
        for path, text in texts_in_code()
        if not (written.get(text, {}).get("msgstr") or written.get(text, {}).get("msgstr[0]"))
    }
    assert not missing


def test_the_compiled_file_is_fresh():
    with CATALOG.with_suffix(".mo").open("rb") as compiled:
        catalog = gettext.GNUTranslations(compiled)
    for text, entry in written_texts().items():
        german = entry.get("msgstr") or entry["msgstr[0]"]
        found = catalog.ngettext(text, entry["msgid_plural"], 1) if "msgid_plural" in entry else (
            catalog.gettext(text)
        )  # fmt: skip
        assert found == german or "msgctxt" in entry, f"compile again: {text}"


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Too many requests. Please wait a moment.", "Zu viele Anfragen"),
        ("Lesson planning", "Unterrichtsplanung"),
    ],
)
def test_teachers_read_german(english, german):
    from django.utils.translation import gettext as translate
    from django.utils.translation import override

    with override("de"):
        assert german in translate(english)
