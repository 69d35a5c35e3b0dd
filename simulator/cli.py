"""`jaga simulate` and `jaga score`. Results are one JSON line on stdout, people's lines go to stderr."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from contract.errors import ConfigError, JagaError, words
from contract.kinds import Kind
from contract.lines import numbered
from contract.texts import help_text, language_of, text
from simulator import city as cities
from simulator.city_profiles import PROFILES
from simulator.score import Score, Timed, score

LANGUAGE = language_of()


simulate_app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
score_app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


Time = Annotated[datetime, msgspec.Meta(tz=True)]


class IncidentLine(msgspec.Struct):
    """What scoring reads of a line of incidents.jsonl; other fields are not looked at."""

    id: str
    events: list[str]
    started: Time
    opened: Time | msgspec.UnsetType | None = msgspec.UNSET
    delayed: bool = False

    @property
    def name(self) -> str:
        return self.id


class TruthLine(msgspec.Struct):
    """What scoring reads of a line of truth.jsonl."""

    incident: str
    events: list[str]
    started: Time
    kind: str = ""

    @property
    def name(self) -> str:
        return self.incident


L = TypeVar("L", IncidentLine, TruthLine)


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
    unknown = sorted({fact.kind for fact in facts} - {"", *Kind})
    if unknown:  # what is no kind of ours may be in a truth, but is never a major incident that is missed
        said = text("score.unknown_kind", LANGUAGE, path=truth, kinds=", ".join(unknown), allowed=", ".join(Kind))
        sys.stderr.write(said + "\n")
    sys.stdout.write(msgspec.json.encode(as_json(score(guesses, facts))).decode() + "\n")


def as_json(result: Score) -> dict[str, object]:
    """The figures rounded to what they are worth."""
    pairs = result.pairs
    plain = {key: value for key, value in asdict(result).items() if key != "pairs"}
    figures = {"precision": pairs.precision, "recall": pairs.recall, "f1": pairs.f1, **plain}
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}


def _lines(path: Path, kind: type[L]) -> list[L]:
    """The JSON lines of a file. Each that cannot be used is named on stderr, but the last: that is the ConfigError,
    since figures over the others would be of something else."""
    decoder = msgspec.json.Decoder(kind)
    lines: list[L] = []
    first: dict[str, int] = {}
    held: dict[str, str] = {}
    wrong: list[ConfigError] = []
    try:
        for number, raw in numbered(path):
            try:
                line = decoder.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                wrong.append(ConfigError("score.bad_line", path=path, line=number, detail=error))
                continue
            before = first.setdefault(line.name, number)
            if before != number:
                wrong.append(ConfigError("score.id_twice", path=path, line=number, id=line.name, first=before))
                continue
            for event in line.events:
                other = held.setdefault(event, line.name)
                if other != line.name:
                    said = {"event": event, "incident": other, "first": first[other]}
                    wrong.append(ConfigError("score.event_twice", path=path, line=number, **said))
                    break
            lines.append(line)
    except OSError as error:
        raise ConfigError("score.cannot_read", path=path, detail=words(error)) from error
    for each in wrong[:-1]:
        sys.stderr.write(each.render(LANGUAGE) + "\n")
    if wrong:
        raise wrong[-1]
    return lines
