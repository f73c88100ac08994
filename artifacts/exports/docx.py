"""Word (DOCX): real headings and tables, so that a teacher can go on writing."""

import datetime as dt
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Emu, Pt

from artifacts.exports.marks import AI_KEYWORD, AI_SOURCE, CREATOR, language_tag
from artifacts.sheets import Block, Heading, Items, Lines, PageBreak, Paragraph, Sheet, Table

MARGIN = Cm(2)
_SHADE = "E7EDF3"
_CUSTOM = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
 xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">
<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" name="DigitalSourceType">
<vt:lpwstr>{AI_SOURCE}</vt:lpwstr></property></Properties>"""

# python-docx leaves most of what it makes untyped.
Docx = Any


def write(sheet: Sheet) -> bytes:
    """Return a sheet as a DOCX file on A4, lying where a table is wide."""
    file = Document()
    _set_page(file, is_wide=sheet.is_wide)
    _set_language(file, language_tag(sheet.language))
    _describe(file, sheet)
    file.add_heading(sheet.title, 0)
    for block in sheet.told():
        _add(file, block)
    written = BytesIO()
    file.save(written)
    return written.getvalue()


def _set_page(file: Docx, *, is_wide: bool) -> None:
    section = file.sections[0]
    width, height = Cm(21), Cm(29.7)
    if is_wide:
        section.orientation, width, height = WD_ORIENT.LANDSCAPE, height, width
    section.page_width, section.page_height = width, height
    section.left_margin = section.right_margin = MARGIN
    section.top_margin = section.bottom_margin = MARGIN
    _number_pages(section.footer.paragraphs[0])
    normal = file.styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)


def _number_pages(paragraph: Docx) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for field in ("PAGE", "NUMPAGES"):
        if field == "NUMPAGES":
            paragraph.add_run(" / ")
        simple = OxmlElement("w:fldSimple")
        simple.set(qn("w:instr"), field)
        paragraph._p.append(simple)


def _set_language(file: Docx, tag: str) -> None:
    for language in file.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), tag)


def _describe(file: Docx, sheet: Sheet) -> None:
    """Fill the properties; what an AI made says so to people and to programs."""
    about, now = file.core_properties, dt.datetime.now(dt.UTC).replace(tzinfo=None)
    about.title, about.author, about.last_modified_by = sheet.title[:255], CREATOR, CREATOR
    about.language, about.comments, about.keywords = language_tag(sheet.language), "", ""
    about.created = about.modified = now
    if sheet.is_ai_made:
        about.keywords, about.comments = AI_KEYWORD, AI_SOURCE
        package = file.part.package
        content_type = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
        part = Part(PackURI("/docProps/custom.xml"), content_type, _CUSTOM.encode(), package)
        package.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_PROPERTIES)


def _add(file: Docx, block: Block) -> None:
    match block:
        case Heading():
            file.add_heading(block.text, block.level)
        case Paragraph():
            file.add_paragraph().add_run(block.text).italic = block.is_note or None
        case Items():
            _add_items(file, block)
        case Table():
            _add_table(file, block)
        case Lines():
            _add_lines(file, block.count)
        case PageBreak():
            file.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _add_items(file: Docx, items: Items) -> None:
    for number, text in enumerate(items.texts, 1):
        if items.style == "bullet":
            file.add_paragraph(text, style="List Bullet")
            continue
        mark = "☐" if items.style == "box" else f"{number}."
        paragraph = file.add_paragraph(f"{mark}\t{text}")
        paragraph.paragraph_format.left_indent = Cm(0.8)
        paragraph.paragraph_format.first_line_indent = Cm(-0.8)
        paragraph.paragraph_format.tab_stops.add_tab_stop(Cm(0.8))


def _add_table(file: Docx, table: Table) -> None:
    made = file.add_table(1 + len(table.rows), len(table.header), style="Table Grid")
    made.autofit = False
    section = file.sections[0]
    space = section.page_width - section.left_margin - section.right_margin
    shares = table.widths or (1,) * len(table.header)
    widths = [Emu(space * share // sum(shares)) for share in shares]
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    for row, texts in zip(made.rows, (table.header, *table.rows), strict=True):
        _keep_together(row, is_header=texts is table.header)
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = width
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
            run = cell.paragraphs[0].add_run(text)
            run.bold = texts is table.header or None
            if texts is table.header:
                _shade(cell)
    # Word joins two tables that touch.
    gap = file.add_paragraph().paragraph_format
    gap.space_after, gap.line_spacing = Pt(0), Pt(8)


def _keep_together(row: Docx, *, is_header: bool) -> None:
    names = ["w:cantSplit", *(["w:tblHeader"] if is_header else [])]
    for name in names:
        row._tr.get_or_add_trPr().append(OxmlElement(name))


def _shade(cell: Docx) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", _SHADE)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _add_lines(file: Docx, count: int) -> None:
    section = file.sections[0]
    end = section.page_width - section.left_margin - section.right_margin
    for _number in range(count):
        paragraph = file.add_paragraph("\t")
        stops = paragraph.paragraph_format.tab_stops
        stops.add_tab_stop(end, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.LINES)
