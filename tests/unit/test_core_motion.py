"""The motion gate on synthetic luma: it opens for what moves, not for light and noise, and says why."""

from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.motion import FUTILE_EVERY_S, FUTILE_S, PROVEN_S, Decision, MotionGate
from edge_agent.core.spec import MotionSpec
from edge_agent.core.types import Image

SHAPE = (90, 160)


def street(seed: int = 1) -> NDArray[np.float32]:
    """Blocks of different grey, like walls, road and sky."""
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(40, 200, (9, 16)), np.ones((10, 10))).astype(np.float32)


def picture(scene: NDArray[np.float32], rng: np.random.Generator | None = None, noise: float = 2.0) -> Image:
    grain = 0.0 if rng is None else rng.normal(0, noise, scene.shape)
    levels: Image = np.clip(np.rint(scene + grain), 0, 255).astype(np.uint8)
    return levels


def settled(spec: MotionSpec, rng: np.random.Generator | None = None) -> tuple[MotionGate, float]:
    """A gate that has watched an empty street until it closed, and the time."""
    gate, t = MotionGate(spec), 0.0
    while gate.decide(picture(street(), rng), t).reason != "idle":
        t += 0.2
        assert t < 30
    return gate, t


def test_a_gate_that_is_off_always_looks() -> None:
    gate = MotionGate(MotionSpec(enabled=False))
    assert [gate.decide(picture(street()), t).reason for t in (0.0, 0.2)] == ["always", "always"]


def test_reasons_over_time_on_a_still_scene() -> None:
    gate = MotionGate(MotionSpec(hold_s=2.0, refresh_s=5.0))
    reasons = {t: gate.decide(picture(street()), t).reason for t in range(14)}
    assert reasons[0] == "first"
    assert [reasons[t] for t in (1, 2)] == ["hold", "hold"]
    assert [reasons[t] for t in (3, 4, 5, 6)] == ["idle"] * 4
    assert [t for t, reason in reasons.items() if reason == "refresh"] == [7, 12]


def test_a_small_far_figure_opens_the_gate() -> None:
    rng = np.random.default_rng(3)
    gate, t = settled(MotionSpec(), rng)
    scene = street()
    scene[40:48, 70:73] += 40
    decision = gate.decide(picture(scene, rng), t + 0.2)
    assert (decision.detect, decision.reason) == (True, "motion")
    assert decision.area == pytest.approx(24 / (90 * 160), abs=1e-3)


@pytest.mark.parametrize("noise", [1.0, 3.0, 6.0])
def test_noise_does_not(noise: float) -> None:
    rng = np.random.default_rng(5)
    gate = MotionGate(MotionSpec(refresh_s=1000))
    reasons = [gate.decide(picture(street(), rng, noise), n * 0.2).reason for n in range(60)]
    assert set(reasons[16:]) == {"idle"}


@pytest.mark.parametrize("block", [2, 4])
def test_nor_does_noise_that_noise_reduction_has_left_in_blocks(block: int) -> None:
    rng = np.random.default_rng(4)
    ones = np.ones((block, block))
    gate = MotionGate(MotionSpec())

    def blotched() -> Image:
        coarse = rng.normal(0, 4, (SHAPE[0] // block + 1, SHAPE[1] // block + 1))
        return picture(street() + np.kron(coarse, ones)[: SHAPE[0], : SHAPE[1]].astype(np.float32))

    moved = [gate.decide(blotched(), n * 0.2).area for n in range(60)]
    assert max(moved[5:]) < MotionSpec().min_area


@pytest.mark.parametrize(("gain", "offset"), [(1.3, 0.0), (0.7, 0.0), (1.0, 25.0), (1.0, -25.0), (0.8, 30.0)])
def test_a_change_of_light_does_not(gain: float, offset: float) -> None:
    gate, t = settled(MotionSpec())
    decision = gate.decide(picture(street() * gain + offset), t + 0.2)
    assert decision.reason == "idle", decision


def test_someone_who_comes_with_a_change_of_light_does() -> None:
    gate, t = settled(MotionSpec())
    scene = street() * 0.7
    scene[30:60, 50:65] = 250
    assert gate.decide(picture(scene), t + 0.2).reason == "motion"


def test_whoever_comes_in_the_shadows_of_clouds_does() -> None:
    """The shadows are another light at each place, and no noise that would hide him."""
    gate, t = settled(MotionSpec())
    x, y = np.meshgrid(np.linspace(0, 6 * np.pi, SHAPE[1]), np.linspace(0, 4 * np.pi, SHAPE[0]))
    scene = street() * (0.7 + 0.3 * np.sin(x) * np.cos(y)).astype(np.float32)
    scene[40:60, 70:78] += 50
    decision = gate.decide(picture(scene), t + 0.2)
    assert decision.reason == "motion"
    assert decision.moved is not None
    assert decision.moved[40:60, 70:78].mean() > 0.5


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3, 0.45])
@pytest.mark.parametrize("level", [10, 250])
@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("dimmed", [1.0, 0.8])
def test_something_large_is_no_change_of_light(share: float, level: int, flat: bool, dimmed: float) -> None:
    scene = np.full(SHAPE, 110.0, np.float32) if flat else street()
    gate = MotionGate(MotionSpec(hold_s=0.0, refresh_s=1000))
    assert gate.decide(picture(scene), 0.0).reason == "first"
    entered = scene * dimmed
    entered[:, : round(160 * share)] = level
    decision = gate.decide(picture(entered), 0.2)
    assert decision.reason == "motion"
    assert decision.area == pytest.approx(share, rel=0.35)


