"""Nothing runs that is not, byte for byte, what the manifest or the first pull recorded."""

import hashlib
import os
from importlib.resources import files
from pathlib import Path

from contract.errors import JagaError, words
from edge_agent.core.model import Model
from edge_agent.whole_file import replacing
from edge_agent.zoo.expose import expose
from edge_agent.zoo.manifest import Onnx, Weights, manifest


class ModelError(JagaError):
    """A model file that cannot be used or obtained."""


class ModelMissing(ModelError):
    """The file is not there; the sentence says which command brings it."""


class ModelTampered(ModelError):
    """The file differs from what was recorded; it is not opened."""


def cache_directory() -> Path:
    """Where pulled and exported files lie: JAGA_CACHE, else the user's cache directory (XDG)."""
    if own := os.environ.get("JAGA_CACHE"):
        return Path(own) / "models"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "jaga" / "models"


def location(file: Weights | Onnx) -> Path:
    """Where this file lies or will lie."""
    if isinstance(file, Onnx) and file.shipped:
        return Path(str(files("models"))) / file.file
    return cache_directory() / file.file


def check(content: bytes, file: Weights | Onnx, path: Path) -> None:
    """Raises ModelTampered unless `content` has the recorded size and SHA-256, or ModelMissing where none is
    recorded."""
    expected = file.sha256 or _pinned(path)
    if expected is None:
        raise ModelMissing("zoo.unpinned", path=path)
    found = hashlib.sha256(content).hexdigest()
    if found != expected or (file.bytes is not None and len(content) != file.bytes):
        raise ModelTampered("zoo.tampered", path=path, found=found, expected=expected, size=len(content))


def read(file: Weights | Onnx, model: str) -> bytes:
    """The verified content. Raises ModelMissing or ModelTampered."""
    path = location(file)
    verb = "pull" if isinstance(file, Weights) else "export"
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelMissing("zoo.missing", model=model, path=path, command=f"jaga models {verb} {model}") from error
    except OSError as error:
        raise ModelError("zoo.unreadable", path=path, detail=words(error)) from error
    check(content, file, path)
    return content


def write(content: bytes, path: Path) -> None:
    """See `replacing`. Raises ModelError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise ModelError("zoo.unwritable", path=path, detail=words(error)) from error


def pin(content: bytes, path: Path) -> None:
    """Records the digest of a file that the manifest has none for, beside it."""
    write(f"{hashlib.sha256(content).hexdigest()}  {path.name}\n".encode(), _pin_path(path))


def _pin_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _pinned(path: Path) -> str | None:
    try:
        told = _pin_path(path).read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        return None
    return told[0] if told else None


def state(file: Weights | Onnx, model: str) -> str:
    """ "ok", "absent" or "tampered"."""
    try:
        read(file, model)
    except ModelMissing:
        return "absent"
    except ModelTampered:
        return "tampered"
    return "ok"


def load(name: str, *, int8: bool = False) -> Model:
    """The network ready for a runtime; int8: the one in 8-bit integers, where the manifest has one.

    Raises ConfigError for an unknown name, ModelMissing, ModelTampered.
    """
    listing = manifest()
    entry = listing.entry(name)
    file = entry.int8 if int8 and entry.int8 is not None else entry.onnx
    content, features = read(file, entry.name), file.features
    for tensor in features or ():
        content = expose(content, tensor)
    return Model(entry.name, listing.classes_of(entry), content, features, file.head)
