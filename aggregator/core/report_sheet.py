"""What a report is on paper: everything in words, so that whoever prints it decides nothing but where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aggregator.core.report_plot import Drawn


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot with its words. below: of each x. names: of each series, in order. ticks: of the scale's. tops: what is
    written at bars that lie, one for each x, where they do. limit: what is drawn across, or ""."""

    plot: Drawn
    below: Sequence[str]
    names: Sequence[str]
    ticks: Sequence[str]
    tops: Sequence[str] = ()
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. numeric: which columns stand at the right. note: what is not shown, or "". picture: what stands above
    it."""

    title: str
    headings: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    note: str = ""
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """lines: below the title. foot: on each page; page: the word before its number. empty: what stands for a table
    without rows. made: seconds since the epoch."""

    title: str
    lines: Sequence[str]
    sheets: Sequence[Sheet]
    foot: str
    page: str
    empty: str
    made: float


class Printer(Protocol):
    def __call__(self, paper: Paper) -> bytes:
        """A file. Any thread; whatever letters there are."""
        ...
