"""Pieces of a picture on sheets, and what was found there back in the picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.crops import (
    COARSEST,
    EDGE,
    GUTTER,
    MOST_PIECES,
    ROOMIER,
    SIZES,
    STRIDE,
    Boxes,
    Piece,
    Sheets,
    back,
    sheets,
    whole,
)
from edge_agent.core.types import Detections

FRAME, SIDE, STRONG = (1280, 720), 640, 0.4
CLASSES = ("person", "car")
NOBODY = np.empty((0, 4))


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float64).reshape(-1, 4)


def seen(*rows: tuple[float, float, float, float], label: int = 0, score: float = 0.8) -> Detections:
    count = len(rows)
    return Detections(
        np.array(rows, np.float32).reshape(-1, 4),
        np.full(count, score, np.float32),
        np.full(count, label, np.int32),
        CLASSES,
    )


def on_sheet(piece: Piece, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """A box of the frame as it lies on the piece's sheet."""
    over, down = piece.width / (piece.x2 - piece.x1), piece.height / (piece.y2 - piece.y1)
    x1, y1, x2, y2 = box
    return (
        piece.left + (x1 - piece.x1) * over,
        piece.top + (y1 - piece.y1) * down,
        piece.left + (x2 - piece.x1) * over,
        piece.top + (y2 - piece.y1) * down,
    )


def made(objects: Boxes, frame: tuple[int, int] = FRAME) -> Sheets:
    found = sheets(objects, NOBODY, frame, SIDE)
    assert found is not None
    return found


unit = st.floats(0, 1, allow_nan=False)
objects = st.lists(st.tuples(unit, unit, st.floats(0.001, 0.4), st.floats(0.001, 0.6)), max_size=12)
sizes = st.tuples(st.integers(160, 2560), st.integers(120, 1440))


@settings(deadline=None)
@given(objects, sizes)
def test_each_object_lies_in_a_piece_and_pieces_lie_apart_on_their_sheets(
    rows: list[tuple[float, float, float, float]], frame: tuple[int, int]
) -> None:
    width, height = frame
    given_ = boxes(*((x * width, y * height, min(1, x + w) * width, min(1, y + h) * height) for x, y, w, h in rows))
    found = sheets(given_[::2], given_[1::2], frame, SIDE)
    if found is None:
        return
    assert found.pixels < whole(width, height, SIDE)[1]
    assert found.size in SIZES
    wide, high = found.size
    taken = np.zeros((found.count, high + GUTTER, wide + GUTTER), int)
    for piece in found.pieces:
        assert 0 <= piece.x1 < piece.x2 <= width
        assert 0 <= piece.y1 < piece.y2 <= height
        assert piece.left + piece.width <= wide
        assert piece.top + piece.height <= high
        across, down = piece.x2 - piece.x1, piece.y2 - piece.y1
        if min(piece.width, piece.height) > 1:
            assert abs(piece.width * down - piece.height * across) <= (across + down) / 2 + 1e-6, "its shape is kept"
        place = (
            slice(piece.top, piece.top + piece.height + GUTTER),
            slice(piece.left, piece.left + piece.width + GUTTER),
        )
        taken[piece.sheet][place] += 1
    assert taken.max(initial=0) <= 1
    for x1, y1, x2, y2 in given_.tolist():
        if x2 - x1 >= 2 and y2 - y1 >= 2:
            assert any(p.x1 <= x1 and p.y1 <= y1 and x2 <= p.x2 and y2 <= p.y2 for p in found.pieces)


def test_a_far_person_is_enlarged_and_a_near_one_reduced_a_little() -> None:
    plain, _ = whole(*FRAME, SIDE)
    far, near = made(boxes((600, 300, 608, 320))).pieces[0], made(boxes((600, 100, 760, 480))).pieces[0]
    assert far.height / (far.y2 - far.y1) == pytest.approx(2.0, rel=0.05)
    assert COARSEST * plain <= near.height / (near.y2 - near.y1) < plain


def test_what_only_moves_is_looked_at_as_who_is_followed() -> None:
    plain, _ = whole(*FRAME, SIDE)
    large = boxes((200, 100, 400, 250))
    found = sheets(NOBODY, large, FRAME, SIDE)
    assert found is not None
    finer = found.pieces[0].height / (found.pieces[0].y2 - found.pieces[0].y1)
    assert finer == pytest.approx(COARSEST * plain * ROOMIER, rel=0.02), "the sheet has room for it"
    assert made(large).pieces == found.pieces
    assert sheets(NOBODY, boxes((200, 100, 900, 500)), FRAME, SIDE) is None, "it fits on no sheet"


