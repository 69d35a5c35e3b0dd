"""Reports as PDF, by fpdf2: A4 across, each table below its plot, with its headings on every page it runs over.

The fonts are those that every PDF reader has, which know Latin letters alone. Names may be in any script: what the font
lacks is written without its accent or as "?", since no font of all scripts is small.
"""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace

from aggregator.adapters import report_plot_fpdf2
from aggregator.core.report_sheet import Paper, Sheet

_SIGNS = str.maketrans(
    {"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "•": "-", "≤": "<=", "−": "-"}
)
_HEAD = FontFace(emphasis="BOLD", fill_color=(226, 233, 241), color=(20, 32, 44))


class _Document(FPDF):
    def __init__(self, foot: str, page: str) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._foot, self._page = foot, page
        self.set_margins(12, 12)
        self.set_auto_page_break(True, 16)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("helvetica", size=8)
        self.set_text_color(90)
        self.cell(0, 6, self._foot, align="L")
        self.set_x(12)
        self.cell(0, 6, f"{self._page} {self.page_no()}/{{nb}}", align="R")


def pdf(paper: Paper) -> bytes:
    """See aggregator.core.report_sheet.Printer."""
    document = _Document(printable(paper.foot), printable(paper.page))
    document.set_title(printable(paper.title))
    document.set_creator("Jaga")
    document.set_creation_date(datetime.fromtimestamp(paper.made, UTC))
    document.add_page()
    document.set_font("helvetica", "B", 18)
    document.cell(0, 10, printable(paper.title), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    document.set_font("helvetica", size=10)
    for line in paper.lines:
        document.cell(0, 5.5, printable(line), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for sheet in paper.sheets:
        _sheet(document, sheet, printable(paper.empty))
    return bytes(document.output())


def _sheet(document: FPDF, sheet: Sheet, empty: str) -> None:
    picture = sheet.picture
    if document.will_page_break(36 if picture is None else 20 + report_plot_fpdf2.height(picture)):
        document.add_page()
    document.ln(5)
    document.set_font("helvetica", "B", 12)
    document.set_text_color(20, 32, 44)
    document.start_section(printable(sheet.title))
    document.cell(0, 7, printable(sheet.title), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if picture is not None:
        report_plot_fpdf2.draw(document, picture, printable)
    document.set_font("helvetica", size=8.5)
    if sheet.rows:
        _table(document, sheet)
    else:
        document.cell(0, 6, empty, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if sheet.note:
        document.cell(0, 6, printable(sheet.note), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(document: FPDF, sheet: Sheet) -> None:
    rows = [[printable(_short(cell)) for cell in row] for row in sheet.rows]
    heads = [printable(one) for one in sheet.headings]
    with document.table(
        headings_style=_HEAD,
        borders_layout="HORIZONTAL_LINES",
        cell_fill_color=(245, 247, 250),
        cell_fill_mode=TableCellFillMode.ROWS,
        col_widths=_widths(document, heads, rows),
        text_align=tuple("RIGHT" if numeric else "LEFT" for numeric in sheet.numeric),
        line_height=4.6,
        padding=(0.6, 1.2),
    ) as made:
        for row in (heads, *rows):
            made.row(row)


LONGEST = 400
"""Signs of one cell: a row has to fit on a page."""


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 3]}..."


def _widths(document: FPDF, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """By the widest of each column, between bounds: what is longer goes on below."""
    found = []
    for at, head in enumerate(heads):
        longest = max((document.get_string_width(row[at]) for row in rows[:200]), default=0.0)
        words = max((document.get_string_width(word) for word in head.split()), default=0.0)
        found.append(min(90.0, max(longest, words * 1.15, 9.0)) + 3.0)
    spare = document.epw - sum(found)
    return tuple(width + max(0.0, spare) / len(found) for width in found)


def printable(words: str) -> str:
    """What the core fonts can show (Latin-1): signs in plain form, letters without accents they lack, else "?"."""
    made = []
    for sign in words.translate(_SIGNS):
        if sign.isprintable() and ord(sign) < 256:
            made.append(sign)
            continue
        plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if ord(part) < 256 and part.isprintable())
        made.append(" " if sign.isspace() else plain or ("" if unicodedata.combining(sign) else "?"))
    return "".join(made)
