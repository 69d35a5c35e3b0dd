"""Motion gate, real tracker, rules and lifecycle together: somebody walks in, stands still for long, and leaves."""

import numpy as np
import pytest

from contract.events import Event
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.spec import CameraSpec, IntrusionRule, LoiteringRule, TrackerSpec, Zone
from edge_agent.core.types import Detections, Frame
from tests.scenes import AGENT, CLOCK, SQUARE, T0, ids

FPS = 5
ARRIVES, STANDS, LEAVES, GONE = 4.0, 8.0, 60.0, 64.0
CAMERA = CameraSpec(
    id="cam-1",
    source="scene",
    zones=(Zone("yard", SQUARE),),
    rules=(IntrusionRule(id="keep-out", zone="yard"), LoiteringRule(id="linger", zone="yard", dwell_s=20.0)),
)


def place(t: float) -> float | None:
    """x of the foot: in from the left until STANDS, in the middle until LEAVES, out to the right; None when out."""
    if not ARRIVES <= t <= GONE:
        return None
    if t < STANDS:
        return 0.5 * (t - ARRIVES) / (STANDS - ARRIVES)
    return 0.5 if t < LEAVES else 0.5 + 0.5 * (t - LEAVES) / (GONE - LEAVES)


def play(missed: frozenset[int], seed: int = 1) -> tuple[list[Event], int, int]:
    """Events, looks and frames; the detector misses the looks whose number is in `missed`."""
    rng = np.random.default_rng(seed)
    street = np.kron(rng.integers(60, 160, (9, 16)), np.ones((10, 10)))
    pipeline = CameraPipeline(CAMERA, AGENT, ByteTrack(TrackerSpec()), ids, "test/fake")
    image = np.zeros((240, 320, 3), np.uint8)
    events: list[Event] = []
    looks, frames = 0, round(90 * FPS)
    for n in range(frames):
        t, x = n / FPS, place(n / FPS)
        luma = street + rng.normal(0, 2, street.shape)
        if x is not None:
            luma[35:53, max(round(160 * x) - 3, 0) : round(160 * x) + 3] += 60
        frame = Frame(image, np.clip(luma, 0, 255).astype(np.uint8), n, T0 + t)
        seen = Detections.none(("person",))
        if pipeline.wants_detection(frame).detect:
            looks += 1
            if x is not None and looks not in missed:
                box = np.array([320 * x - 8, 94, 320 * x + 8, 142]) + rng.normal(0, 0.5, 4)
                seen = Detections(
                    np.array([box], np.float32).clip(0, 320),
                    np.full(1, 0.7, np.float32),
                    np.zeros(1, np.int32),
                    ("person",),
                )
            events += pipeline.step(frame, seen, CLOCK).events
        else:
            events += pipeline.step(frame, None, CLOCK).events
    return events, looks, frames


@pytest.mark.parametrize("every", [0, 4, 3], ids=["sees all", "misses a fourth", "misses a third"])
def test_who_stands_still_is_one_intrusion_and_one_loitering_for_less_than_half_the_looks(every: int) -> None:
    events, looks, frames = play(frozenset(range(0, 1000, every)) if every else frozenset())
    told = [(e.data.why.rule, e.data.phase, e.time.timestamp() - T0) for e in events if e.data.phase != "update"]
    enters, exits = ARRIVES + 2.0, LEAVES + 2.0
    wanted = [
        ("keep-out", "begin", enters),
        ("keep-out", "end", exits),
        ("linger", "begin", enters + 20.0),
        ("linger", "end", exits),
    ]
    assert [what for *what, _ in sorted(told)] == [list(what) for *what, _ in wanted]
    assert [t for *_, t in sorted(told)] == pytest.approx([t for *_, t in wanted], abs=0.5)
    assert looks < frames / 2