def test_a_flat_picture_that_gets_brighter_does_not_open_it() -> None:
    gate = MotionGate(MotionSpec(hold_s=0.0, refresh_s=1000))
    grey = np.full(SHAPE, 100, np.uint8)
    assert gate.decide(grey, 0.0).reason == "first"
    assert gate.decide(grey + 50, 1.0).reason == "idle"


def test_what_stays_becomes_background_at_the_same_speed_at_any_frame_rate() -> None:
    closed = {}
    for rate in (2, 5, 15):
        gate, t = settled(MotionSpec(refresh_s=1000))
        scene = street()
        scene[40:60, 70:80] += 60
        n = 1
        while gate.decide(picture(scene), t + n / rate).reason != "idle":
            n += 1
            assert n / rate < 60
        closed[rate] = n / rate
    assert max(closed.values()) - min(closed.values()) <= 1.0, closed


def test_an_unsettled_look_is_confirmed_for_a_while() -> None:
    gate, t = settled(MotionSpec())
    gate.unsettled(t + 0.5)
    assert [gate.decide(picture(street()), t + dt).reason for dt in (0.2, 0.4, 0.6)] == ["confirm", "confirm", "idle"]


@pytest.mark.parametrize(
    ("nobody", "whole", "patient", "soon"),
    [(True, True, True, True), (False, True, True, False), (True, False, True, False), (True, True, False, False)],
)
def test_the_place_that_somebody_has_left_is_soon_background(
    nobody: bool, whole: bool, patient: bool, soon: bool
) -> None:
    gate, somebody = MotionGate(MotionSpec(), patient=patient), street()
    somebody[30:60, 70:80] += 60
    closed = 0.0
    for n in range(150):
        decision = gate.decide(picture(somebody if n < 50 else street()), n * 0.2)
        if decision.detect:
            closed = closed if decision.reason == "refresh" else n * 0.2 - 10.0
            gate.showed(nobody=nobody and n >= 50, whole=whole)
    assert (closed < PROVEN_S + 0.3) == soon, closed
    assert soon or closed > 5.0


def test_whoever_comes_while_a_place_is_proven_empty_is_seen_at_once() -> None:
    gate, t = settled(MotionSpec())
    gate.showed(nobody=True, whole=True)
    scene = street()
    scene[30:60, 70:80] += 60
    for n in range(1, 60):
        present = 20 <= n < 30
        decision = gate.decide(picture(scene if present else street()), t + n * 0.2)
        if decision.detect:
            gate.showed(nobody=not present, whole=True)
        assert decision.detect or not present


@pytest.mark.parametrize("pixels", [1, 2])
def test_what_a_gate_for_far_people_opens_for_is_another_picture(pixels: int) -> None:
    spec = MotionSpec(min_area=pixels / (90 * 160))
    gate, t = settled(spec)
    gate.showed(nobody=True, whole=True)
    while gate.decide(picture(street()), t := t + 0.2).reason != "refresh":
        pass
    gate.showed(nobody=True, whole=True)
    scene = street()
    scene[40 : 40 + pixels, 70] += 40
    assert gate.decide(picture(scene), t + 0.2).detect


def refreshed(scene: Callable[[float], NDArray[np.float32]], *, empty: bool = True, patient: bool = True) -> list[int]:
    """At which whole seconds a gate without motion is refreshed. empty: what it looks at then shows nobody."""
    gate, seconds = MotionGate(MotionSpec(hold_s=0.0), patient=patient), []
    for t in range(80):
        decision = gate.decide(picture(scene(float(t))), float(t))
        if decision.detect:
            gate.showed(nobody=empty, whole=True)
        seconds += [t] if decision.reason == "refresh" else []
    return seconds


