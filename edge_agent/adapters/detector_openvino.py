"""OpenVINO: the fastest on x86 and Arm processors.

OpenVINO's import reports to an analytics service unless its telemetry package is absent, so that package is made to
look absent before the import: a camera host phones nobody.
"""

import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from edge_agent.adapters.detector_batch import BatchDetector, Infer
from edge_agent.adapters.detector_image import STRIDE, Floats
from edge_agent.core.model import Model
from edge_agent.core.spec import DetectorSpec

TELEMETRY = "openvino_telemetry"
MOST_SHAPES, MOST_WHOLE = 4, 2
"""So many sizes of exact and of whole pictures get a network of their own."""


def import_openvino() -> Any:
    """The openvino module, imported without its telemetry. Raises ImportError where it is not installed."""
    if "openvino" not in sys.modules:
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # how Python spells "not installed"
    import openvino

    return openvino


def open_openvino(model: Model, spec: DetectorSpec) -> BatchDetector:
    """A detector on the CPU. Raises ImportError without OpenVINO, RuntimeError if it cannot read the model.

    `spec.precision` is f32, bf16 or int8 here, and part of the name: an event's *why* says what its scores were
    computed in. With int8 the integers are in `model`, and what is left is computed in float32.
    Threads are not pinned to cores: decoders and other agents share them, and a pinned thread cannot step aside.
    """
    openvino = import_openvino()
    core = openvino.Core()
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if spec.precision == "bf16" else "f32",
        "ENABLE_CPU_PINNING": False,
        "PERFORMANCE_HINT": "THROUGHPUT" if spec.hint == "throughput" else "LATENCY",
    }
    if spec.threads:
        options["INFERENCE_NUM_THREADS"] = spec.threads
    network = core.read_model(model.onnx, b"")
    ready = _side_by_side if spec.hint == "throughput" else _in_turn
    infer = ready(core.compile_model(network, "CPU", options))

    def shaped(maps: bool, height: int, width: int) -> Infer:
        fixed = network.clone()
        for result in [] if maps else fixed.get_results()[1:]:
            fixed.remove_result(result)
        fixed.reshape([1, 3, height, width])
        return ready(core.compile_model(fixed, "CPU", options))

    # The binding sets itself up with the first array it is given; where two threads give it one at once, it can hang.
    infer(np.zeros((1, 3, STRIDE, STRIDE), np.float32))
    name = f"{model.name}/openvino" + ("" if spec.precision == "f32" else f"/{spec.precision}")
    whole = _of_own(partial(shaped, True), infer, MOST_WHOLE)
    exact = _of_own(partial(shaped, False), infer, MOST_SHAPES)
    return BatchDetector(name, model.classes, spec, whole, lambda: None, exact)


def _of_own(make: Callable[[int, int], Infer], any_shape: Infer, most: int) -> Infer:
    """The first `most` sizes get a network of their own, made for the first picture (0.2 s, 30 MB): with a network of
    any shape OpenVINO works out the shapes at each picture and copies where it joins maps, 4 to 8 in 100 of a whole
    picture's time, and prepares itself anew after another size, 2.5 ms more."""
    made: dict[tuple[int, int], Infer] = {}
    lock = threading.Lock()

    def infer(blob: Floats) -> Sequence[Floats]:
        size = blob.shape[2], blob.shape[3]
        if size not in made and len(made) < most:
            with lock:
                if size not in made and len(made) < most:
                    made[size] = make(*size)
        return made.get(size, any_shape)(blob)

    return infer


def _in_turn(compiled: Any) -> Infer:
    """One picture after the other, each over all cores: the soonest answer. Each thread has a request of its own."""
    own = threading.local()
    outputs = compiled.outputs

    def infer(blob: Floats) -> list[Floats]:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        found: list[list[Floats]] = []
        for index in range(len(blob)):
            own.request.infer([blob[index : index + 1]], share_inputs=True)
            raw, *maps = [own.request.get_tensor(output).data for output in outputs]
            found.append([raw if len(blob) == 1 else raw.copy(), *(values.copy() for values in maps)])
        return _together(found)

    return infer


def _together(found: list[list[Floats]]) -> list[Floats]:
    return found[0] if len(found) == 1 else [np.concatenate(parts) for parts in zip(*found, strict=True)]


class _Requests:
    """As many as run beside each other; made when they are needed first."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._left = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._lock = threading.Lock()
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()

    def take(self, most: int) -> list[Any]:
        """At least one, for which it waits, and up to `most` of those that nobody uses."""
        taken: list[Any] = []
        while len(taken) < most:
            try:
                taken.append(self._idle.get_nowait())
            except queue.Empty:
                if (made := self._make()) is not None:
                    taken.append(made)
                elif taken:
                    return taken
                else:
                    taken.append(self._idle.get())
        return taken

    def give_back(self, requests: list[Any]) -> None:
        for request in requests:
            self._idle.put(request)

    def _make(self) -> Any | None:
        with self._lock:
            self._left -= 1
            return self._compiled.create_infer_request() if self._left >= 0 else None


def _side_by_side(compiled: Any) -> Infer:
    """Each picture is a request of its own, on a core of its own: the most a second."""
    requests = _Requests(compiled)
    outputs = compiled.outputs

    def infer(blob: Floats) -> list[Floats]:
        found: list[list[Floats]] = []
        mine = requests.take(len(blob))
        try:
            for begin in range(0, len(blob), len(mine)):
                part = list(zip(range(begin, len(blob)), mine, strict=False))
                for index, request in part:
                    request.start_async([blob[index : index + 1]], share_inputs=True)
                for _, request in part:
                    request.wait()
                    found.append([request.get_tensor(output).data.copy() for output in outputs])
        finally:
            for request in mine:
                with contextlib.suppress(RuntimeError):
                    request.wait()  # where another one failed it may still run
            requests.give_back(mine)
        return _together(found)

    return infer
