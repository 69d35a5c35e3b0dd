"""Smoke and fire on drawn scenes: what burns is found, what only looks like it is not."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.core.picture import Picture
from edge_agent.core.rules.flames import Flame, FlameMemory, glowing
from edge_agent.core.rules.levels import Levels
from edge_agent.core.rules.smoke_fire import HOLD, SmokeFire, SmokeFireRule
from edge_agent.core.rules.smoke_veil import ROUGHEST, SHADE, Veil, VeilMemory
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Box, Finding, Frame
from tests.burning import (
    HEIGHT,
    RULE,
    WIDTH,
    Draw,
    X,
    Y,
    begins,
    blend,
    findings,
    image,
    street,
    with_fire,
    with_smoke,
)
from tests.scenes import T0, every

STREET = street()
LONG = np.concatenate([street(seed) for seed in range(1, 5)], axis=1)


def spot(x: float, y: float, wide: float) -> NDArray[np.float32]:
    return np.asarray(np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * wide * wide)), np.float32)


def painted(picture: NDArray[np.float32], where: NDArray[np.bool_], bgr: tuple[int, int, int]) -> NDArray[np.float32]:
    result = picture.copy()
    result[where] = bgr
    return result


def headlights(t: float) -> NDArray[np.float32]:
    picture = STREET * 0.25
    for car in range(3):
        x = (60 * t + 120 * car) % 420 - 50
        for lamp in (0, 14):
            picture = blend(picture, (190, 235, 255), spot(x + lamp, 60 + 0.2 * x, 5.5))
    return picture


def swinging_lamp(t: float) -> NDArray[np.float32]:
    return blend(STREET * 0.4, (60, 170, 255), spot(160 + 20 * np.sin(2 * t), 60, 8.7))


def amber_light(t: float) -> NDArray[np.float32]:
    on = int(2 * t) % 2 == 0
    return painted(STREET * 0.4, on & (np.hypot(X - 160, Y - 60) < 6), (30, 150, 255))


def orange_vest(t: float) -> NDArray[np.float32]:
    return painted(STREET, (abs(X - 40 - 12 * t) < 7) & (abs(Y - 100) < 12), (20, 110, 250))


def red_lorry(t: float) -> NDArray[np.float32]:
    x = -100 + 60 * t
    return painted(STREET, (x < X) & (x + 140 > X) & (Y > 50) & (Y < 150), (60, 70, 220))


def flag(t: float) -> NDArray[np.float32]:
    top = 60 + 4 * np.sin(X / 9 - 6 * t)
    red = painted(STREET, (abs(X - 200) < 25) & (top < Y) & (top + 14 > Y), (40, 45, 215))
    return painted(red, (abs(X - 200) < 25) & (top + 14 <= Y) & (top + 28 > Y), (235, 235, 240))


def fog(t: float) -> NDArray[np.float32]:
    thick = np.clip((t - 1) / 5, 0, 0.8) * (1 + 0.1 * np.sin(X / 50 + t))
    return blend(STREET, (180, 180, 180), thick.astype(np.float32))


def swaying_tree(t: float) -> NDArray[np.float32]:
    sway = (4 * np.sin(4.4 * t + Y / 25) * (Y < 110)).astype(int)
    green = STREET * np.array((0.5, 1, 0.7), np.float32)
    return np.asarray(green[Y.astype(int), np.clip(X.astype(int) + sway, 0, WIDTH - 1)], np.float32)


def rain(t: float) -> NDArray[np.float32]:
    rng, picture = np.random.default_rng(int(1000 * t)), STREET.copy()
    for x, y in rng.integers(0, (WIDTH, HEIGHT - 14), (120, 2)):
        picture[y : y + 14, x] += 60
    return picture


def sweeping_light(t: float) -> NDArray[np.float32]:
    beam = 0.9 * np.exp(-((X + 80 - 60 * (t % 8)) ** 2 + (Y - 90) ** 2) / 3000)
    return blend(STREET * 0.3, (200, 235, 250), beam.astype(np.float32))


def flickering_lamp(t: float) -> NDArray[np.float32]:
    return STREET * np.float32(1 + 0.25 * np.sign(np.sin(19.5 * t)))


def other_shot(t: float) -> NDArray[np.float32]:
    return STREET if t < 4 else street(9, 140)


def title_card(t: float) -> NDArray[np.float32]:
    """A clip ends in a card that shines orange."""
    return STREET if t < 4 else painted(STREET * 0 + 250, (abs(X - 160) < 60) & (abs(Y - 90) < 30), (40, 140, 250))


def panned_fire(t: float) -> NDArray[np.float32]:
    """The camera turns: nothing can be said of what it passes."""
    left = int(40 * t)
    return with_fire(LONG[:, left : left + WIDTH], t)


@pytest.mark.parametrize(
    "draw",
    [
        headlights,
        swinging_lamp,
        amber_light,
        orange_vest,
        red_lorry,
        flag,
        fog,
        swaying_tree,
        rain,
        sweeping_light,
        flickering_lamp,
        other_shot,
        title_card,
        panned_fire,
    ],
)
def test_what_only_looks_like_it_is_not_told(draw: Draw) -> None:
    assert begins(findings(every(5, 0, 9), draw)) == []


def test_what_changed_its_shape_because_the_camera_went_elsewhere_is_not_told() -> None:
    """A camera in somebody's hand swings and comes to rest: what was seen on its way is no evidence any more."""
    still = findings(every(5, 0, 1.5), lambda t: with_fire(LONG[:, :WIDTH], t))
    assert still[-1][1]

    def swung(t: float) -> NDArray[np.float32]:
        left = 30 * int(5 * min(t, 1.2))
        return with_fire(LONG[:, left : left + WIDTH], t)

    said = findings(every(5, 0, 4), swung)
    assert not any(found for t, found in said if t < 2.4)
    (begin,) = begins(said)
    assert begin >= 2.8


