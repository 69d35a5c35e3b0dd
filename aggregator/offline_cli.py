"""`jaga correlate EVENTS.jsonl --cameras cameras.geojson [--out incidents.jsonl]`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.severity import Places
from aggregator.geojson import load_cameras, load_places
from aggregator.offline import BadLine, lines, read_events
from aggregator.offline import correlate as correlate_events
from contract.errors import ConfigError, JagaError
from contract.lines import numbered
from contract.texts import help_text, language_of, text

LANGUAGE = language_of()


def correlate(
    events: Annotated[Path, typer.Argument(help=help_text("events"), show_default=False)],
    cameras: Annotated[Path, typer.Option("--cameras", help=help_text("cameras_file"), show_default=False)],
    places: Annotated[Path | None, typer.Option("--places", help=help_text("places"), show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help=help_text("incidents_out"), show_default=False)] = None,
) -> None:
    known = load_cameras(cameras)
    cells = H3Cells()
    sensitive = Places(load_places(places), cells) if places is not None else None
    try:
        reading = read_events(numbered(events))
    except OSError as error:
        raise ConfigError("correlate.events_unreadable", file=str(events), detail=str(error)) from error
    for bad in reading.refused:
        typer.echo(_sentence(events, bad), err=True)
    results = correlate_events(reading.events, known, cells=cells, places=sensitive)
    try:
        _write(out, b"".join(lines(results)))
    except OSError as error:
        raise JagaError("correlate.out_unwritable", file=str(out or "stdout"), detail=str(error)) from error
    typer.echo(
        text(
            "correlate.done",
            LANGUAGE,
            events=len(reading.events),
            duplicates=reading.duplicates,
            refused=len(reading.refused),
            incidents=len(results),
        ),
        err=True,
    )
    if reading.refused:
        raise typer.Exit(1)


def _sentence(file: Path, bad: BadLine) -> str:
    return text("correlate.bad_line", LANGUAGE, file=file, line=bad.number, detail=bad.error.render(LANGUAGE))


def _write(out: Path | None, content: bytes) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    out.write_bytes(content)
