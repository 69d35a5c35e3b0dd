"""The brawl rule: what it looks at, what it says and when it keeps quiet."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from edge_agent.core.picture import Flow
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.rules import brawl_features as features
from edge_agent.core.rules import brawl_weights
from edge_agent.core.rules.brawl import ALONE, EMPTY, NOISE, QUIET, SHARE, UNSEEN, Brawl, BrawlRule, lasting
from edge_agent.core.rules.brawl_features import MOTION, Evidence, Floats, Looker
from edge_agent.core.rules.brawl_model import PARTS, BrawlModel, probability, shipped, strongest
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.spec import CameraSpec, MotionSpec
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Box, Detections, FeatureMap, Finding, Frame, Image, Point
from edge_agent.zoo.manifest import manifest
from tests.data import ROOT
from tests.reference.naive_brawl import naive_rows
from tests.scenes import AGENT, CLASSES, CLOCK, T0, ToldTracker, ids

LEFT: tuple[Point, ...] = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
UPPER: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
DEEP = 3
BOXES = np.array([[0.0, 0.0, 0.25, 0.5], [0.75, 0.5, 1.0, 1.0]])
SOMEBODY: Box = (0.1, 0.1, 0.2, 0.4)


def figure(box: Box = SOMEBODY, cls: str = "person") -> Figure:
    foot = (box[0] + box[2]) / 2, box[3]
    return Figure(FigureId(1), cls, box, 0.9, foot, foot)


TWO = figure(), figure((0.12, 0.1, 0.22, 0.4))
"""In the first window."""


def model(bias: float = -4.0) -> BrawlModel:
    """Each channel as it is, its weight 1."""
    ones = np.ones(DEEP + len(MOTION), np.float32)
    return BrawlModel(0 * ones, ones, ones, bias, np.zeros(len(PARTS), np.float32))


@dataclass
class Told:
    """A looker that answers with one level of the first channel in each window, at all times."""

    levels: Sequence[float]
    forgotten: int = 0
    boxes: Floats = field(default_factory=lambda: BOXES)

    def look(self, view: View, people: Sequence[Figure]) -> Evidence | None:
        rows = np.zeros((len(self.levels), DEEP + len(MOTION)), np.float32)
        rows[:, 0] = self.levels
        return Evidence(view.t, rows, self.boxes)  # type: ignore[arg-type]

    def forget(self) -> None:
        self.forgotten += 1


def play(
    looker: Told, rule: BrawlRule | None = None, polygon: tuple[Point, ...] = WHOLE, seconds: float = 3.0
) -> tuple[Brawl, list[tuple[float, Finding]]]:
    step = Brawl(rule or BrawlRule(id="b"), polygon, model(), looker)
    found = []
    for n in range(round(seconds * 5) + 1):
        found += [(n / 5, one) for one in step.step(View(n / 5, TWO, 1.0))]
    return step, found


def test_strong_evidence_is_a_brawl_as_soon_as_enough_was_seen() -> None:
    step, found = play(Told([20.0, 0.0]))
    assert found[0][0] == pytest.approx(1.0)
    assert len(found) == 11
    assert step.score == pytest.approx(probability(10.0 - 4.0))
    assert found[0][1].confidence == pytest.approx(step.score)


def test_nothing_is_said_below_the_threshold() -> None:
    step, found = play(Told([8.0, 0.0]))
    assert found == []
    assert step.score == pytest.approx(0.5)


def test_only_windows_whose_middle_is_in_the_zone_count() -> None:
    rule = BrawlRule(id="b", zone="z")
    assert play(Told([0.0, 20.0]), rule, LEFT)[1] == []
    assert play(Told([20.0, 0.0]), rule, LEFT)[1] != []


def test_fighters_the_detector_misses_are_told_by_place() -> None:
    step, _ = play(Told([20.0, 0.0]))
    found = step.step(View(3.2, (), 1.0))
    assert found[0].subjects[0].count == 0
    assert found[0].subjects[0].boxes == ((0.0, 0.0, 0.25, 0.5),)


@pytest.mark.parametrize(
    ("people", "doubt"),
    [
        (TWO, 0.0),
        (TWO[:1], ALONE),
        ((figure(), figure((0.8, 0.1, 0.9, 0.3))), ALONE),  # the second elsewhere
        ((figure(), figure((0.24, 0.1, 0.34, 0.4))), 0.0),  # half a body height apart, at most
        ((figure((0.0, 0.1, 0.05, 0.2)), figure((0.2, 0.1, 0.25, 0.2))), ALONE),
        ((figure(), figure((0.1, 0.1, 0.13, 0.2))), ALONE),  # far behind
        ((figure(), figure(cls="dog")), ALONE),
        ((figure(cls="dog"), figure(cls="dog")), ALONE + UNSEEN),
        ((), ALONE + UNSEEN),
    ],
)
def test_it_takes_two_to_fight(people: tuple[Figure, ...], doubt: float) -> None:
    step = Brawl(BrawlRule(id="b"), LEFT, model(), Told([12.0, 0.0]))
    for n in range(10):
        step.step(View(n / 5, people, 1.0))
    assert step.score == pytest.approx(probability(8.0 - doubt))


def test_two_who_were_seen_at_once_count_while_the_detector_misses_them() -> None:
    step, _ = play(Told([20.0, 0.0]))
    scores = []
    for n in range(1, 21):
        step.step(View(3.0 + n / 5, (figure(),), 1.0))
        scores.append(step.score)
    assert scores[:15] == [pytest.approx(probability(6.0))] * 15
    assert scores[15:] == [pytest.approx(probability(6.0 - ALONE))] * 5


@pytest.mark.parametrize(
    ("usual", "strongest_change", "doubt"),
    [
        (0.5, 0.5, NOISE * (1 - SHARE)),
        (0.45, 0.5, NOISE * (0.9 - SHARE)),
        (0.3, 0.5, 0.0),  # much less than where it happens
        (QUIET - 0.01, QUIET, 0.0),  # hardly anything
        (0.5, 0.0, math.inf),  # nothing at all where it is watched: a mask
    ],
)
def test_a_picture_that_changes_where_nobody_is_tells_less(usual: float, strongest_change: float, doubt: float) -> None:
    boxes = np.array([[0.0, 0.0, 0.25, 0.5]] * 4 + [[0.1 * n, 0.6, 0.1 * n + 0.1, 0.9] for n in range(EMPTY)])
    levels = [DEEP * strongest_change] * 4 + [DEEP * usual] * EMPTY
    step = Brawl(BrawlRule(id="b", zone="z"), UPPER, model(), Told(levels, boxes=boxes))
    for n in range(10):
        step.step(View(n / 5, TWO, 1.0))
    assert step.score == pytest.approx(probability(DEEP * strongest_change - 4.0 - doubt))


def test_few_empty_windows_do_not_tell_what_changes_by_itself() -> None:
    boxes = np.array([[0.0, 0.0, 0.25, 0.5]] * 4 + [[0.1 * n, 0.6, 0.1 * n + 0.1, 0.9] for n in range(EMPTY - 1)])
    step = Brawl(BrawlRule(id="b", zone="z"), UPPER, model(), Told([9.0] * (EMPTY + 3), boxes=boxes))
    for n in range(10):
        step.step(View(n / 5, TWO, 1.0))
    assert step.score == pytest.approx(probability(9.0 - 4.0))


def test_who_stands_elsewhere_is_not_named() -> None:
    step = Brawl(BrawlRule(id="b"), LEFT, model(), Told([20.0, 20.0]))
    people = *TWO, figure((0.8, 0.6, 0.9, 0.9))
    found = [one for n in range(10) for one in step.step(View(n / 5, people, 1.0))]
    assert found[-1].subjects[0].boxes == tuple(one.box for one in TWO)


def test_it_goes_on_down_to_half_the_threshold() -> None:
    looker = Told([20.0, 0.0])
    step, found = play(looker)
    assert found
    looker.levels = [8.4, 0.0]  # log-odds 0.2, a probability between the two thresholds
    after = [step.step(View(3.2 + n / 5, TWO, 1.0)) for n in range(20)]
    assert all(after)
    looker.levels = [4.0, 0.0]
    after = [step.step(View(7.2 + n / 5, TWO, 1.0)) for n in range(20)]
    assert after[0]
    assert not after[-1]


def test_one_step_is_no_brawl() -> None:
    """A cut, a flash, a knock at the camera."""
    looker = Told([0.0, 0.0])
    step, _ = play(looker)
    looker.levels = [500.0, 500.0]
    assert step.step(View(3.2, (figure(),), 1.0)) == ()
    looker.levels = [0.0, 0.0]
    assert not any(step.step(View(3.2 + n / 5, TWO, 1.0)) for n in range(1, 15))


def test_what_lasts_is_the_mean_without_the_strongest_step() -> None:
    parts = np.array([[[1.0, 0.0]], [[5.0, 4.0]], [[2.0, 1.0]]], np.float32)
    np.testing.assert_allclose(lasting(parts, parts.sum(axis=2)), [[1.5, 0.5]])


def test_a_held_picture_has_no_score_once_the_window_is_over() -> None:
    looker = Told([20.0, 0.0])
    step, _ = play(looker)
    for n in range(1, 15):
        step.step(View(3.0 + n / 5, (figure(),), 1.0, held=True))
    assert looker.forgotten == 14
    assert step.score is None


def test_the_measures_are_the_parts_that_speak_for_it() -> None:
    _, found = play(Told([20.0, 0.0]))
    names = [measure.name for measure in found[0][1].measures]
    assert names[0] == "brawl"
    assert "appearance" in names
    assert found[0][1].measures[0].threshold == BrawlRule(id="b").threshold
    assert found[0][1].measures[1].value == pytest.approx(10.0)


def test_evidence_of_another_network_says_nothing() -> None:
    step = Brawl(BrawlRule(id="b"), WHOLE, None, Told([20.0, 20.0]))
    assert not any(step.step(View(n / 5, (figure(),), 1.0)) for n in range(20))
    assert step.score is None


def test_the_shipped_model_is_whole() -> None:
    known = shipped()
    assert len(known.mean) == len(known.scale) == known.channels == 256 + 128 + len(MOTION)
    assert len(known.usual) == len(PARTS)
    assert np.isfinite(known.weights).all()
    assert (known.scale > 0).all()


def test_the_card_tells_of_the_shipped_numbers_and_their_network() -> None:
    card = (ROOT / "models" / "brawl.md").read_text("utf-8")
    assert hashlib.sha256(Path(brawl_weights.__file__).read_bytes()).hexdigest() in card
    network = manifest().entry("yolov8n").onnx
    assert str(network.sha256) in card
    assert network.features is not None
    assert all(tensor in card for tensor in network.features)
    assert str(network.sha256) in str(brawl_weights.__doc__)


def test_unknown_channels_say_nothing() -> None:
    rows = np.full((2, DEEP + len(MOTION)), np.nan, np.float32)
    rows[0, 0] = 3.0
    assert model().parts(rows).sum(axis=1).tolist() == [3.0, 0.0]


def test_the_strongest_come_first_and_ties_keep_their_order() -> None:
    assert strongest(np.array([1.0, 3.0, 3.0, 2.0]), 3).tolist() == [1, 2, 3]


def test_the_pipeline_hands_on_what_the_network_saw() -> None:
    """From the detector's map to the step's score, and none where the detector gives no map."""
    camera = CameraSpec(id="c", source="-", rules=(BrawlRule(id="b"),), motion=MotionSpec(enabled=False))
    for mapped in (True, False):
        pipeline = CameraPipeline(camera, AGENT, ToldTracker(), ids, "test/fake", pictures=Flowing())
        for n in range(10):
            image = np.zeros((90, 160, 3), np.uint8)
            features = laid(noise(n, 256, 12, 20)) if mapped else None
            seen = replace(Detections.none(CLASSES), features=features)
            step = pipeline.step(Frame(image, image[..., 0], n, T0 + n / 5), seen, CLOCK)
        assert ("b" in step.scores) == mapped


class Flowing:
    """A Pictures port in which nothing moves."""

    def show(self, frame: Frame, t: float) -> "Still":
        return Still(t, np.zeros((90, 160, 2), np.float32))


# --- the looker ------------------------------------------------------------------------------------------------------


class Still:
    """A Picture whose flow is told."""

    def __init__(self, t: float, flow: Floats | None, dt: float = 0.2) -> None:
        self.t = t
        self.image: Image = np.zeros((90, 160, 3), np.uint8)
        self._flow = None if flow is None else Flow(flow, dt)

    def colour(self, width: int) -> Image:
        return self.image

    def planes(self, width: int) -> tuple[Image, Image, Image]:
        return self.image[..., 0], self.image[..., 1], self.image[..., 2]

    def grey(self, width: int) -> Image:
        return self.image[..., 0]

    def flow(self, width: int) -> Flow | None:
        return self._flow


def laid(values: Floats) -> FeatureMap:
    """A map of 12 x 20 cells over a picture of 640 x 360, padded to 640 x 384; the fine one has half of its channels,
    and its cells differ from those of the coarse one, and among each other."""
    fine = values[::2].repeat(2, axis=1).repeat(2, axis=2)
    fine[:, 1::2, ::2] *= -1.5
    return FeatureMap(values, fine, 0.0, -12 / 360, 1 / 20, 32 / 360)


def view(t: float, values: Floats, flow: Floats | None, *people: Figure) -> View:
    return View(t, people, 16 / 9, picture=Still(t, flow), features=laid(values))


def noise(seed: int, *shape: int) -> Floats:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_rows_equal_the_naive_reference() -> None:
    looker = Looker()
    maps = [noise(n, 4, 12, 20) for n in range(3)]
    flows = [noise(10 + n, 90, 160, 2) for n in range(3)]
    people = [figure(), figure((0.5, 0.5, 0.6, 0.8))]
    assert looker.look(view(0.0, maps[0], flows[0], *people), people) is None
    second = looker.look(view(0.2, maps[1], flows[1], *people), people)
    assert second is not None
    assert np.isnan(second.rows[:, :6]).all()
    got = looker.look(view(0.4, maps[2], flows[2], *people), people)
    assert got is not None
    wanted = naive_rows([laid(one) for one in maps], flows[1], flows[2], 0.2, people)
    np.testing.assert_allclose(got.rows, wanted, rtol=2e-4, atol=2e-5)
    assert len(got.boxes) == len(got.rows)


def test_a_still_picture_has_no_change_and_no_motion() -> None:
    looker, values = Looker(), noise(1, 4, 12, 20)
    nothing = np.zeros((90, 160, 2), np.float32)
    looker.look(view(0.0, values, nothing), [])
    looker.look(view(0.2, values, nothing), [])
    got = looker.look(view(0.4, values, nothing), [])
    assert got is not None
    assert not got.rows.any()


def test_what_goes_on_as_it_did_is_no_change() -> None:
    """A walker's map shifts as before; a blow reverses."""
    looker, values, rise = Looker(), noise(1, 4, 12, 20), noise(2, 4, 12, 20)
    nothing = np.zeros((90, 160, 2), np.float32)
    for n in range(4):
        steady = looker.look(view(n / 5, values + n * rise, nothing), [])
    back = looker.look(view(0.8, values + 2 * rise, nothing), [])
    assert steady is not None
    assert back is not None
    np.testing.assert_allclose(steady.rows, 0.0, atol=1e-5)
    assert back.rows[:, :6].min() > 0.3


