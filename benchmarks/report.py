"""What a measurement prints: one table of figures against their bars, optionally JSON, and an exit code."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. bar: what it must reach, in words; empty where it is only recorded (ok is None then)."""

    name: str
    value: float | str
    bar: str = ""
    ok: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    command: str
    figures: tuple[Figure, ...]

    @property
    def ok(self) -> bool:
        return all(figure.ok is not False for figure in self.figures)

    def figure(self, name: str) -> Figure:
        """Raises KeyError where there is no figure of that name."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def at_least(name: str, value: float, bar: float) -> Figure:
    return Figure(name, value, f">= {bar:g}", value >= bar)


def at_most(name: str, value: float, bar: float) -> Figure:
    return Figure(name, value, f"<= {bar:g}", value <= bar)


def equal(name: str, value: float, bar: float) -> Figure:
    return Figure(name, value, f"= {bar:g}", value == bar)


def holds(name: str, value: str, bar: str, ok: bool) -> Figure:
    return Figure(name, value, bar, ok)


def table(outcome: Outcome) -> str:
    """Plain text, one line a figure."""
    rows = [("figure", "value", "bar", "")]
    for figure in outcome.figures:
        value = figure.value if isinstance(figure.value, str) else f"{figure.value:.4g}"
        verdict = {None: "", True: "ok", False: "FAILED"}[figure.ok]
        rows.append((figure.name, value, figure.bar, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([f"== {outcome.command}", *lines])


def tell(outcome: Outcome, began: float, file: Path | None) -> int:
    """Prints the table and, with a file, writes the figures there, too; 0 when every bar is reached, else 1. began: by
    time.monotonic()."""
    print(table(outcome), f"({time.monotonic() - began:.1f} s)", sep="\n", flush=True)
    if file is not None:
        file.write_text(json.dumps(asdict(outcome), indent=1) + "\n", "utf-8")
    return 0 if outcome.ok else 1


def command(measure: Callable[[], Outcome], arguments: Sequence[str] | None = None, *, footage: bool = True) -> int:
    """Run one measurement as a command: 0 when every bar is reached, 1 when one is not, 2 without the data. footage:
    whether it needs any."""
    parser = argparse.ArgumentParser(description=measure.__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args(arguments)
    if footage:
        from benchmarks.data import DATA  # brings a decoder, which what needs no footage does without

        if not DATA.is_dir():
            print(f"no labelled footage at {DATA}: set JAGA_DATA")
            return 2
    began = time.monotonic()
    return tell(measure(), began, options.json)