def test_a_view_that_gets_darker_is_still_the_same() -> None:
    def dusk(t: float) -> NDArray[np.float32]:
        return with_fire(STREET * np.float32(1 - 0.12 * t), t)

    assert len(begins(findings(every(5, 0, 4), dusk))) == 1


def test_flames_are_told_where_they_are() -> None:
    said = findings(every(5, 0, 6), lambda t: with_fire(STREET, t) if t >= 2 else STREET)
    (begin,) = begins(said)
    assert 3.5 <= begin <= 4.5
    finding = next(found[0] for _, found in said if found)
    assert [subject.cls for subject in finding.subjects] == ["fire"]
    x1, y1, x2, y2 = finding.subjects[0].boxes[0]
    assert x1 < 160 / WIDTH < x2
    assert y1 < 110 / HEIGHT < y2
    assert (x2 - x1) * (y2 - y1) < 0.05
    measured = {measure.name: (measure.value, measure.threshold) for measure in finding.measures}
    assert measured["flicker"][0] >= RULE.flicker == measured["flicker"][1]
    assert measured["flame_area"][0] >= RULE.flame_area


@pytest.mark.parametrize("grey", [175.0, 25.0])
def test_smoke_is_told_where_it_is_white_or_black(grey: float) -> None:
    said = findings(every(5, 0, 8), lambda t: with_smoke(STREET, t - 2, grey=grey) if t >= 2 else STREET)
    (begin,) = begins(said)
    assert 5 <= begin <= 7
    finding = next(found[0] for _, found in said if found)
    assert [subject.cls for subject in finding.subjects] == ["smoke"]
    x1, y1, x2, _ = finding.subjects[0].boxes[0]
    assert 0.3 < x1 < 0.5 < x2 < 0.75
    assert y1 > 0.2
    measured = {measure.name: (measure.value, measure.threshold) for measure in finding.measures}
    assert measured["smoke_area"][0] >= RULE.smoke_area
    assert measured["veil"][0] < RULE.veil


def test_smoke_and_fire_of_one_place_are_one_episode() -> None:
    def draw(t: float) -> NDArray[np.float32]:
        hazy = with_smoke(STREET, t - 1, source=(160, 100)) if t >= 1 else STREET
        return with_fire(hazy, t, at=(160, 130)) if t >= 2 else hazy

    said = findings(every(5, 0, 9), draw)
    assert len(begins(said)) == 1
    assert {subject.cls for _, found in said for f in found for subject in f.subjects} == {"fire", "smoke"}
    both = max((f.confidence for _, found in said for f in found if len(f.subjects) == 2))
    assert both > 0.9


def test_only_the_zone_counts() -> None:
    left = ((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0))
    right = ((0.4, 0.0), (1.0, 0.0), (1.0, 1.0), (0.4, 1.0))

    def draw(t: float) -> NDArray[np.float32]:
        return with_fire(STREET, t)

    assert begins(findings(every(5, 0, 4), draw, polygon=left)) == []
    assert len(begins(findings(every(5, 0, 4), draw, polygon=right))) == 1


