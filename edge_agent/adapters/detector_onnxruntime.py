"""ONNX Runtime: runs everywhere Python does."""

from typing import Any

import onnxruntime

from edge_agent.adapters.detector_batch import BatchDetector, Read
from edge_agent.adapters.detector_image import Floats
from edge_agent.core.model import Model
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections


def open_onnxruntime(model: Model, spec: DetectorSpec) -> BatchDetector:
    """A detector on the CPU in float32. Raises onnxruntime's own errors if it cannot read the model."""
    options: Any = onnxruntime.SessionOptions()
    if spec.threads:
        options.intra_op_num_threads = spec.threads
    options.inter_op_num_threads = 1
    # Workers that spin while they wait take the processor from the decoders on a two-core host.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model.onnx, options, providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name

    def infer(blob: Floats, read: Read) -> list[Detections]:
        outputs: list[Floats] = session.run(None, {feed: blob})
        return [read(index, one) for index, one in enumerate(zip(*outputs, strict=True))]

    return BatchDetector(f"{model.name}/onnxruntime", model.classes, spec, infer)