def test_nothing_to_look_at_and_too_much_of_it() -> None:
    assert made(boxes()) == Sheets(FRAME)
    many = boxes(*((x * 30.0, y * 100.0, x * 30.0 + 8, y * 100.0 + 20) for x in range(30) for y in range(6)))
    assert len(many) > MOST_PIECES
    assert sheets(many, NOBODY, FRAME, SIDE) is None
    assert sheets(boxes((0, 0, 30, 80)), NOBODY, (320, 240), 128) is None, (
        "a sheet has more pixels than the whole frame"
    )


def test_neighbours_share_a_piece_and_strangers_do_not() -> None:
    assert len(made(boxes((100, 100, 130, 180), (120, 105, 150, 185))).pieces) == 1
    assert len(made(boxes((100, 100, 130, 180), (900, 105, 930, 185))).pieces) == 2


@settings(deadline=None)
@given(st.tuples(st.floats(60, 1200), st.floats(80, 600)), st.floats(10, 60))
def test_there_and_back(at: tuple[float, float], tall: float) -> None:
    x, y = at
    box = x, y, x + tall / 2.5, y + tall
    on = made(boxes(box))
    result = back(on, [seen(on_sheet(on.pieces[0], box))], STRONG)
    assert result.found.boxes == pytest.approx(boxes(box), abs=0.5)
    assert not len(result.cut)
    assert not len(result.doubtful)


def holds(piece: Piece, box: tuple[float, float, float, float]) -> bool:
    x1, y1, x2, y2 = box
    return piece.x1 <= x1 and piece.y1 <= y1 and x2 <= piece.x2 and y2 <= piece.y2


def test_two_sheets_are_told_apart() -> None:
    rows = [(50.0 + 220 * n, 100.0 + 350 * m, 80.0 + 220 * n, 180.0 + 350 * m) for n in range(8) for m in range(3)]
    on = made(boxes(*rows), (1920, 1080))
    assert on.count > 1
    looks = [
        seen(*(on_sheet(p, row) for row in rows for p in on.pieces if p.sheet == n and holds(p, row)))
        for n in range(on.count)
    ]
    result = back(on, looks, STRONG)
    at = np.rint(result.found.boxes)
    assert result.found.boxes[np.lexsort(at.T[::-1])] == pytest.approx(np.array(rows), abs=0.01)


def test_a_box_that_a_pieces_border_cuts_is_doubtful_and_a_strong_one_asks_for_another_look() -> None:
    on = made(boxes((600, 300, 630, 380)))
    (piece,) = on.pieces
    for score, asks in ((0.8, True), (0.2, False)):
        cut = seen((piece.left + piece.width - 12.0, 20, piece.left + piece.width - EDGE / 2, 60), score=score)
        result = back(on, [cut], STRONG)
        assert (len(result.found), len(result.doubtful), len(result.cut)) == (0, 1, asks)


@pytest.mark.parametrize(("score", "off", "known"), [(0.8, 0, True), (0.8, 30, False), (0.2, 0, False)])
def test_whom_a_border_cuts_where_he_is_expected_is_known_but_begins_no_track(
    score: float, off: float, known: bool
) -> None:
    """Not where another is expected, nor who is seen weakly besides; whether known or not, a strong one is looked at
    again with room around."""
    on = made(boxes((600, 300, 630, 380)))
    (piece,) = on.pieces
    up_to_the_border = float(piece.x1) + EDGE / 4, 300.0, 630.0, 380.0
    look = seen(on_sheet(piece, up_to_the_border), score=score)
    result = back(on, [look], STRONG, boxes((600 + off, 300, 630 + off, 380)))
    assert (len(result.found), len(result.doubtful), len(result.cut)) == (known, 1, score >= STRONG)
    assert result.found.scores == pytest.approx(np.full(int(known), score))
    assert result.found.weak is not None
    assert result.found.weak.tolist() == [True] * known


def test_of_who_is_cut_the_sides_that_the_border_hides_are_as_expected() -> None:
    (piece,) = (on := made(boxes((600, 300, 630, 380)))).pieces
    look = seen(on_sheet(piece, (605.0, piece.y1 + EDGE / 4, 634.0, 383.0)))
    result = back(on, [look], STRONG, boxes((602, 301, 632, 381)))
    assert result.found.boxes == pytest.approx(boxes((605, 301, 634, 383)), abs=0.5)
    at_the_edge = Piece(1100, 100, 1270, 200, 0, 0, 170, 100, 0)
    look = seen(on_sheet(at_the_edge, (1240.0, 110.0, 1270.0, 190.0)))
    result = back(Sheets(FRAME, 1, (at_the_edge,)), [look], STRONG, boxes((1238, 110, 1290, 190)))
    assert result.found.boxes == pytest.approx(boxes((1240, 110, 1280, 190)), abs=0.5)