@pytest.mark.parametrize(("cls", "silent"), [("person", True), ("truck", True), ("chair", False)])
def test_where_somebody_is_detected_nothing_is_taken_for_smoke(cls: str, silent: bool) -> None:
    def crowd(t: float) -> tuple[Figure, ...]:
        box: Box = (0.2, 0.1, 0.9, 1.0)
        return (Figure(FigureId(1), cls, box, 0.9, (0.5, 1.0), (0.5, 1.0)),)

    def draw(t: float) -> NDArray[np.float32]:
        return with_smoke(STREET, t - 2) if t >= 2 else STREET

    assert (begins(findings(every(5, 0, 8), draw, figures=crowd)) == []) == silent


def test_a_change_is_rough_where_it_differs_from_pixel_to_pixel() -> None:
    """Smoke drifts softly; leaves and a failing sensor do not."""
    chance = np.random.default_rng(1)
    cells = np.zeros((22, 40), np.bool_)
    cells[5:15, 10:30] = True
    found = {}
    for name, grain in (("smoke", 0.0), ("leaves", 1.0)):
        memory, pictures = VeilMemory(0.85), CvPictures()
        for n in range(6):
            soft = 15 * np.sin(X / 30 + Y / 40 + n)
            coarse = np.repeat(np.repeat(chance.normal(0, 20, (90, 160)), 2, axis=0), 2, axis=1)
            shown = image(STREET + ((1 - grain) * soft + grain * coarse)[..., None].astype(np.float32), n / 5)
            frame = Frame(shown, shown[..., 0], n, n / 5)
            memory.look(pictures.show(frame, n / 5), n / 5, None, False)
        found[name] = memory.roughness(cells)
    assert 0 < found["smoke"] < 0.5 * ROUGHEST
    assert found["leaves"] > 1.2 * ROUGHEST


