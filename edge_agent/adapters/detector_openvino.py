"""OpenVINO: the fastest on x86 and Arm processors.

OpenVINO's import reports to an analytics service unless its telemetry package is absent, so that package is made to
look absent before the import: a camera host phones nobody.
"""

import sys
from typing import Any

import numpy as np

from edge_agent.adapters.detector_batch import BatchDetector, Infer
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

    `spec.precision` is f32 or bf16 here, and part of the name: an event's *why* says what its scores were computed in.
    Threads are not pinned to cores: decoders and other agents share them, and a pinned thread cannot step aside.
    """
    openvino = import_openvino()
    core = openvino.Core()
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": spec.precision,
        "ENABLE_CPU_PINNING": False,
        "PERFORMANCE_HINT": "THROUGHPUT" if spec.hint == "throughput" else "LATENCY",
    }
    if spec.threads:
        options["INFERENCE_NUM_THREADS"] = spec.threads
    compiled = core.compile_model(core.read_model(model.onnx, b""), "CPU", options)
    infer = _one_by_one(openvino, compiled) if spec.hint == "throughput" else _together(compiled)
    name = f"{model.name}/openvino" + ("" if spec.precision == "f32" else f"/{spec.precision}")
    return BatchDetector(name, model.classes, spec, infer, lambda: None)


def _together(compiled: Any) -> Infer:
    """A batch is one request over all cores: the soonest answer."""
    request = compiled.create_infer_request()
    outputs = compiled.outputs

    def infer(blob: Floats) -> tuple[Floats, Floats | None]:
        request.infer([blob], share_inputs=True)
        return _pair([request.get_tensor(output).data for output in outputs])

    return infer


def _one_by_one(openvino: Any, compiled: Any) -> Infer:
    """Each picture of a batch is a request of its own, several at a time on some cores each: the most a second."""
    queue = openvino.AsyncInferQueue(compiled)
    results: dict[int, list[Floats]] = {}
    count = len(compiled.outputs)
    # Called on OpenVINO's threads, one picture each; the tensor is the request's own and is overwritten by its next.
    queue.set_callback(
        lambda request, index: results.__setitem__(
            index, [request.get_output_tensor(output).data.copy() for output in range(count)]
        )
    )

    def infer(blob: Floats) -> tuple[Floats, Floats | None]:
        results.clear()
        for index in range(len(blob)):
            queue.start_async([blob[index : index + 1]], index, share_inputs=True)
        queue.wait_all()
        return _pair([np.concatenate([results[index][k] for index in range(len(blob))]) for k in range(count)])

    return infer


def _pair(outputs: list[Floats]) -> tuple[Floats, Floats | None]:
    return outputs[0], outputs[1] if len(outputs) > 1 else None