def test_the_very_picture_in_which_nobody_was_is_looked_at_more_rarely() -> None:
    often = list(range(5, 80, 5))
    assert refreshed(lambda t: street()) == [5, 15, 35, 65]
    assert refreshed(lambda t: street(), empty=False) == often
    assert refreshed(lambda t: street(), patient=False) == often


def test_who_comes_too_slowly_or_faintly_for_the_gate_is_looked_at_as_often_as_ever() -> None:
    def creeping(t: float) -> NDArray[np.float32]:
        scene = street()
        scene[40:48, 70:73] = 60.0 + 1.4 * t
        return scene

    def brighter(t: float) -> NDArray[np.float32]:
        return street() + np.float32(t)

    def faint(t: float) -> NDArray[np.float32]:
        scene = street()
        scene[40:44, 70:71] += 8.0 if t >= 12 else 0.0
        return scene

    assert refreshed(creeping) == list(range(5, 80, 5))
    assert max(b - a for a, b in pairwise(refreshed(brighter))) <= 10
    assert refreshed(faint) == [5, 15, 20, 30, 50]


def test_another_picture_size_starts_anew() -> None:
    gate, t = settled(MotionSpec())
    assert gate.decide(np.zeros((45, 80), np.uint8), t + 0.2).reason == "first"


def swaying(t: float, seed: int = 2) -> NDArray[np.float32]:
    """A street with a tree in the wind: a patch of it is another at each moment."""
    scene = street()
    rng = np.random.default_rng(round(t * 10) + seed)
    scene[0:20, 0:30] += rng.normal(0, 40, (20, 30))
    return scene


def restless(gate: MotionGate, until: float, begin: float = 0.0) -> list[tuple[float, Decision]]:
    times = [begin + n / 5 for n in range(round((until - begin) * 5))]
    return [(t, gate.decide(picture(swaying(t)), t)) for t in times]


def test_what_moves_for_long_without_anybody_is_looked_at_once_a_second() -> None:
    gate = MotionGate(MotionSpec())
    first = restless(gate, FUTILE_S)
    assert all(decision.detect for _, decision in first)
    then = restless(gate, 60.0, FUTILE_S + 0.2)
    assert {decision.reason for _, decision in then} <= {"futile", "motion"}
    looks = [t for t, decision in then if decision.detect]
    assert 45 <= len(looks) <= 60
    assert max(b - a for a, b in pairwise(looks)) <= FUTILE_EVERY_S + 0.01


def test_somebody_found_there_is_looked_at_always() -> None:
    gate = MotionGate(MotionSpec())
    restless(gate, 30.0)
    gate.found()
    assert all(decision.detect for _, decision in restless(gate, 39.0, 30.0))


def test_more_than_usual_moves_is_looked_at_at_once() -> None:
    gate = MotionGate(MotionSpec())
    (*_, (t, _)) = restless(gate, 30.1)
    while gate.decide(picture(swaying(t := t + 0.2)), t).detect:
        pass
    scene = swaying(t + 0.2)
    scene[30:80, 60:90] = 230
    assert gate.decide(picture(scene), t + 0.2).reason == "motion"


def test_a_gate_that_may_not_be_patient_looks_at_all_that_moves() -> None:
    gate = MotionGate(MotionSpec(), patient=False)
    assert all(decision.detect for _, decision in restless(gate, 30.0))


def test_after_a_pause_everything_is_worth_a_look_again() -> None:
    gate = MotionGate(MotionSpec(hold_s=1.0))
    restless(gate, 30.0)
    still = [gate.decide(picture(swaying(30.0)), 30.0 + n / 5).reason for n in range(150)]
    assert "idle" in still
    assert all(decision.detect for _, decision in restless(gate, 68.0, 60.0))


def test_who_is_short_of_time_believes_one_look_that_showed_nobody_and_refreshes_later() -> None:
    scene = street()
    scene[30:60, 70:80] += 60
    gate, t = settled(MotionSpec())
    first = gate.decide(picture(scene), t + 0.2, 4.0)
    assert (first.detect, first.reason, first.barren) == (True, "motion", False)
    gate.showed(nobody=True, whole=True)
    unhurried = deepcopy(gate)
    assert gate.decide(picture(scene), t + 0.4, 4.0).reason == "idle"
    assert gate.decide(picture(street()), t + 0.6, 4.0).detect
    again = unhurried.decide(picture(scene), t + 0.4)
    assert (again.detect, again.reason, again.barren) == (True, "motion", True)
    waited = []
    for patience in (1.0, 4.0):
        gate, t = settled(MotionSpec(refresh_s=5.0))
        began = t
        while gate.decide(picture(street()), t := t + 0.5, patience).reason != "refresh":
            pass
        waited.append(t - began)
    assert waited[1] > 3 * waited[0]
