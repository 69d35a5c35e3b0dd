"""Plots of reports on paper, as lines and areas of the PDF itself: sharp at any size, and no picture in the file.

Series differ in dashes, marks and hatching, not in colour alone: many printers have none. Lengths are millimetres.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fpdf import FPDF

from aggregator.core.report_plot import labelled
from aggregator.core.report_sheet import Picture

HEIGHT, LEFT, BELOW, ABOVE = 42.0, 13.0, 5.0, 3.0
"""Of the drawing itself; of the room for the scale at its left, for the labels below and above it."""
LEGEND = 5.5
BAR, NAME, LYING = 12.0, 58.0, 5.0
"""The most that a bar is wide; the room for the names of bars that lie, and what each of them takes."""
COLOURS = ((31, 105, 171), (199, 91, 18), (29, 122, 76), (122, 98, 12), (168, 24, 40))
DASHES = ((0.0, 0.0), (2.4, 1.4), (0.8, 1.0), (3.2, 1.0), (4.2, 2.2))
INK, FAINT, QUIET = (20, 32, 44), (216, 223, 230), (84, 97, 110)
MARK, MARKS = 0.95, 60
"""Half the size of a mark; about how many a line has at most."""

Words = Callable[[str], str]
"""What the fonts can show of a text."""


def height(picture: Picture) -> float:
    """What `draw` takes of the page."""
    if picture.tops:
        return LYING * len(picture.below) + 2
    return ABOVE + HEIGHT + BELOW + 2 + (LEGEND if _is_named(picture) else 0.0)


def _is_named(picture: Picture) -> bool:
    """Whether its series are named above it: several, or one beside a limit."""
    return len(picture.names) > 1 or picture.plot.limit is not None


def draw(document: FPDF, picture: Picture, words: Words) -> None:
    """From where the document stands, over its whole width; it stands below it afterwards."""
    top = document.get_y()
    document.set_font("helvetica", size=8)
    if picture.tops:
        _lying(document, picture, words)
    else:
        if _is_named(picture):
            _legend(document, picture, words)
        _Drawing(document, picture, words, document.get_y() + ABOVE).draw()
    document.set_dash_pattern()
    document.set_draw_color(0)
    document.set_fill_color(255)
    document.set_text_color(*INK)
    document.set_line_width(0.2)
    document.set_xy(document.l_margin, top + height(picture))


@dataclass(slots=True)
class _Drawing:
    """Over a scale, with what lies along x below it."""

    document: FPDF
    picture: Picture
    words: Words
    top: float

    @property
    def left(self) -> float:
        return self.document.l_margin + LEFT

    @property
    def width(self) -> float:
        return self.document.epw - LEFT

    @property
    def step(self) -> float:
        return self.width / max(1, len(self.picture.plot.x))

    def middle(self, at: int) -> float:
        return self.left + (at + 0.5) * self.step

    def y(self, value: float) -> float:
        return self.top + HEIGHT * (1 - value / self.picture.plot.ticks[-1])

    def draw(self) -> None:
        self._scale()
        if self.picture.plot.spec.kind == "bars":
            self._bars()
        else:
            self._lines()
        self._limit()
        self._axis()

    def _scale(self) -> None:
        document = self.document
        document.set_text_color(*QUIET)
        document.set_line_width(0.15)
        document.set_draw_color(*FAINT)
        for value, label in zip(self.picture.plot.ticks, self.picture.ticks, strict=True):
            document.line(self.left, self.y(value), self.left + self.width, self.y(value))
            shown = self.words(label)
            document.text(self.left - 1.5 - document.get_string_width(shown), self.y(value) + 1, shown)

    def _axis(self) -> None:
        document, below = self.document, [self.words(label) for label in self.picture.below]
        document.set_dash_pattern()
        document.set_draw_color(*INK)
        document.set_line_width(0.25)
        document.line(self.left, self.top + HEIGHT, self.left + self.width, self.top + HEIGHT)
        document.set_text_color(*QUIET)
        room = max((document.get_string_width(label) for label in below), default=1.0) + 3
        for at in labelled(len(below), int(self.width / room)):
            x = self.middle(at) - document.get_string_width(below[at]) / 2
            document.text(x, self.top + HEIGHT + BELOW - 1, below[at])

    def _bars(self) -> None:
        plot = self.picture.plot
        room = min(BAR, self.step * 0.78 / len(plot.series))
        for number, one in enumerate(plot.series):
            for at, value in enumerate(one.values):
                if value:
                    x = self.middle(at) + (number - len(plot.series) / 2) * room
                    _bar(self.document, number, x, self.y(value), room * 0.94, self.top + HEIGHT - self.y(value))

    def _lines(self) -> None:
        document, plot = self.document, self.picture.plot
        for number, one in enumerate(plot.series):
            _pen(document, number)
            points = [None if v is None else (self.middle(at), self.y(v)) for at, v in enumerate(one.values)]
            document.set_dash_pattern()
            document.set_line_width(0.2)
            for at, bounds in enumerate(plot.intervals):
                if bounds is not None:
                    low, high = map(self.y, bounds)
                    document.line(self.middle(at), low, self.middle(at), high)
                    for end in (low, high):
                        document.line(self.middle(at) - 1, end, self.middle(at) + 1, end)
            _pen(document, number)
            for before, after in pairwise(points):
                if before is not None and after is not None:
                    document.line(*before, *after)
            document.set_dash_pattern()
            some = labelled(len(points), MARKS)
            for at, point in enumerate(points):
                alone = not any(points[max(0, at - 1) : at] + points[at + 1 : at + 2])  # no line says it
                if point is not None and (at in some or alone):
                    _mark(document, number, *point)

    def _limit(self) -> None:
        plot, document = self.picture.plot, self.document
        if plot.limit is None:
            return
        y, shown = self.y(plot.limit), self.words(self.picture.limit)
        document.set_draw_color(*INK)
        document.set_line_width(0.3)
        document.set_dash_pattern(2, 1.5)
        document.line(self.left, y, self.left + self.width, y)
        document.set_text_color(*INK)
        document.set_fill_color(255)  # a bar may stand behind the words
        wide = document.get_string_width(shown)
        document.rect(self.left + self.width - wide - 1, y - 3.9, wide + 1, 3.5, style="F")
        document.text(self.left + self.width - wide - 0.5, y - 1, shown)


def _lying(document: FPDF, picture: Picture, words: Words) -> None:
    """Bars beside their names: what has many long names."""
    (one, *_), top = picture.plot.series, document.get_y() + 1
    most = max(value or 0.0 for value in one.values)
    room = document.epw - NAME - 16
    for at, (value, label, shown) in enumerate(zip(one.values, picture.below, picture.tops, strict=True)):
        y, name = top + at * LYING, words(label)
        while name and document.get_string_width(name) > NAME - 2:
            name = name[:-1]
        document.set_text_color(*INK)
        document.text(document.l_margin, y + LYING - 1.9, name)
        width = room * (value or 0.0) / most
        if width:
            _bar(document, 0, document.l_margin + NAME, y + 0.6, width, LYING - 1.6)
        document.text(document.l_margin + NAME + width + 1.5, y + LYING - 1.9, words(shown))


def _legend(document: FPDF, picture: Picture, words: Words) -> None:
    x, y = document.l_margin + LEFT, document.get_y() + 2
    for number, name in enumerate(map(words, picture.names)):
        if picture.plot.spec.kind == "bars":
            _bar(document, number, x, y - 1.2, 6, 2.6)
        else:
            _pen(document, number)
            document.line(x, y, x + 7, y)
            document.set_dash_pattern()
            _mark(document, number, x + 3.5, y)
        document.set_text_color(*INK)
        document.text(x + 8.5, y + 1, name)
        x += 14 + document.get_string_width(name)
    document.set_y(y + LEGEND - 2)


def _pen(document: FPDF, number: int) -> None:
    document.set_draw_color(*COLOURS[number % len(COLOURS)])
    document.set_fill_color(*COLOURS[number % len(COLOURS)])
    document.set_line_width(0.45)
    document.set_dash_pattern(*DASHES[number % len(DASHES)])


def _bar(document: FPDF, number: int, x: float, y: float, width: float, high: float) -> None:
    """The second series is hatched."""
    document.set_dash_pattern()
    document.set_fill_color(*COLOURS[number % len(COLOURS)])
    document.rect(x, y, width, high, style="F")
    if number % 2:
        document.set_draw_color(255)
        document.set_line_width(0.5)
        with document.rect_clip(x, y, width, high):
            at = 0.0
            while at < width + high:
                document.line(x + at - high, y + high, x + at, y)
                at += 1.8


def _mark(document: FPDF, number: int, x: float, y: float) -> None:
    """Circle, square, triangle, diamond, cross."""
    document.set_line_width(0.3)
    shapes: Sequence[Callable[[], object]] = (
        lambda: document.circle(x, y, MARK, style="F"),
        lambda: document.rect(x - MARK, y - MARK, 2 * MARK, 2 * MARK, style="F"),
        lambda: document.polygon([(x, y - 1.2), (x + 1.1, y + MARK), (x - 1.1, y + MARK)], style="F"),
        lambda: document.polygon([(x, y - 1.3), (x + 1.2, y), (x, y + 1.3), (x - 1.2, y)], style="F"),
        lambda: _cross(document, x, y),
    )
    shapes[number % len(shapes)]()


def _cross(document: FPDF, x: float, y: float) -> None:
    document.line(x - MARK, y - MARK, x + MARK, y + MARK)
    document.line(x - MARK, y + MARK, x + MARK, y - MARK)
