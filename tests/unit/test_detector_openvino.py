"""How OpenVINO's networks are made; what they answer is asked in tests/ports."""

import contextlib
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge_agent.adapters import detector_openvino
from edge_agent.adapters.detector_batch import Infer
from edge_agent.adapters.detector_openvino import _of_own, _when_needed, open_openvino
from edge_agent.core.spec import DetectorSpec, Precision
from edge_agent.core.types import Detections
from edge_agent.zoo import verify


@pytest.mark.parametrize("kind", [_when_needed, lambda make: _of_own(lambda *size: make(), make, 1)])
def test_two_threads_that_need_a_network_at_once_make_one(kind: Callable[[Callable[[], Infer]], Infer]) -> None:
    """Each takes 30 MB, and all of a small host's cores for a fifth of a second."""
    meet, made = threading.Barrier(2), []

    def make() -> Infer:
        made.append(threading.get_ident())
        with contextlib.suppress(threading.BrokenBarrierError):
            meet.wait(0.5)  # both come here, where nothing keeps the second one out
        return lambda blob, read: [read(0, ())]

    infer = kind(make)
    blob = np.zeros((1, 3, 32, 32), np.float32)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: infer(blob, lambda index, outputs: Detections.none()), range(2)))
    assert len(found) == 2
    assert len(made) == 1


def test_a_closed_detector_keeps_no_network_though_somebody_still_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that has gone does so until Python's collector comes round: a network has 40 MB or more."""
    made: list[weakref.ref[Infer]] = []
    in_turn = detector_openvino._in_turn

    def making(compiled: Any) -> Infer:
        infer = in_turn(compiled)
        made.append(weakref.ref(infer))
        return infer

    monkeypatch.setattr(detector_openvino, "_in_turn", making)
    detector = open_openvino(verify.load("yolov8n"), DetectorSpec(precision="f32", imgsz=320))
    detector.detect([np.zeros((240, 320, 3), np.uint8)])
    assert [one() is not None for one in made] == [True, True]
    gc.disable()
    try:
        detector.close()
        assert [one() for one in made] == [None, None]
    finally:
        gc.enable()
    with pytest.raises(RuntimeError, match="closed"):
        detector.detect([np.zeros((240, 320, 3), np.uint8)])


def test_a_head_named_in_another_order_is_refused_at_the_start() -> None:
    model = verify.load("yolov8n")
    assert model.head is not None
    sides, classes = model.head[:3], model.head[3:]
    with pytest.raises(RuntimeError, match=r"have \[80, 80, 80, 64, 64, 64\] channels, not \[64"):
        open_openvino(replace(model, head=(*classes, *sides)), DetectorSpec(precision="f32"))


def test_detectors_that_follow_each_other_leave_the_process_able_to_take_signals() -> None:
    """A new one opened before the old one is closed. In a process of its own, for where this fails the process ends."""
    script = (
        "import gc, signal\n"
        "from edge_agent.adapters.detectors import open_detector\n"
        "from edge_agent.core.spec import DetectorSpec\n"
        "spec = DetectorSpec(runtime='openvino', precision='f32', imgsz=320, threads=1, classes=('person',))\n"
        "old = open_detector(spec); new = open_detector(spec)\n"
        "old.close(); del old; gc.collect()\n"
        "new.close(); del new; gc.collect()\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('asked to end', flush=True))\n"
        "signal.raise_signal(signal.SIGTERM)\n"
    )
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (child.returncode, child.stdout) == (0, "asked to end\n"), child.stderr


@pytest.mark.parametrize(
    ("precision", "native_bf16", "said"),
    [("f32", True, ""), ("bf16", False, "/bf16"), ("int8", False, "/int8"), ("int8", True, "/int8+bf16")],
)
def test_what_integers_leave_is_computed_in_bfloat16_where_the_processor_does(
    precision: Precision, native_bf16: bool, said: str
) -> None:
    model = verify.load("yolov8n", int8=precision == "int8")
    with contextlib.closing(open_openvino(model, DetectorSpec(precision=precision), native_bf16)) as detector:
        assert detector.name == f"yolov8n/openvino{said}"
