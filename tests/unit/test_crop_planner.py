"""When the whole picture is looked at and when only parts of it; that parts show what the whole does."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from contract.events import Event
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.adapters.sheets_cv2 import look
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.crop_planner import WHOLE_S, CropPlanner, crop_planner_of
from edge_agent.core.crops import SIZES
from edge_agent.core.motion import Decision, Reason
from edge_agent.core.pipeline import CameraPipeline
from edge_agent.core.rules.brawl import BrawlRule
from edge_agent.core.spec import (
    CameraSpec,
    DetectorSpec,
    IntrusionRule,
    TrackerSpec,
    Zone,
)
from edge_agent.core.types import Detections, Frame, Image, Track
from tests.scenes import AGENT, CLOCK, SQUARE, T0, blobs, guarded, ids

FRAME = (1280, 720)
LUMA = np.full((54, 96), 90, np.uint8)
NOBODY = np.empty((0, 4))
TRACKER = TrackerSpec(start=0.4)


def decision(reason: Reason, *cells: tuple[int, int]) -> Decision:
    """Of a luma of 54 x 96; cells: 3 x 3 pixels that move, by their upper left one (row, column)."""
    moved = np.zeros((54, 96), np.bool_)
    for row, column in cells:
        moved[row : row + 3, column : column + 3] = True
    return Decision(True, reason, float(moved.mean()), moved)


def planner(followed: np.ndarray = NOBODY) -> CropPlanner:
    made = CropPlanner(640, 0.4, lambda t: followed)
    assert made.plan(decision("first"), LUMA, FRAME, 0.0, 0.0) is None
    return made


def test_motion_is_looked_at_where_it_is() -> None:
    found = planner().plan(decision("motion", (20, 50)), LUMA, FRAME, 0.2, 0.2)
    assert found is not None
    (piece,) = found.pieces
    assert (piece.x1 < 50 * 1280 / 96, piece.x2 > 53 * 1280 / 96) == (True, True)
    assert (piece.y1 < 20 * 720 / 54, piece.y2 > 23 * 720 / 54) == (True, True)
    assert piece.x2 - piece.x1 < 200


def test_who_is_followed_is_looked_at_though_he_stands_still() -> None:
    still = np.array([(0.1, 0.1, 0.15, 0.3)])
    for at in (decision("motion", (40, 80)), decision("hold")):
        found = planner(still).plan(at, LUMA, FRAME, 0.2, 0.2)
        assert found is not None
        assert any(piece.x1 <= 128 and piece.x2 >= 192 and piece.y2 >= 216 for piece in found.pieces)


def shown(*boxes: tuple[float, float, float, float], score: float = 0.1) -> Detections:
    """Boxes in unit coordinates of FRAME."""
    pixels = np.array(boxes, np.float32).reshape(-1, 4) * np.array([*FRAME, *FRAME], np.float32)
    return Detections(pixels, np.full(len(boxes), score, np.float32), np.zeros(len(boxes), np.int32), ("person",))


def test_who_stays_where_the_whole_picture_shows_nobody_gets_no_piece_any_more() -> None:
    sign = (0.1, 0.1, 0.15, 0.3)
    made = planner(np.array([sign]))

    def pieces(t: float) -> int:
        on = made.plan(decision("hold"), LUMA, FRAME, t, t)
        assert on is not None
        return len(on.pieces)

    made.take_whole(shown())
    assert pieces(0.2) == 1
    for number, (seen, then) in enumerate([((), 0), ((sign,), 1), ((), 1), ((), 0)], 1):
        assert made.plan(decision("hold"), LUMA, FRAME, number * WHOLE_S, 0.0) is None
        made.take_whole(shown(*seen))
        assert pieces(number * WHOLE_S + 0.2) == then, number


def test_who_walks_keeps_his_piece_wherever_the_whole_picture_misses_him() -> None:
    made = CropPlanner(640, 0.4, lambda t: np.array([(0.1 + 0.02 * t, 0.1, 0.15 + 0.02 * t, 0.3)]))
    for number in range(4):
        assert made.plan(decision("hold"), LUMA, FRAME, number * WHOLE_S, number * WHOLE_S) is None
        made.take_whole(shown())
        on = made.plan(decision("hold"), LUMA, FRAME, number * WHOLE_S + 0.2, number * WHOLE_S + 0.2)
        assert on is not None
        assert len(on.pieces) == 1


def test_the_motion_of_whom_we_know_is_not_looked_at_twice() -> None:
    found = planner(np.array([(0.5, 0.35, 0.56, 0.45)])).plan(decision("motion", (20, 50)), LUMA, FRAME, 0.2, 0.2)
    assert found is not None
    assert len(found.pieces) == 1


@pytest.mark.parametrize("reason", ["always", "first", "refresh", "confirm", "futile"])
def test_whatever_else_opens_the_gate_wants_the_whole(reason: Reason) -> None:
    assert planner().plan(decision(reason, (20, 50)), LUMA, FRAME, 0.2, 0.2) is None


def test_the_whole_is_looked_at_on_a_slow_rhythm_and_after_a_clock_was_set_back() -> None:
    made = planner()
    times = [0.2 * n for n in range(1, 61)]
    whole = [t for t in times if made.plan(decision("motion", (20, 50)), LUMA, FRAME, t, t) is None]
    assert whole == pytest.approx([WHOLE_S, 2 * WHOLE_S, 3 * WHOLE_S, 4 * WHOLE_S])
    assert made.plan(decision("motion", (20, 50)), LUMA, FRAME, 5.0, 5.0) is None


def test_who_has_left_is_looked_for_in_the_whole_picture_once() -> None:
    made = planner()
    made.take_whole(shown())

    def whole(number: int, t: float, somebody: bool) -> bool:
        on = made.plan(decision("motion", (20, 50)), np.full_like(LUMA, 20 * number), FRAME, t, t)
        if on is None:
            made.take_whole(shown())
            return True
        piece = on.pieces[0]
        box = np.array([(piece.left + 8, piece.top + 8, piece.left + 16, piece.top + 24)], np.float32)
        made.take(on, [replace(shown((0, 0, 1, 1)), boxes=box) if somebody else shown()])
        return False

    course = (
        (0.4, False),
        (0.8, True),
        (1.2, True),
        (1.4, False),
        (1.6, False),
        (1.8, True),
        (2.0, False),
        (2.2, False),
    )
    assert [t for number, (t, somebody) in enumerate(course) if whole(number, t, somebody)] == [1.6]
    assert whole(9, 2.6, False)  # he was there again at 1.8, and the last look at the whole is a second ago


def test_who_is_cut_by_a_piece_is_looked_at_again_with_room_around() -> None:
    made = planner()
    on = made.plan(decision("motion", (20, 50)), LUMA, FRAME, 0.2, 0.2)
    assert on is not None
    (piece,) = on.pieces
    half = np.array([(piece.left, piece.top + 10, piece.left + 10, piece.top + 30)], np.float32)
    seen = made.take(on, [Detections(half, np.array([0.9], np.float32), np.zeros(1, np.int32), ("person",))])
    assert (len(seen.found), len(seen.doubtful)) == (0, 1)
    again, after = (made.plan(decision("motion", (20, 50)), LUMA + 20, FRAME, t, t) for t in (0.4, 0.6))
    assert again is not None
    assert min(one.x1 for one in again.pieces) < piece.x1
    assert after == on


@pytest.mark.parametrize("sign", [False, True])
def test_who_is_followed_is_found_though_a_pieces_border_cuts_him(sign: bool) -> None:
    """Whoever stands above him may lie in the same box. A sign that no whole picture shows is nobody for all that."""
    there = 0.1, 0.3, 0.15, 0.5
    made = planner(np.array([there]))
    for number in (1, 2):
        assert made.plan(decision("hold"), LUMA, FRAME, number * WHOLE_S, 0.0) is None
        made.take_whole(shown(*([] if sign else [there])))
    moves = decision("motion", *((row, column) for row in (16, 19, 22, 25) for column in (9, 12)))
    on = made.plan(moves, LUMA, FRAME, 2 * WHOLE_S + 0.2, 0.0)
    assert on is not None
    (piece,) = on.pieces
    scale = piece.width / (piece.x2 - piece.x1)
    left, right = (piece.left + (x * FRAME[0] - piece.x1) * scale for x in (there[0], there[2]))
    box = np.array([(left, piece.top, right, piece.top + (there[3] * FRAME[1] - piece.y1) * scale)], np.float32)
    seen = made.take(on, [replace(shown((0, 0, 1, 1), score=0.7), boxes=box)])
    assert (len(seen.found), len(seen.doubtful)) == (not sign, 1)
    assert sign or seen.found.boxes == pytest.approx(np.array([there]) * (*FRAME, *FRAME), abs=1)


def pieces(made: CropPlanner, luma: Image, t: float, *shown_there: Detections) -> int:
    """How many there are for what moves at one place; then that they showed this, or nobody."""
    on = made.plan(decision("motion", (20, 50)), luma, FRAME, t, t)
    assert on is not None
    made.take(on, [*shown_there, *[shown()] * on.count][: on.count])
    return len(on.pieces)


def lit(by: int, where: tuple[slice, slice] = (slice(20, 23), slice(50, 53))) -> Image:
    """LUMA with brighter pixels there."""
    luma = LUMA.copy()
    luma[where] += by
    return luma


def test_where_a_look_showed_nobody_nobody_looks_again_while_the_place_is_the_same() -> None:
    made = planner()
    assert [pieces(made, LUMA, 0.2), pieces(made, LUMA, 0.4), pieces(made, lit(6), 0.6)] == [1, 0, 0]
    assert [pieces(made, lit(7), 0.8), pieces(made, lit(7), 1.0), pieces(made, LUMA, 1.2)] == [1, 0, 1]


def test_the_whole_picture_does_not_answer_for_a_piece_but_says_where_somebody_may_be() -> None:
    elsewhere, there = (0.1, 0.1, 0.15, 0.3), (0.53, 0.38, 0.54, 0.4)
    for seen, again in (((), 0), ((elsewhere,), 0), ((there,), 1)):
        made = planner()
        made.take_whole(shown())
        assert [pieces(made, LUMA, 0.2), pieces(made, LUMA, 0.4)] == [1, 0]
        assert made.plan(decision("motion", (20, 50)), LUMA, FRAME, WHOLE_S, WHOLE_S) is None
        made.take_whole(shown(*seen))
        assert pieces(made, LUMA, WHOLE_S + 0.2) == again


def test_who_comes_so_slowly_that_no_two_pictures_differ_is_looked_at() -> None:
    made = planner()
    assert [pieces(made, lit(2 * n), 0.2 + 0.2 * n) for n in range(9)] == [1, 0, 0, 0, 1, 0, 0, 0, 1]


def test_where_somebody_may_be_it_is_looked_at_again() -> None:
    """Somebody doubtful, too, whom no track begins with."""
    made = planner()
    on = made.plan(decision("motion", (20, 50)), LUMA, FRAME, 0.2, 0.2)
    assert on is not None
    (piece,) = on.pieces
    x, y = piece.left + piece.width / 2, piece.top + piece.height / 2
    faint = Detections(
        np.array([(x - 20, y - 20, x + 20, y + 20)], np.float32),
        np.array([0.1], np.float32),
        np.zeros(1, np.int32),
        ("person",),
    )
    made = planner()
    assert [pieces(made, LUMA, 0.2, faint), pieces(made, LUMA, 0.4), pieces(made, LUMA, 0.6)] == [1, 1, 0]


def test_of_what_moves_all_is_looked_at_where_a_part_of_it_is_anew() -> None:
    made = planner()
    cut: list[tuple[int, ...]] = []
    for luma, t in ((LUMA, 0.2), (lit(20), 0.4)):
        on = made.plan(decision("motion", (20, 50), (23, 50), (26, 50)), luma, FRAME, t, t)
        assert on is not None
        made.take(on, [shown()])
        cut += [(piece.x1, piece.y1, piece.x2, piece.y2) for piece in on.pieces]
    assert len(cut) == 2
    assert cut[0] == cut[1]


@pytest.mark.parametrize(("later", "again"), [(0.4 + WHOLE_S, 1), (86_400.0, 1), (0.1, 1), (0.3 + WHOLE_S, 0)])
def test_what_a_piece_showed_before_a_pause_says_nothing_any_more(later: float, again: int) -> None:
    """Nor what it showed before the clock was set back. Looks that go on keep it, whole ones too."""
    made = planner()
    assert [pieces(made, LUMA, 0.2), pieces(made, LUMA, 0.4)] == [1, 0]
    made.plan(decision("refresh"), LUMA, FRAME, later, later)
    made.take_whole(shown())
    assert pieces(made, LUMA, later + 0.2) == again


def test_a_luma_of_another_size_begins_anew() -> None:
    made = planner()
    assert [pieces(made, LUMA, 0.2), pieces(made, LUMA, 0.4)] == [1, 0]
    small = Decision(True, "motion", 0.1, np.pad(np.ones((3, 3), np.bool_), ((9, 15), (20, 25))))
    on = made.plan(small, np.full((27, 48), 90, np.uint8), FRAME, 0.6, 0.6)
    assert on is not None
    assert len(on.pieces) == 1


def test_motion_everywhere_is_the_whole_picture() -> None:
    everywhere = Decision(True, "motion", 1.0, np.ones((54, 96), np.bool_))
    assert planner().plan(everywhere, LUMA, FRAME, 0.2, 0.2) is None


def test_rules_about_pixels_have_the_whole_picture() -> None:
    intrusion, brawl = IntrusionRule(id="keep-out", zone="yard"), BrawlRule(id="brawl")
    camera = CameraSpec(id="c", source="-", zones=(Zone("yard", SQUARE),), rules=(intrusion,), crops="auto")

    def parts(spec: CameraSpec) -> bool:
        return crop_planner_of(spec, ByteTrack(TRACKER), DetectorSpec(), TRACKER) is not None

    assert parts(camera)
    assert not parts(replace(camera, rules=(intrusion, brawl)))
    assert not parts(replace(camera, crops="off"))


class Blobs:
    """Finds what is white. Counts pixels."""

    name, classes = "blobs", ("person",)

    def __init__(self) -> None:
        self.pixels = 0

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        assert all(image.shape[1::-1] in SIZES for image in images if exact)
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> Detections:
        self.pixels += image.shape[0] * image.shape[1]
        return blobs([(image[..., 0] > 160, 0.9)])

    def close(self) -> None:
        pass


def played(crops: bool) -> tuple[list[tuple[Track, ...]], list[Event], Blobs]:
    """Two who walk towards and past each other, one who comes, stops at 6 s and stays, at 5 pictures a second."""
    camera = guarded("scene")
    tracker, detector = ByteTrack(TRACKER), Blobs()
    watched = CropPlanner(640, TRACKER.start, tracker.expected) if crops else None
    pipeline = CameraPipeline(camera, AGENT, tracker, ids, "blobs", planner=watched)
    tracks: list[tuple[Track, ...]] = []
    events: list[Event] = []
    for n in range(75):
        t = n / 5
        image = np.full((720, 1280, 3), 60, np.uint8)
        walkers = [(100 + 60 * t, 200), (1150 - 60 * t, 300), (640, 640 - 30 * min(max(t - 1, 0), 5))]
        for x, y in walkers:
            image[round(y) : round(y) + 60, round(x) : round(x) + 24] = 230
        frame = Frame(image, tiny_luma(image, 96), n, T0 + t)
        found = None
        if pipeline.wants_detection(frame).detect:
            sheets = pipeline.sheets(frame)
            found = pipeline.placed(sheets, look(detector, image, sheets, pipeline.features)).found
        step = pipeline.step(frame, found, CLOCK)
        tracks.append(step.tracks)
        events += step.events
    return tracks, events, detector


def test_parts_show_what_the_whole_shows_for_a_fraction_of_the_pixels() -> None:
    (parts, told, cheap), (whole, wanted, dear) = played(True), played(False)
    assert [[track.id for track in step] for step in parts] == [[track.id for track in step] for step in whole]
    for one, other in zip(parts, whole, strict=True):
        for track, same in zip(one, other, strict=True):
            assert track.box == pytest.approx(same.box, abs=0.004)
    assert max(len(step) for step in whole) == 3
    assert [(e.data.phase, e.time) for e in told] == [(e.data.phase, e.time) for e in wanted]
    assert cheap.pixels < dear.pixels / 4
