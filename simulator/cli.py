"""`jaga simulate` and `jaga score`. Results are one JSON line on stdout, people's lines go to stderr."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from contract.errors import ConfigError, JagaError, words
from contract.texts import help_text, language_of, text
from simulator import city as cities
from simulator.city_profiles import PROFILES
from simulator.score import Score, Timed, score

LANGUAGE = language_of()


simulate_app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
score_app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


T = TypeVar("T")
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class IncidentLine(msgspec.Struct):
    """What scoring reads of a line of incidents.jsonl; other fields are not looked at."""

    id: str
    events: list[str]
    started: Time
    opened: Time | msgspec.UnsetType | None = msgspec.UNSET
    delayed: bool = False


class TruthLine(msgspec.Struct):
    """What scoring reads of a line of truth.jsonl."""

    incident: str
    events: list[str]
    started: Time
    kind: str = ""


@simulate_app.callback(help=text("cli.help.simulate", LANGUAGE))
def _simulate() -> None:
    """One command of its own name."""


@score_app.callback(help=text("cli.help.score", LANGUAGE))
def _score() -> None:
    """One command of its own name."""


@simulate_app.command(help=help_text("city"))
def city(
    out: Annotated[Path, typer.Option(help=help_text("city_out"))],
    seed: Annotated[int, typer.Option(help=help_text("seed"))] = 1,
    cameras: Annotated[int, typer.Option(help=help_text("cameras"))] = 60,
    hours: Annotated[float, typer.Option(help=help_text("hours"))] = 2.0,
    profile: Annotated[str, typer.Option(help=help_text("profile", profiles=", ".join(PROFILES)))] = "weekday",
) -> None:
    made = cities.build(seed, cameras, hours, profile)
    try:
        incidents = cities.write(made, out)
    except OSError as error:
        raise JagaError("city.cannot_write", path=out, detail=words(error)) from error
    summary = {"cameras": len(made.cameras), "events": len(made.deliveries), "incidents": incidents}
    sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    sys.stderr.write(text("city.written", LANGUAGE, out=out, **summary) + "\n")


@score_app.command(help=help_text("score_incidents"))
def incidents(
    found: Annotated[Path, typer.Argument(metavar="INCIDENTS.jsonl", help=help_text("found"))],
    truth: Annotated[Path, typer.Option(help=help_text("truth"))],
) -> None:
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
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError("score.bad_line", path=path, line=number, detail=error) from error
    return lines
