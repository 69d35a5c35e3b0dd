"""What a report is on paper: everything in words, so that whoever prints it decides nothing but where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. numeric: which columns stand at the right. note: what is not shown, or ""."""

    title: str
    headings: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    note: str = ""


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
