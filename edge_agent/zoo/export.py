"""Trained weights to ONNX through ultralytics: float32, dynamic batch, height and width."""

import tempfile
from pathlib import Path

from edge_agent.zoo.manifest import Entry
from edge_agent.zoo.pull import pull
from edge_agent.zoo.ultra import import_ultralytics
from edge_agent.zoo.verify import ModelError, cache_directory, pin, read, write


def export(entry: Entry, out: Path | None = None) -> Path:
    """Pulls the weights if needed, exports and writes the ONNX file to `out` (default: the cache directory), pinned.

    What the exporter stamps into the file by chance or date is taken out: the same versions give the same bytes.
    Raises UltralyticsMissing, ModelError.
    """
    ultralytics = import_ultralytics(offline=True)
    pull(entry)
    weights = read(entry.weights, entry.name)
    target = out or cache_directory() / entry.onnx.file
    with tempfile.TemporaryDirectory(prefix="jaga-export-") as folder:
        checkpoint = Path(folder) / entry.weights.file
        checkpoint.write_bytes(weights)
        try:
            made = ultralytics.YOLO(str(checkpoint), task=entry.task).export(
                format="onnx",
                dynamic=True,
                simplify=True,
                opset=entry.onnx.opset,
                imgsz=entry.input.trained_at,
                device="cpu",
            )
        except Exception as error:  # exporters raise anything; the user needs one sentence
            raise ModelError("zoo.export_failed", model=entry.name, detail=str(error)) from error
        content = _reproducible(Path(made))
    write(content, target)
    pin(content, target)
    return target


def _reproducible(path: Path) -> bytes:
    """Without what differs from run to run: the date, and the intermediate shapes (value_info), which the slimming
    writes in changing order and words and which every runtime infers by itself."""
    import onnx

    model = onnx.load(str(path))
    kept = [(prop.key, prop.value) for prop in model.metadata_props if prop.key != "date"]
    del model.metadata_props[:]
    for key, value in kept:
        model.metadata_props.add(key=key, value=value)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
