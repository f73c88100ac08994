"""DOCX, PDF and Markdown, read back: everything of a document is in them, and answers apart."""

import re
import shutil
import subprocess
import zipfile
from io import BytesIO

import pypdf
import pytest
from django.utils.translation import override
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from hypothesis import HealthCheck, given, settings

from artifacts.exports import export
from artifacts.kinds.rules import plain
from tests.artifacts.documents import documents
from tests.artifacts.reading import READERS, docx_text, md_text, pdf_text, squeezed
from tests.artifacts.samples import KIND_NAMES, sample

# They are said in the words of the document's language, or not meant to be read.
UNSAID = {"kind", "version", "language", "id", "type", "level", "aid", "degree", "form",
          "solution_id", "ai_generated", "correct", "lines_to_write"}  # fmt: skip
TEACHERS_OWN = {"solution", "expectation", "answers", "expected", "code", "finale", "feedback"}
MARK = "digitalsourcetype/trainedAlgorithmicMedia"


def as_file(kind, content, format_name="docx", *, edition="teacher", title="Brüche", ai=False):
    artifact = {"title": title, "kind": kind, "content": content}
    return export(artifact, format_name, edition, is_ai_made=ai)


def leaves(value, name=None):
    """Every text and number that people are to read."""
    if name in UNSAID or (name == "name" and value in {"basic", "middle", "advanced"}):
        return
    if isinstance(value, dict):
        for member, each in value.items():
            yield from leaves(each, member)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, name)
    elif name != "lines" or isinstance(value, str):
        yield plain(value) if isinstance(value, int | float) else value


def lost(document, text):
    with override(document["language"]):
        return [each for each in leaves(document) if squeezed(each) not in text]


@pytest.mark.claim(39)
@pytest.mark.parametrize("format_name", READERS)
@pytest.mark.parametrize("kind", KIND_NAMES)
def test_nothing_of_a_document_is_lost(kind, format_name):
    document = sample(kind)
    text = READERS[format_name](as_file(kind, document, format_name).content)
    assert lost(document, text) == []
    assert "Brüche" in text


