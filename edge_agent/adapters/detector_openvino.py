"""OpenVINO: the fastest on x86 and Arm processors.

OpenVINO's import reports to an analytics service unless its telemetry package is absent, so that package is made to
look absent before the import: a camera host phones nobody.
"""

import sys
from typing import Any

from edge_agent.adapters.detector_batch import BatchDetector
from edge_agent.adapters.detector_image import Floats
from edge_agent.core.model import Model
from edge_agent.core.spec import DetectorSpec

TELEMETRY = "openvino_telemetry"


def import_openvino() -> Any:
    """The openvino module, imported without its telemetry. Raises ImportError where it is not installed."""
    if "openvino" not in sys.modules:
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # how Python spells "not installed"
    import openvino

    return openvino


def open_openvino(model: Model, spec: DetectorSpec) -> BatchDetector:
    """A detector on the CPU. Raises ImportError without OpenVINO, RuntimeError if it cannot read the model.

    Arithmetic is fixed to float32: processors with bfloat16 would otherwise use it and silently change the scores.
    """
    openvino = import_openvino()
    core = openvino.Core()
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "THROUGHPUT" if spec.hint == "throughput" else "LATENCY",
    }
    if spec.threads:
        options["INFERENCE_NUM_THREADS"] = spec.threads
    compiled = core.compile_model(core.read_model(model.onnx, b""), "CPU", options)
    request = compiled.create_infer_request()
    output = compiled.output(0)

    def infer(blob: Floats) -> Floats:
        request.infer([blob], share_inputs=True)
        raw: Floats = request.get_tensor(output).data
        return raw

    return BatchDetector(f"{model.name}/openvino", model.classes, spec, infer, lambda: None)
