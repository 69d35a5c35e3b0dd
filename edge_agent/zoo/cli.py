"""`jaga models`: list, pull, verify, export. JSON lines on stdout, sentences on stderr."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from contract.texts import language_of, text
from edge_agent.zoo import export as exporting
from edge_agent.zoo import pull as pulling
from edge_agent.zoo.manifest import Entry, Onnx, Weights, manifest
from edge_agent.zoo.verify import ModelError, location, state

models_app = typer.Typer(help="The networks: where they come from and whether they are what they should be.")

Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout even on a terminal.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[MODEL]...", help="Names from `jaga models list`; none: all.")
]


def _line(record: object) -> None:
    sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
    sys.stdout.flush()


def _say(key: str, **values: object) -> None:
    typer.echo(text(key, language_of(), **values), err=True)


def _files(entry: Entry) -> list[dict[str, object]]:
    """One record for each file of the network: its role, path, record and state."""
    files: list[tuple[str, Weights | Onnx]] = [("weights", entry.weights), ("onnx", entry.onnx)]
    if entry.int8 is not None:
        files.append(("int8", entry.int8))
    return [
        {
            "file": role,
            "path": str(location(file)),
            "sha256": file.sha256,
            "bytes": file.bytes,
            "state": state(file, entry.name),
        }
        for role, file in files
    ]


def _entries(names: list[str] | None) -> list[Entry]:
    listing = manifest()
    return [listing.entry(name) for name in names] if names else list(listing.model)


@models_app.command("list")
def list_models(json: Json = False) -> None:
    """Every network with licence, source, classes, measured accuracy and the state of its files."""
    if json or not sys.stdout.isatty():
        for entry in manifest().model:
            record = msgspec.to_builtins(entry)
            _line({**record, "classes": manifest().classes_of(entry), "files": _files(entry)})
        return
    for entry in manifest().model:
        states = ", ".join(f"{file['file']} {file['state']}" for file in _files(entry))
        typer.echo(f"{entry.name:<10} {entry.licence:<18} {states:<32} {entry.title}", err=True)


@models_app.command()
def pull(names: Names = None) -> None:
    """Bring the weights to the cache directory and verify them."""
    for entry in _entries(names or ["yolov8n"]):
        path = pulling.pull(entry)
        _line({"model": entry.name, "path": str(path), "state": "ok"})
        _say("zoo.pulled", model=entry.name, path=path)


@models_app.command()
def verify(names: Names = None) -> None:
    """Compare every file that is there with what was recorded; fails if one differs."""
    wrong = []
    for entry in _entries(names):
        for record in _files(entry):
            _line({"model": entry.name, **record})
            _say("zoo.file_state", model=entry.name, path=record["path"], state=record["state"])
            if record["state"] == "tampered":
                wrong.append(str(record["path"]))
    if wrong:
        raise ModelError("zoo.verify_failed", count=len(wrong), files=", ".join(wrong))


@models_app.command()
def export(
    names: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Names from `jaga models list`.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the ONNX files; default: the cache directory.")] = None,
) -> None:
    """Make the dynamic-shape ONNX file from the weights (needs the ultralytics extra)."""
    for entry in _entries(names):
        path = exporting.export(entry, out / entry.onnx.file if out else None)
        _line({"model": entry.name, "path": str(path), "state": "ok"})
        _say("zoo.exported", model=entry.name, path=path)
