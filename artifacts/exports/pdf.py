"""PDF on A4, with a font of our own that knows umlauts, Cyrillic and Greek."""

import datetime as dt
import logging
from pathlib import Path
from xml.sax.saxutils import escape

from fpdf import FPDF, FontFace
from fpdf.enums import MethodReturnValue, TableCellFillMode, VAlign, XPos, YPos

from artifacts.exports.marks import AI_KEYWORD, AI_SOURCE, CREATOR, language_tag
from artifacts.sheets import Block, Heading, Items, Lines, PageBreak, Paragraph, Sheet, Table

for _name in ("fpdf", "fontTools"):  # they log which characters a font lacks: content
    logging.getLogger(_name).setLevel(logging.ERROR)

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
SIZE = 10.5  # points
LINE = 5.5  # mm
INDENT = 8  # mm
ROW_LINES_MAX = 20  # of a table's row; a higher one would not fit on a page
_HEADINGS = {0: 18, 1: 14, 2: 11.5}  # points, by level
_SHADE = (231, 237, 243)


class _File(FPDF):
    def footer(self) -> None:
        """Number the pages."""
        self.set_y(-15)
        self.set_font(FONT, size=8)
        self.cell(0, LINE, f"{self.page_no()} / {{nb}}", align="C")


def write(sheet: Sheet) -> bytes:
    """Return a sheet as a PDF file, lying where a table is wide."""
    file = _File("landscape" if sheet.is_wide else "portrait", format="A4")
    file.set_margin(20)
    file.set_auto_page_break(True, margin=20)
    file.add_font(FONT, fname=FONTS / "DejaVuSans.ttf")
    file.add_font(FONT, style="B", fname=FONTS / "DejaVuSans-Bold.ttf")
    _describe(file, sheet)
    file.add_page()
    _heading(file, sheet.title, 0)
    for block in sheet.told():
        _add(file, block)
    return bytes(file.output())


def _describe(file: FPDF, sheet: Sheet) -> None:
    """Fill the properties; what an AI made says so to people and to programs."""
    file.set_title(sheet.title)
    file.set_author(CREATOR)
    file.set_creator(CREATOR)
    file.set_producer(CREATOR)
    file.set_lang(language_tag(sheet.language))
    file.set_creation_date(dt.datetime.now(dt.UTC))
    if sheet.is_ai_made:
        file.set_keywords(AI_KEYWORD)
        file.set_xmp_metadata(_XMP.format(title=escape(sheet.title)))


_XMP = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{{title}}</rdf:li></rdf:Alt></dc:title>
<Iptc4xmpExt:DigitalSourceType>{AI_SOURCE}</Iptc4xmpExt:DigitalSourceType>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def _add(file: FPDF, block: Block) -> None:
    match block:
        case Heading():
            _heading(file, block.text, block.level)
        case Paragraph():
            if block.is_note:
                file.set_text_color(80)
            _text(file, block.text)
            file.set_text_color(0)
        case Items():
            _items(file, block)
        case Table():
            _table(file, block)
        case Lines():
            _lines(file, block.count)
        case PageBreak():
            file.add_page()


def _heading(file: FPDF, text: str, level: int) -> None:
    file.set_font(FONT, "B", _HEADINGS[level])
    height = LINE + _HEADINGS[level] / 6
    lines = _lines_of(file, text)
    # A heading does not stay alone at the foot of a page.
    if level and file.will_page_break(height * len(lines) + 4 * LINE):
        file.add_page()
    if level:
        file.ln(LINE / 2)
    file.start_section(text.replace("\n", " "), level=level, strict=False)
    file.multi_cell(0, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    file.ln(1)


def _lines_of(file: FPDF, text: str, width: float = 0) -> list[str]:
    """Return the lines a text would take."""
    found = file.multi_cell(
        width, LINE, text, padding=0, dry_run=True, output=MethodReturnValue.LINES
    )
    assert isinstance(found, list)
    return found


def _text(file: FPDF, text: str, *, after: float = 2) -> None:
    file.set_font(FONT, size=SIZE)
    file.multi_cell(0, LINE, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    file.ln(after)


def _items(file: FPDF, items: Items) -> None:
    marks = {"bullet": "•", "box": "☐"}
    left = file.l_margin
    for number, text in enumerate(items.texts, 1):
        file.set_font(FONT, size=SIZE)
        if file.will_page_break(LINE):
            file.add_page()
        file.cell(INDENT, LINE, marks.get(items.style, f"{number}."))
        file.set_left_margin(left + INDENT)
        _text(file, text, after=0.5)
        file.set_left_margin(left)
        file.set_x(left)
    file.ln(2)


def _table(file: FPDF, table: Table) -> None:
    file.set_font(FONT, size=SIZE - 1)
    shares = table.widths or (1,) * len(table.header)
    with file.table(
        col_widths=shares,
        line_height=LINE - 0.5,
        padding=(0.6, 1.5),
        text_align="LEFT",
        v_align=VAlign.T,
        headings_style=FontFace(emphasis="BOLD", fill_color=_SHADE),
        cell_fill_mode=TableCellFillMode.NONE,
    ) as made:
        made.row(table.header)
        for row in table.rows:
            for part in _parts(file, row, shares):
                made.row(part)
    file.ln(3)


def _parts(file: FPDF, row: tuple[str, ...], shares: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Cut a row that would be higher than a page into several."""
    columns = []
    for text, share in zip(row, shares, strict=True):
        width = file.epw * share / sum(shares)
        lines = _lines_of(file, text, width - 3)
        starts = range(0, max(1, len(lines)), ROW_LINES_MAX)
        columns.append(["\n".join(lines[n : n + ROW_LINES_MAX]) for n in starts])
    if all(len(column) == 1 for column in columns):
        return [row]
    height = max(map(len, columns))
    filled = [column + [""] * (height - len(column)) for column in columns]
    return list(zip(*filled, strict=True))


def _lines(file: FPDF, count: int) -> None:
    for _number in range(count):
        file.ln(9)
        if file.will_page_break(LINE):
            file.add_page()
        file.line(file.l_margin, file.y, file.w - file.r_margin, file.y)
    file.ln(4)
