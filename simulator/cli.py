"""`jaga simulate` and `jaga score`. Results are one JSON line on stdout, people's lines go to stderr."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from contract.errors import ConfigError, JagaError, words
from contract.texts import language_of, text
from simulator import city as cities
from simulator.city_profiles import PROFILES
from simulator.score import Score, Timed, score

simulate_app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
score_app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


T = TypeVar("T")


class IncidentLine(msgspec.Struct):
    """What scoring reads of a line of incidents.jsonl; other fields are not looked at."""

    id: str
    events: list[str]
    started: datetime
    opened: datetime | msgspec.UnsetType | None = msgspec.UNSET
    delayed: bool = False


class TruthLine(msgspec.Struct):
    """What scoring reads of a line of truth.jsonl."""

    incident: str
    events: list[str]
    started: datetime
    kind: str = ""


@simulate_app.callback()
def _simulate() -> None:
    """A made-up city whose truth is known."""


@score_app.callback()
def _score() -> None:
    """Compare a result with the truth."""


@simulate_app.command()
def city(
    out: Annotated[Path, typer.Option(help="Folder for cameras.geojson, events.jsonl and truth.jsonl.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    cameras: Annotated[int, typer.Option(help="How many cameras.")] = 60,
    hours: Annotated[float, typer.Option(help="How many hours.")] = 2.0,
    profile: Annotated[str, typer.Option(help=f"What kind of day: {', '.join(PROFILES)}.")] = "weekday",
) -> None:
    """Write a city's cameras, the events they send, and which events tell of one incident."""
    made = cities.build(seed, cameras, hours, profile)
    try:
        incidents = cities.write(made, out)
    except OSError as error:
        raise JagaError("city.cannot_write", path=out, detail=words(error)) from error
    summary = {"cameras": len(made.cameras), "events": len(made.deliveries), "incidents": incidents}
    sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    sys.stderr.write(text("city.written", language_of(), out=out, **summary) + "\n")


@score_app.command()
def incidents(
    found: Annotated[Path, typer.Argument(metavar="INCIDENTS.jsonl", help="What `jaga correlate` wrote.")],
    truth: Annotated[Path, typer.Option(help="truth.jsonl of `jaga simulate city`.")],
) -> None:
    """Pairwise precision, recall and F1, adjusted Rand index, reduction and delay."""
    guesses = [
        Timed(line.id, frozenset(line.events), line.started, shown=line.opened is not None or line.delayed)
        for line in _lines(found, IncidentLine)
    ]
    facts = [Timed(line.incident, frozenset(line.events), line.started, line.kind) for line in _lines(truth, TruthLine)]
    try:
        result = score(guesses, facts)
    except ValueError as error:
        raise JagaError("score.event_twice", detail=error) from error
    sys.stdout.write(msgspec.json.encode(as_json(result)).decode() + "\n")


def as_json(result: Score) -> dict[str, object]:
    """The figures rounded to what they are worth."""
    pairs = result.pairs
    plain = {key: value for key, value in asdict(result).items() if key != "pairs"}
    figures = {"precision": pairs.precision, "recall": pairs.recall, "f1": pairs.f1, **plain}
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}


def _lines(path: Path, kind: type[T]) -> list[T]:
    """The JSON lines of a file. Raises ConfigError naming file and line."""
    decoder = msgspec.json.Decoder(kind)
    try:
        raw = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError("score.cannot_read", path=path, detail=words(error)) from error
    lines: list[T] = []
    for number, line in enumerate(raw, 1):
        if not line.strip():
            continue
        try:
            lines.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise ConfigError("score.bad_line", path=path, line=number, detail=error) from error
    return lines