def test_what_passed_over_a_place_leaves_no_veil_behind() -> None:
    """Stripes, as plain as the outline of an insect on the lens, for 4 s on a road with little detail."""
    road = np.asarray(120 + (STREET - 120) * 0.25, np.float32)
    striped = painted(road, (abs(X - 160) < 40) & (abs(Y - 90) < 30) & (X % 8 < 4), (28, 28, 28))
    memory, pictures = VeilMemory(0.85), CvPictures()
    for n, t in enumerate(every(5, 0, 18)):
        shown = image(striped if 10 <= t < 14 else road, t)
        veil = memory.look(pictures.show(Frame(shown, shown[..., 0], n, t), t), t, None, False)
    high, wide = veil.remaining.shape
    there = veil.remaining[high // 2 - 2 : high // 2 + 2, wide // 2 - 3 : wide // 2 + 3]
    assert there.min() > 0.85


def veils(draw: Draw, until: float, hidden: Callable[[float], bool] = lambda t: False) -> tuple[VeilMemory, Veil]:
    """What is known at the end; everything is hidden by somebody while `hidden` says so."""
    memory, pictures = VeilMemory(0.85), CvPictures()
    for n, t in enumerate(every(5, 0, until)):
        shown = image(draw(t), t)
        picture = pictures.show(Frame(shown, shown[..., 0], n, t), t)
        mask = np.ones((HEIGHT // 8, WIDTH // 8), np.bool_) if hidden(t) else None
        veil = memory.look(picture, t, mask, False)
    return memory, veil


@pytest.mark.parametrize("left", [0.3, 0.5, 0.7])
def test_shade_takes_detail_as_it_takes_brightness_and_black_smoke_takes_more(left: float) -> None:
    over = (abs(X - 160) < 70) & (abs(Y - 90) < 50)
    shade = np.where(over, left, 1.0)[..., None].astype(np.float32)
    smoke = np.where(over, 1 - left, 0.0).astype(np.float32)
    cells = np.zeros((22, 40), np.bool_)
    cells[8:14, 15:25] = True
    for draw, hides in ((STREET * shade, False), (blend(STREET, (35, 35, 35), smoke), True)):
        memory, veil = veils(lambda t, draw=draw: STREET if t < 10 else draw, 14)  # type: ignore[misc]
        assert bool(veil.remaining[cells].mean() <= SHADE * memory.light(cells)) is hides


def test_the_detail_of_who_stood_there_is_not_the_places() -> None:
    """People in stripes stand on a smooth road from the first look on, and go."""
    road = np.asarray(120 + (STREET - 120) * 0.25, np.float32)
    striped = painted(road, X % 8 < 4, (28, 28, 28))
    draw: Draw = lambda t: striped if t < 8 else road  # noqa: E731
    assert veils(draw, 13, lambda t: 0 < t < 8)[1].remaining.min() > 0.85
    assert veils(draw, 13)[1].remaining.max() < 0.5


@pytest.mark.parametrize("fps", [2, 5, 12])
@pytest.mark.parametrize(
    ("area", "spreads"),
    [
        (lambda t: 10 * t, True),
        (lambda t: 40, True),
        (lambda t: 80 - 10 * t, False),
        (lambda t: 40 + 30 * np.sin(2 * t), False),
        (lambda t: 10 * t if t < 3.5 else 50 - 5 * t, False),
    ],
)
def test_only_what_has_not_become_less_spreads(area: Callable[[float], float], spreads: bool, fps: float) -> None:
    """Asked from 3.9 s on: what comes and goes does not spread for long, and nothing does before 2 s are known."""
    memory = VeilMemory(0.85)
    said = [(t, memory._spreads(t, round(area(t)))) for t in every(fps, 0, 6)]
    assert not any(now for t, now in said if t < 2)
    assert all(now for t, now in said if t > 3.9) is spreads


def test_where_nothing_drifts_any_more_numbers_do_not_become_too_small() -> None:
    """Processors take a hundred times as long for them, and a picture may stay the same for weeks."""
    memory, pictures = VeilMemory(0.85), CvPictures()
    still, lit = (image(picture, 0.0) for picture in (STREET, painted(STREET, abs(X - 160) < 60, (200, 200, 200))))
    with np.errstate(under="raise"):
        for n, t in enumerate(every(5, 0, 140)):
            shown = lit if n in (3, 4) else still
            memory.look(pictures.show(Frame(shown, shown[..., 0], n, t), t), t, None, False)


def test_a_small_flame_is_left_alone_until_asked_for() -> None:
    def candle(t: float) -> NDArray[np.float32]:
        return with_fire(STREET, t, size=3.0)

    assert begins(findings(every(5, 0, 5), candle)) == []
    careful = SmokeFireRule(id="smoke-fire", flame_area=0.0001)
    assert len(begins(findings(every(5, 0, 5), candle, careful))) == 1


def test_the_score_is_the_larger_sign_against_its_threshold() -> None:
    pictures, step = CvPictures(), SmokeFire(RULE, WHOLE)
    for number, t in enumerate(every(5, 0, 3)):
        pixels = image(with_fire(STREET, t), t)
        picture = pictures.show(Frame(pixels, pixels[::4, ::4, 1], number, t), t)
        found = step.step(View(t, (), WIDTH / HEIGHT, picture=picture))
        if found:
            flicker = next(measure.value for measure in found[0].measures if measure.name == "flicker")
            assert step.score == pytest.approx(flicker / RULE.flicker, abs=0.01)
        else:
            assert step.score == 0.0
    assert found


def test_without_pixels_nothing_is_said() -> None:
    step = SmokeFire(RULE, WHOLE)
    assert step.step(View(0.0, (), 1.0)) == ()
    assert step.score is None


def test_nothing_glows_in_a_picture_smaller_than_a_cell() -> None:
    pixels = np.full((6, 6, 3), (0, 120, 255), np.uint8)
    assert len(glowing(CvPictures().show(Frame(pixels, pixels[..., 0], 0, 0.0), 0.0))) == 0


def test_a_picture_too_small_to_tell_is_left_alone() -> None:
    def tiny(t: float) -> NDArray[np.float32]:
        return STREET[:20, :20]

    assert begins(findings(every(5, 0, 4), tiny)) == []


def test_what_burns_goes_on_when_it_gets_a_little_smaller() -> None:
    def shrinking(t: float) -> NDArray[np.float32]:
        return with_fire(STREET, t, size=14.0 if t < 3 else 13.0)

    def area(found: tuple[Finding, ...]) -> float:
        return min((m.value for one in found for m in one.measures if m.name == "flame_area"), default=0.0)

    usual = findings(every(5, 0, 6), shrinking)
    large, small = area(next(found for t, found in usual if t >= 2.8)), area(usual[-1][1])
    assert HOLD * large < small < large
    between = SmokeFireRule(id="smoke-fire", flame_area=(small + large) / 2)
    assert all(found for t, found in findings(every(5, 0, 6), shrinking, between) if t >= 2)
    assert not any(found for _, found in findings(every(5, 3.2, 6), shrinking, between))


def test_uneven_pictures_are_all_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a camera of 12.5 pictures a second gives five."""
    looks, look = [], FlameMemory.look

    def counted(memory: FlameMemory, picture: Picture, t: float, levels: Levels) -> list[Flame]:
        looks.append(t - T0)
        return look(memory, picture, t, levels)

    monkeypatch.setattr(FlameMemory, "look", counted)
    uneven = [0.4 * n + more for n in range(4) for more in (0.0, 0.24)]
    findings(uneven, lambda t: STREET)
    assert looks == pytest.approx(uneven, abs=1e-4)