def test_a_moving_camera_is_no_motion() -> None:
    looker, values = Looker(), noise(1, 4, 12, 20)
    pan = np.full((90, 160, 2), 7.0, np.float32)
    for n in range(3):
        got = looker.look(view(n / 5, values, pan), [])
    assert got is not None
    np.testing.assert_allclose(got.rows, 0.0, atol=1e-6)


def test_steps_are_apart() -> None:
    looker = Looker()
    flow = np.zeros((90, 160, 2), np.float32)
    made = [looker.look(view(n / 15, noise(n, 4, 12, 20), flow), []) for n in range(31)]
    times = [one.t for one in made if one is not None]
    assert times == pytest.approx([n / 5 for n in range(1, 11)])


@pytest.mark.parametrize("gap", [1.5, 60.0])
def test_nothing_is_compared_over_a_gap(gap: float) -> None:
    looker = Looker()
    flow = np.zeros((90, 160, 2), np.float32)
    looker.look(view(0.0, noise(0, 4, 12, 20), flow), [])
    assert looker.look(view(gap, noise(1, 4, 12, 20), flow), []) is None
    assert looker.look(view(gap + 0.2, noise(1, 4, 12, 20), flow), []) is not None


def test_without_features_or_pixels_there_is_no_evidence() -> None:
    looker = Looker()
    flow = np.zeros((90, 160, 2), np.float32)
    for n in range(5):
        assert looker.look(View(n / 5, (), 1.0, picture=Still(n / 5, flow)), []) is None
        assert looker.look(View(n / 5 + 0.1, (), 1.0, features=laid(noise(n, 4, 12, 20))), []) is None


def test_a_new_size_begins_anew() -> None:
    looker = Looker()
    flow = np.zeros((90, 160, 2), np.float32)
    looker.look(view(0.0, noise(0, 4, 12, 20), flow), [])
    assert looker.look(view(0.2, noise(0, 4, 15, 20), flow), []) is None


@pytest.mark.parametrize("cells", [3, 5, 6, 10, 12, 15, 20])
def test_windows_cover_every_cell(cells: int) -> None:
    assert set(features.covered(cells).ravel()) == set(range(cells))


def test_people_are_counted_where_they_are() -> None:
    cells = features.Cells(laid(noise(0, 1, 12, 20)), 90, 160)
    grid = cells.count([figure((0.0, 0.0, 0.04, 0.1)), figure((0.96, 0.9, 1.0, 1.0))])
    assert grid[0, 0] == 1
    assert grid[11, 19] + grid[10, 19] == 1
    assert grid.sum() == 2