def test_whom_two_borders_cut_where_he_is_expected_is_one_person() -> None:
    left, right = Piece(100, 100, 160, 200, 0, 0, 60, 100, 0), Piece(130, 100, 230, 200, 104, 0, 100, 100, 0)
    person = (131.0, 120.0, 165.0, 180.0)
    look = seen(on_sheet(left, (131.0, 120.0, 159.5, 180.0)), on_sheet(right, person))
    result = back(Sheets(FRAME, 1, (left, right)), [look], STRONG, boxes(person))
    assert len(result.found) == 1


def test_the_border_of_the_picture_cuts_nobody() -> None:
    on = made(boxes((0, 300, 30, 380)))
    box = on_sheet(on.pieces[0], (0.0, 300.0, 30.0, 380.0))
    result = back(on, [seen(box)], STRONG)
    assert result.found.boxes == pytest.approx(boxes((0, 300, 30, 380)), abs=0.5)


def test_whom_one_piece_cuts_and_another_shows_is_one_person() -> None:
    left, right = Piece(100, 100, 200, 200, 0, 0, 100, 100, 0), Piece(160, 100, 260, 200, 104, 0, 100, 100, 0)
    on = Sheets(FRAME, 1, (left, right))
    whole_one, cut = (166.0, 120.0, 220.0, 180.0), (166.0, 120.0, 199.9, 180.0)
    result = back(on, [seen(on_sheet(right, whole_one), on_sheet(left, cut))], STRONG)
    assert result.found.boxes == pytest.approx(boxes(whole_one), abs=0.1)
    assert not len(result.cut)


def test_whom_two_pieces_show_whole_is_one_person_and_a_car_beside_is_another_thing() -> None:
    one, other = Piece(100, 100, 200, 200, 0, 0, 100, 100, 0), Piece(120, 100, 220, 200, 104, 0, 100, 100, 0)
    on = Sheets(FRAME, 1, (one, other))
    box = (140.0, 120.0, 180.0, 180.0)
    assert len(back(on, [seen(on_sheet(one, box), on_sheet(other, box))], STRONG).found) == 1
    both = Detections(
        np.array([on_sheet(one, box), on_sheet(other, box)], np.float32),
        np.array([0.8, 0.7], np.float32),
        np.array([0, 1], np.int32),
        CLASSES,
    )
    assert len(back(on, [both], STRONG).found) == 2


def test_a_box_over_two_pieces_is_nobody() -> None:
    one, other = Piece(100, 100, 200, 200, 0, 0, 100, 100, 0), Piece(500, 100, 600, 200, 104, 0, 100, 100, 0)
    result = back(Sheets(FRAME, 1, (one, other)), [seen((60, 20, 150, 80))], STRONG)
    assert (len(result.found), len(result.cut)) == (0, 0)


def apart(count: int) -> Boxes:
    """People who share no piece."""
    rows = [(100.0 + 170 * (n % 7), 100.0 + 200 * (n // 7)) for n in range(count)]
    return boxes(*((x, y, x + 40, y + 100) for x, y in rows))


def test_few_people_take_a_small_sheet_and_more_a_larger_one() -> None:
    found = [made(apart(count)) for count in (1, 6, 10, 18)]
    assert [(on.count, on.size) for on in found] == [(1, size) for size in SIZES]


def test_where_there_is_room_people_are_larger_but_never_enlarged_beyond_the_finest() -> None:
    (alone,) = made(apart(1)).pieces
    assert alone.height / (alone.y2 - alone.y1) == pytest.approx(ROOMIER * 48 / 100, rel=0.02)
    (far,) = made(boxes((600, 300, 608, 320))).pieces
    assert far.height / (far.y2 - far.y1) == pytest.approx(2.0, rel=0.05)


def test_a_piece_that_all_but_fills_the_largest_sheet_keeps_its_shape() -> None:
    found = sheets(NOBODY, boxes((200, 300, 695, 480)), FRAME, SIDE)
    assert found is not None
    (piece,) = found.pieces
    assert (found.size, piece.width) == (SIZES[-1], SIZES[-1][0])
    over, down = piece.width / (piece.x2 - piece.x1), piece.height / (piece.y2 - piece.y1)
    assert over == pytest.approx(down, rel=0.01)


def test_a_sheet_is_what_a_network_takes() -> None:
    assert all(side % STRIDE == 0 for size in SIZES for side in size)


def test_what_else_is_in_the_box_of_whom_a_border_cuts_may_be_somebody() -> None:
    """Who stands behind him and continues him to the border: nobody is told there, but a picture is made unrecognisable
    there."""
    (piece,) = (on := made(boxes((600, 300, 630, 380)))).pieces
    both = 600.0, piece.y1 + EDGE / 4, 630.0, 380.0
    result = back(on, [seen(on_sheet(piece, both))], STRONG, boxes((600, 310, 630, 380)))
    assert result.found.boxes == pytest.approx(boxes((600, 310, 630, 380)), abs=0.5)
    assert result.doubtful.boxes == pytest.approx(boxes(both), abs=0.5)
