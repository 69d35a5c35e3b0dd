"""What reports draw: the same on the page and on paper."""

import re

import pytest

from aggregator import report_text
from aggregator.adapters import report_plot_fpdf2
from aggregator.adapters.report_pdf_fpdf2 import pdf
from aggregator.core.report import Report, Row, Table, Value, table
from aggregator.core.report_plot import PLOTS, drawn, labelled, scale
from contract.kinds import KINDS
from contract.texts import LANGUAGES, Language
from tests.courses import CALENDAR, SHIFT, T0
from tests.unit.test_report_text import every, streams_of

HOUR, DAY = 3_600.0, 86_400.0


def load(*rows: Row) -> Table:
    return table("load", "begin:span opened:count peak:count budget:number", rows)


def hours(*counts: int) -> Table:
    """counts: the peaks."""
    return load(*((T0 + n * HOUR, 2 * count, count, 4.0) for n, count in enumerate(counts)))


def printed(*tables: Table, language: Language = "en") -> list[str]:
    """The pages' drawing commands."""
    document = pdf(report_text.paper(Report("shift", SHIFT, tables), CALENDAR, language, T0, "agus", ""))
    return [one for one in streams_of(document) if "BT" in one]


def test_each_plot_names_columns_that_its_table_has() -> None:
    found = {one.key: {column.key for column in one.columns} for report in every() for one in report.tables}
    for key, spec in PLOTS.items():
        named = {spec.x, *spec.series, *(spec.interval or ()), *filter(None, (spec.by, spec.limit))}
        assert named <= found[key], key


def test_what_is_drawn_are_the_tables_own_values() -> None:
    plot = drawn(hours(3, 9, 0))
    assert plot is not None
    assert [(one.key, one.values) for one in plot.series] == [("peak", (3, 9, 0))]
    assert (plot.ticks, plot.limit, plot.daily) == ((0, 2, 4, 6, 8, 10), 4.0, False)


def test_what_is_measured_against_a_limit_counts_over_the_same_time_and_has_it_on_its_scale() -> None:
    """Both over ten minutes: what was opened in the whole hour is on another scale."""
    assert PLOTS["load"].series == ("peak",)
    plot = drawn(hours(1, 0))
    assert plot is not None
    assert (plot.ticks, plot.limit) == ((0, 1, 2, 3, 4), 4.0)


def test_nothing_but_nought_is_not_drawn_and_neither_is_a_table_without_a_plot() -> None:
    assert drawn(hours(0, 0)) is None
    assert drawn(load()) is None
    assert drawn(table("by_severity", "severity opened:count", [("major", 3)])) is None


def test_a_line_of_each_district_and_of_the_first_five_alone() -> None:
    rows: list[Row] = [(name, T0 + n * HOUR, 0.5 + n / 10) for name in "abcdef" for n in range(2)]
    del rows[3]
    plot = drawn(table("coverage_districts_over_time", "district:place begin:span coverage:share", rows))
    assert plot is not None
    assert [one.key for one in plot.series] == list("abcde")
    assert [one.values for one in plot.series[:2]] == [(0.5, 0.6), (0.5, None)]


def test_an_interval_is_drawn_where_it_is_known() -> None:
    columns = "begin:span right:count wrong:count precision:share low:share high:share"
    plot = drawn(table("precision_over_time", columns, [(T0, 1, 1, 0.5, 0.2, 0.8), (T0 + DAY, 0, 0, None, None, None)]))
    assert plot is not None
    assert plot.intervals == ((0.2, 0.8), None)
    assert (plot.series[0].values, plot.daily) == ((0.5, None), True)
    assert plot.ticks == (0, 0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("most", "whole", "ticks"),
    [
        (1, True, (0, 1)),
        (4, True, (0, 1, 2, 3, 4)),
        (7, True, (0, 2, 4, 6, 8)),
        (130, True, (0, 50, 100, 150)),
        (50_000, True, (0, 10_000, 20_000, 30_000, 40_000, 50_000)),
    ],
)
def test_a_scale_has_round_steps_and_holds_the_greatest(most: float, whole: bool, ticks: tuple[float, ...]) -> None:
    assert scale(most, whole) == ticks


@pytest.mark.parametrize("most", range(1, 2_000, 7))
def test_every_scale_holds_what_it_is_for(most: int) -> None:
    ticks = scale(most, True)
    assert 2 <= len(ticks) <= 7
    assert ticks[-2] < most <= ticks[-1]


def test_labels_that_fit_are_spread_evenly() -> None:
    assert list(labelled(10, 4)) == [0, 3, 6, 9]
    assert list(labelled(3, 9)) == [0, 1, 2]
    assert list(labelled(0, 0)) == []


@pytest.mark.parametrize(("language", "words"), [("en", ("Peak", "Budget")), ("id", ("Puncak", "Anggaran"))])
def test_paper_has_the_plot_with_its_words_above_the_table(language: Language, words: tuple[str, str]) -> None:
    (page,) = printed(hours(3, 9, 0), language=language)
    assert page.index(words[0]) < page.index("(07:00)") < page.index("2 Mar 2026 08:00)")
    assert words[1] in page
    (empty,) = printed(hours(0, 0), language=language)
    assert "(07:00)" not in empty
    assert "2 Mar 2026 08:00)" in empty


def test_bars_are_as_high_as_their_values() -> None:
    """A peak of 9 is three times 3."""
    (page,) = printed(hours(3, 9, 1))
    blue = page[page.rindex("0.1216 0.4118 0.6706 rg") :]
    heights = [abs(float(high)) for high in re.findall(r"[\d.]+ [\d.]+ [\d.]+ (-?[\d.]+) re f\b", blue)]
    _legend, first, second, *_ = heights
    assert second == pytest.approx(3 * first, abs=0.1)


def test_a_value_between_unknown_ones_is_marked_however_many_there_are() -> None:
    """A line that holds one point alone is nothing on paper."""
    columns = "begin:span coverage:share"

    def marks(known: int) -> int:
        rows: list[Row] = [(T0 + n * DAY, 0.5 if n == known else None) for n in range(91)]
        return printed(table("coverage_over_time", columns, rows))[0].count(" c\n")

    one, other = marks(40), marks(41)
    assert one == other > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plot_prints_and_takes_the_room_that_it_says(language: Language) -> None:
    columns = {key: one.columns for report in every() for one in report.tables for key in [one.key] if key in PLOTS}
    samples = {"text": "x", "place": "monas"}
    for key, known in columns.items():
        rows: list[Row] = []
        for n, kind in enumerate(KINDS):
            values: dict[str, Value] = {
                "kind": kind,
                "span": T0 + n * DAY,
                "bin": 30 * (n + 1),
                "count": n,
                "share": n / 40,
                "number": 4.0,
            }
            rows.append(tuple(values.get(column.type, samples.get(column.type, n)) for column in known))
        made = Table(key, known, tuple(rows), len(rows))
        picture = report_text.paper(Report("shift", SHIFT, (made,)), CALENDAR, language, T0, "a", "").sheets[0].picture
        assert picture is not None, key
        assert len(picture.below) == len(picture.plot.x)
        assert report_plot_fpdf2.height(picture) < 180
        assert printed(made, language=language)