@pytest.mark.parametrize("format_name", ["docx", "md"])
@pytest.mark.parametrize("kind", KIND_NAMES)
def test_nothing_of_any_document_is_lost(kind, format_name):
    @settings(max_examples=6, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(documents(kind))
    def check(document):
        text = READERS[format_name](as_file(kind, document, format_name).content)
        assert lost(document, text) == []

    check()


@pytest.mark.parametrize("format_name", READERS)
@pytest.mark.parametrize("kind", ["worksheet", "exam", "quiz", "escape_room", "mystery"])
def test_the_pupils_edition_has_no_answers(kind, format_name):
    document, read = sample(kind), READERS[format_name]
    teachers = read(as_file(kind, document, format_name).content)
    pupils = read(as_file(kind, document, format_name, edition="pupil").content)
    parts = document.get("tasks") or document.get("questions") or document.get("riddles") or ()
    secrets = [
        secret
        for part in (*parts, {"solution": document.get("solution", [])})
        if isinstance(part, dict)
        for name in TEACHERS_OWN & set(part)
        for secret in leaves(part[name], name)
        if len(squeezed(secret)) > 3
    ]
    assert secrets
    assert [each for each in secrets if squeezed(each) not in teachers] == []
    assert [each for each in secrets if squeezed(each) in pupils] == []
    assert squeezed(document["topic"]) in pupils


def test_a_docx_has_real_headings_tables_language_and_a_page_of_its_own_for_answers():
    content = as_file("exam", sample("exam"), title="Klassenarbeit: Brüche").content
    file = Document(BytesIO(content))
    styles = [paragraph.style.name for paragraph in file.paragraphs]
    assert styles[0] == "Title"
    assert styles.count("Heading 2") == 3
    texts = [paragraph.text for paragraph in file.paragraphs]
    horizon = texts.index("Erwartungshorizont")
    assert styles[horizon] == "Heading 1"
    assert 'w:br w:type="page"' in file.paragraphs[horizon - 1]._p.xml
    for table in file.tables:
        assert [row._tr.find(f".//{qn('w:tblHeader')}") is not None for row in table.rows] == [
            True, *[False] * (len(table.rows) - 1),
        ]  # fmt: skip
    languages = {each.get(qn("w:val")) for each in file.styles.element.iter(qn("w:lang"))}
    assert languages == {"de-DE"}
    about = file.core_properties
    assert (about.title, about.author, about.language) == (
        "Klassenarbeit: Brüche",
        "eduhu",
        "de-DE",
    )
    page = file.sections[0]
    assert (round(page.page_width.cm), round(page.page_height.cm, 1)) == (21, 29.7)
    assert "NUMPAGES" in page.footer.paragraphs[0]._p.xml


def test_a_wide_table_lies_and_an_english_document_speaks_english():
    file = Document(BytesIO(as_file("lesson_plan", sample("lesson_plan", language="en")).content))
    assert file.sections[0].orientation == WD_ORIENT.LANDSCAPE
    assert [cell.text for cell in file.tables[0].rows[0].cells][:3] == ["Phase", "Time", "Teacher"]
    assert file.core_properties.language == "en-GB"
    pdf = pypdf.PdfReader(BytesIO(as_file("lesson_plan", sample("lesson_plan"), "pdf").content))
    assert pdf.pages[0].mediabox.width > pdf.pages[0].mediabox.height


def test_what_an_ai_made_says_so_in_its_properties():
    for ai in (True, False):
        with zipfile.ZipFile(BytesIO(as_file("game", sample("game"), ai=ai).content)) as docx:
            words = b"".join(docx.read(n) for n in docx.namelist() if n.endswith((".xml", ".rels")))
            assert ("docProps/custom.xml" in docx.namelist()) is ai
        pdf = pypdf.PdfReader(BytesIO(as_file("game", sample("game"), "pdf", ai=ai).content))
        metadata = pdf.xmp_metadata and pdf.xmp_metadata.stream.get_data().decode()
        markdown = as_file("game", sample("game"), "md", ai=ai).content.decode()
        assert (MARK in words.decode()) is (MARK in str(metadata)) is (MARK in markdown) is ai
        assert (pdf.metadata.get("/Keywords") == "AI-generated") is ai


def test_a_pdf_knows_umlauts_cyrillic_and_polish_and_says_what_it_is():
    text = "Füße, Łódź, Жук и щука, Ωμέγα, „Zitat“ – ½ ≤ ¾ ☐"
    content = as_file("parent_letter", sample("parent_letter", paragraphs=[text]), "pdf").content
    assert squeezed(text) in pdf_text(content)
    pdf = pypdf.PdfReader(BytesIO(content))
    assert pdf.metadata.title == "Brüche"
    assert pdf.root_object["/Lang"] == "de-DE"
    assert pdf.outline[0].title == "Brüche"
    fonts = {font for page in pdf.pages for font in page["/Resources"]["/Font"]}
    assert fonts
    assert b"/FontFile2" in content  # the font is in the file


def test_a_cell_that_is_longer_than_a_page_is_cut_into_rows_and_nothing_is_lost():
    document = sample("worksheet")
    words = " ".join(f"Wort{number}" for number in range(1200))
    document["tasks"][0]["solution"] = words
    text = pdf_text(as_file("worksheet", document, "pdf").content)
    assert all(f"Wort{number}" in text for number in range(1200))


def test_characters_that_xml_cannot_hold_and_those_no_font_has_do_no_harm():
    odd = "a\x01b\x0cc\ufffe 漢字 👩🏽‍🏫 <b>&amp;</b>"
    document = sample("parent_letter", paragraphs=[odd])
    assert "abc" in docx_text(as_file("parent_letter", document, title="T\x02").content)
    assert "漢字" in docx_text(as_file("parent_letter", document).content)
    assert "<b>&amp;</b>" in pdf_text(as_file("parent_letter", document, "pdf").content)


MARKDOWN = """# Brüche

Eine **wichtige** *Regel*: [hier](https://example.org) steht `1/2`.
Zweite Zeile.

- Punkt eins
- Punkt zwei
  - darunter

1. zuerst
2. dann

> Merke!

| Phase | Zeit |
| --- | --- |
| Einstieg | **5 min** |

```
3/4 > 2/3
```
---
Ende
"""


def test_a_text_is_exported_with_its_headings_lists_and_tables():
    for format_name, read in (("docx", docx_text), ("pdf", pdf_text)):
        text = read(as_file("text", MARKDOWN, format_name).content)
        for said in ("EinewichtigeRegel:hiersteht1/2.ZweiteZeile.", "Punktzwei", "darunter",
                     "Merke!", "5min", "3/4>2/3", "Ende"):  # fmt: skip
            assert said in text, (format_name, said)
        assert "**" not in text
    file = Document(BytesIO(as_file("text", MARKDOWN).content))
    assert file.tables[0].cell(1, 1).text == "5 min"
    assert as_file("text", MARKDOWN, "md").content.decode() == MARKDOWN


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Brüche & Größen", "Brüche & Größen.docx"),
        ('Жук/щука: "1:2"?', "Жук щука 1 2.docx"),
        ("../../etc/passwd", "etc passwd.docx"),
        ("...", "eduhu.docx"),
        ("x" * 200, "x" * 100 + ".docx"),
        ("a\u202egnp\r\nb", "a gnp b.docx"),
    ],
)
def test_a_file_is_called_what_its_title_is_called(title, name):
    file = as_file("game", sample("game"), title=title)
    assert file.name == name
    plain_name, _, encoded = file.disposition.partition("; filename*=UTF-8''")
    assert re.fullmatch(r'attachment; filename="[\x20-\x7e]+\.docx"', plain_name)
    assert plain_name.count('"') == 2
    assert re.fullmatch(r"[A-Za-z0-9%._~-]+", encoded)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffice_opens_a_docx(tmp_path):
    kinds = ("exam", "lesson_plan", "quiz")
    for kind in kinds:
        (tmp_path / f"{kind}.docx").write_bytes(as_file(kind, sample(kind)).content)
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    files = sorted(map(str, tmp_path.glob("*.docx")))
    subprocess.run(
        [*command, "--convert-to", "pdf", "--outdir", tmp_path, *files],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    for kind in kinds:
        assert lost(sample(kind), pdf_text((tmp_path / f"{kind}.pdf").read_bytes())) == []


def test_markdown_shows_marks_as_they_were_written():
    odd = "# kein Titel\n- kein Punkt\n1. keine Liste\n*nicht* kursiv | [x](y) `z` <b> &amp; $x$ ~~a~~"
    document = sample("parent_letter", paragraphs=[odd])
    assert squeezed(odd) in md_text(as_file("parent_letter", document, "md").content)
