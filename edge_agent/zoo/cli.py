"""`jaga models`: list, pull, verify, export. JSON lines on stdout, sentences on stderr."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from contract.texts import help_text, language_of, text
from edge_agent.zoo import export as exporting
from edge_agent.zoo import pull as pulling
from edge_agent.zoo.manifest import Entry, Onnx, Weights, manifest
from edge_agent.zoo.verify import ModelError, location, state

LANGUAGE = language_of()


models_app = typer.Typer(help=text("cli.help.models", LANGUAGE), add_completion=False, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help=help_text("json"))]
Names = Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...", help=help_text("names_or_all"))]


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


@models_app.command("list", help=help_text("models_list"))
def list_models(json: Json = False) -> None:
    if json or not sys.stdout.isatty():
        for entry in manifest().model:
            record = msgspec.to_builtins(entry)
            _line({**record, "classes": manifest().classes_of(entry), "files": _files(entry)})
        return
    for entry in manifest().model:
        states = ", ".join(f"{file['file']} {file['state']}" for file in _files(entry))
        typer.echo(f"{entry.name:<10} {entry.licence:<18} {states:<32} {entry.title}", err=True)


@models_app.command(help=help_text("models_pull"))
def pull(names: Names = None) -> None:
    for entry in _entries(names or ["yolov8n"]):
        path = pulling.pull(entry)
        _line({"model": entry.name, "path": str(path), "state": "ok"})
        _say("zoo.pulled", model=entry.name, path=path)


@models_app.command(help=help_text("models_verify"))
def verify(names: Names = None) -> None:
    wrong = []
    for entry in _entries(names):
        for record in _files(entry):
            _line({"model": entry.name, **record})
            _say("zoo.file_state", model=entry.name, path=record["path"], state=record["state"])
            if record["state"] == "tampered":
                wrong.append(str(record["path"]))
    if wrong:
        raise ModelError("zoo.verify_failed", count=len(wrong), files=", ".join(wrong))


@models_app.command(help=help_text("models_export"))
def export(
    names: Annotated[list[str], typer.Argument(metavar="MODEL...", help=help_text("names"))],
    out: Annotated[Path | None, typer.Option(help=help_text("models_out"))] = None,
) -> None:
    for entry in _entries(names):
        path = exporting.export(entry, out / entry.onnx.file if out else None)
        _line({"model": entry.name, "path": str(path), "state": "ok"})
        _say("zoo.exported", model=entry.name, path=path)
