"""OpenVINO: the fastest on x86 and Arm processors.

OpenVINO's import reports to an analytics service unless its telemetry package is absent, so that package is made to
look absent before the import: a camera host phones nobody.
"""

import contextlib
import queue
import sys
import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from edge_agent.adapters.detector_batch import BatchDetector, Infer, Read
from edge_agent.adapters.detector_head import BINS
from edge_agent.adapters.detector_image import Floats
from edge_agent.core.crops import SIZES
from edge_agent.core.model import Model
from edge_agent.core.spec import DetectorSpec
from edge_agent.core.types import Detections

TELEMETRY = "openvino_telemetry"
MOST_SHAPES, MOST_WHOLE = len(SIZES), 2
"""So many sizes of exact and of whole pictures, with their maps and without, get a network of their own."""


def import_openvino() -> Any:
    """The openvino module, imported without its telemetry. Raises ImportError where it is not installed."""
    if "openvino" not in sys.modules:
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # how Python spells "not installed"
    import openvino

    return openvino


@cache
def _core() -> Any:
    """OpenVINO's core, one for all networks of the process, never let go.

    Where a core first compiles, it gives that thread a stack for signals (sigaltstack), and at its end puts back the
    one it found. Of two that end in the order in which they began, the later puts back what the earlier has freed, and
    the next signal is the end of the process: a segmentation fault instead of a handler (openvino 2026.4.1).
    """
    return import_openvino().Core()


def open_openvino(model: Model, spec: DetectorSpec, native_bf16: bool = False) -> BatchDetector:
    """A detector on the CPU. Raises ImportError without OpenVINO, RuntimeError if it cannot read the model.

    `spec.precision` is f32, bf16 or int8 here, and part of the name: an event's *why* says what its scores were
    computed in. With int8 the integers are in `model`, and what is left is computed in bfloat16 where the processor
    does so itself (native_bf16), else in float32.
    Threads are not pinned to cores: decoders and other agents share them, and a pinned thread cannot step aside.
    """
    openvino, core = import_openvino(), _core()
    half = spec.precision == "bf16" or (spec.precision == "int8" and native_bf16)
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
        "ENABLE_CPU_PINNING": False,
        "PERFORMANCE_HINT": "THROUGHPUT" if spec.hint == "throughput" else "LATENCY",
    }
    if spec.threads:
        options["INFERENCE_NUM_THREADS"] = spec.threads
    network = core.read_model(model.onnx, b"")
    ready = _side_by_side if spec.hint == "throughput" else _in_turn

    def of(maps: bool, *size: int) -> Infer:
        own = _wanted(openvino, network, model, maps, half)
        if size:
            own.reshape([1, 3, *size])
        return ready(core.compile_model(own, "CPU", options))

    any_shape = _when_needed(partial(of, True))
    arithmetic = "int8+bf16" if half and spec.precision == "int8" else spec.precision
    name = f"{model.name}/openvino" + ("" if arithmetic == "f32" else f"/{arithmetic}")
    whole, plain = (_of_own(partial(of, maps), any_shape, MOST_WHOLE) for maps in (True, False))
    exact = _of_own(partial(of, False), any_shape, MOST_SHAPES)
    # The binding sets itself up with the first array it is given; where two threads give it one at once, it can hang.
    # A network that the runtime cannot make shows here too.
    wide, high = SIZES[0]
    exact(np.zeros((1, 3, high, wide), np.float32), lambda index, outputs: Detections.none())
    return BatchDetector(name, model.classes, spec, whole, plain, exact, model.head is not None)


def _wanted(openvino: Any, network: Any, model: Model, maps: bool, bf16: bool) -> Any:
    """`network` with the outputs that are read. The head's are (anchors, values), which is how they lie in memory, and
    in bfloat16 where that is computed: nothing is done to what nobody looks at."""
    own = network.clone()
    results = own.get_results()
    features = results[1:] if maps else []
    if model.head is None:
        return openvino.Model([results[0], *features], own.get_parameters())
    ops = openvino.opset13
    head = [output.get_node().input_value(0) for output in own.add_outputs(list(model.head))]
    widths, expected = [one.partial_shape[1].get_length() for one in head], [4 * BINS] * 3 + [len(model.classes)] * 3
    if widths != expected:
        raise RuntimeError(f"the convolutions named as its head have {widths} channels, not {expected}")
    rows = [
        ops.reshape(ops.transpose(values, [0, 2, 3, 1]), [0, -1, width], True)
        for values, width in zip(head, widths, strict=True)
    ]
    joined = [ops.result(ops.concat(rows[:3], 1)), ops.result(ops.concat(rows[3:], 1))]
    steps = openvino.preprocess.PrePostProcessor(openvino.Model([*joined, *features], own.get_parameters()))
    for index in range(len(joined) if bf16 else 0):
        steps.output(index).tensor().set_element_type(openvino.Type.bf16)
    return steps.build()


def _when_needed(make: Callable[[], Infer]) -> Infer:
    """Made once, for the first picture."""
    made: list[Infer] = []
    lock = threading.Lock()

    def infer(blob: Floats, read: Read) -> list[Detections]:
        with lock:
            if not made:
                made.append(make())
        return made[0](blob, read)

    return infer


def _of_own(make: Callable[[int, int], Infer], any_shape: Infer, most: int) -> Infer:
    """The first `most` sizes get a network of their own, made for the first picture (0.2 s, 30 MB): with a network of
    any shape OpenVINO works out the shapes at each picture and copies where it joins maps, 4 to 8 in 100 of a whole
    picture's time, and prepares itself anew after another size, 2.5 ms more."""
    made: dict[tuple[int, int], Infer] = {}
    lock = threading.Lock()

    def infer(blob: Floats, read: Read) -> list[Detections]:
        size = blob.shape[2], blob.shape[3]
        if size not in made and len(made) < most:
            with lock:
                if size not in made and len(made) < most:
                    made[size] = make(*size)
        return made.get(size, any_shape)(blob, read)

    return infer


def _in_turn(compiled: Any) -> Infer:
    """One picture after the other, each over all cores: the soonest answer. Each thread has a request of its own."""
    own = threading.local()
    outputs = compiled.outputs

    def infer(blob: Floats, read: Read) -> list[Detections]:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        found = []
        for index in range(len(blob)):
            own.request.infer([blob[index : index + 1]], share_inputs=True)
            found.append(read(index, [own.request.get_tensor(output).data[0] for output in outputs]))
        return found

    return infer


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

    def infer(blob: Floats, read: Read) -> list[Detections]:
        found: list[Detections] = []
        mine = requests.take(len(blob))
        try:
            for begin in range(0, len(blob), len(mine)):
                part = list(zip(range(begin, len(blob)), mine, strict=False))
                for index, request in part:
                    request.start_async([blob[index : index + 1]], share_inputs=True)
                for index, request in part:
                    request.wait()
                    found.append(read(index, [request.get_tensor(output).data[0] for output in outputs]))
        finally:
            for request in mine:
                with contextlib.suppress(RuntimeError):
                    request.wait()  # where another one failed it may still run
            requests.give_back(mine)
        return found

    return infer
