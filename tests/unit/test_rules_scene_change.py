"""A zone that is blocked, robbed or under water, in painted pictures."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.change import ends
from edge_agent.core.changes import ENDS, Changes
from edge_agent.core.rules.base import needs_view
from edge_agent.core.rules.scene_change import Purpose, SceneChange, SceneChangeRule
from edge_agent.core.tracks import Figure, FigureId
from tests.scenes import every
from tests.yards import ASPECT, HEIGHT, WIDTH, Yard, ground, somebody, thing, window

ZONE = (0.4, 0.5, 0.6, 0.9)
CORNERS = ((0.4, 0.5), (0.6, 0.5), (0.6, 0.9), (0.4, 0.9))
CRATE = (0.42, 0.55, 0.58, 0.88)
GROUND = ground()
WITH_CRATE = thing(GROUND, CRATE)
SHINES = np.s_[158:162]
"""The lowest rows of the zone."""


def rule(purpose: Purpose, after_s: float = 10.0) -> SceneChange:
    return SceneChange(SceneChangeRule(id="z", zone="z", purpose=purpose, after_s=after_s), CORNERS, Changes())


def crate(t: float) -> NDArray[np.float32]:
    return WITH_CRATE if t >= 6 else GROUND


def car(t: float) -> tuple[Figure, ...]:
    return (somebody(1, (0.5, 0.85), 0.35, "car"),) if t >= 6 else ()


def passers(t: float) -> tuple[Figure, ...]:
    """Somebody else every two seconds, right through the zone."""
    return (somebody(int(t / 2) + 2, (0.2 + 0.3 * (t % 2), 0.85)),)


def test_an_exit_is_blocked_by_whatever_stays() -> None:
    yard = Yard((rule("blocked"),)).play(every(5, 0, 20), crate)
    assert yard.first == pytest.approx(16.0, abs=0.6)
    assert {m.name for m in yard.last[0].measures} == {"changed", "lasted"}
    parked = Yard((rule("blocked"),)).play(every(5, 0, 20), lambda t: GROUND, car)
    assert parked.first == pytest.approx(16.0, abs=0.6)


def test_what_comes_last_counts_from_when_it_came() -> None:
    """A car stands beside the zone and a little in it; 12 s later another takes the middle."""

    def two(t: float) -> tuple[Figure, ...]:
        first = somebody(1, (0.36, 0.85), 0.35, "car")
        return (first, somebody(2, (0.52, 0.85), 0.35, "car")) if t >= 18 else (first,) if t >= 6 else ()

    yard = Yard((rule("blocked"),)).play(every(5, 0, 34), lambda t: GROUND, two)
    assert yard.first == pytest.approx(28.0, abs=0.6)
    lasted = next(measure.value for measure in yard.last[0].measures if measure.name == "lasted")
    assert lasted == pytest.approx(16.0, abs=0.6)


def test_who_passes_blocks_nothing() -> None:
    assert Yard((rule("blocked"),)).play(every(5, 0, 30), lambda t: GROUND, passers).first is None


def test_a_block_that_was_cleared_is_over() -> None:
    yard = Yard((rule("blocked"),)).play(every(5, 0, 30), lambda t: crate(t) if t < 22 else GROUND)
    assert yard.first is not None
    assert yard.last == ()


def test_what_belongs_there_is_gone() -> None:
    def shown(t: float) -> NDArray[np.float32]:
        return GROUND if t >= 6 else WITH_CRATE

    assert Yard((rule("removed"),)).play(every(5, 0, 20), shown).first == pytest.approx(16.0, abs=0.6)
    assert Yard((rule("blocked"),)).play(every(5, 0, 20), shown).first is None


@pytest.mark.parametrize("hidden", [False, True])
def test_what_was_taken_ends_at_its_outline_and_a_cloud_does_not(hidden: bool) -> None:
    """Also where somebody hides a half of it."""
    noise = np.random.default_rng(3).normal(0, 1.5, GROUND.shape)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    shade = 1 - 0.4 * np.clip(1.5 - np.hypot(x - 0.5 * WIDTH, y - 0.7 * HEIGHT) / 80, 0, 1)
    visible = np.ones(GROUND.shape, np.bool_)
    if hidden:
        visible[:, : WIDTH // 2] = False

    def share(now: NDArray[np.floating], usual: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
        return ends(now.astype(np.uint8), usual.astype(np.uint8), mask & visible, visible)

    taken = np.zeros(GROUND.shape, np.bool_)
    taken[window(CRATE)] = True
    assert share(GROUND + noise, WITH_CRATE, taken) > 1.5 * ENDS
    assert share(GROUND * shade + noise, GROUND, shade < 0.8) < 0.5 * ENDS


def test_who_stands_before_it_has_not_taken_it() -> None:
    before = somebody(1, (0.5, 0.95), 0.6)
    yard = Yard((rule("removed"),)).play(every(5, 0, 25), lambda t: WITH_CRATE, lambda t: (before,) if t > 6 else ())
    assert yard.first is None


def flooded(level: float) -> NDArray[np.float32]:
    """Smooth water with ripples over all that lies below `level` (unit)."""
    made = GROUND.copy()
    top = round(level * HEIGHT)
    made[top:] = 95 + 3 * np.sin(np.arange(made[top:].size).reshape(made[top:].shape) / 7)
    return made


def rising(t: float) -> NDArray[np.float32]:
    return flooded(min(0.9, max(0.9 - 0.02 * (t - 6), 0.6))) if t >= 6 else GROUND


def test_water_is_told_when_it_has_risen_over_the_mark() -> None:
    yard = Yard((rule("water"),)).play(every(5, 0, 40), rising)
    assert yard.first is not None
    # A fourth of the zone's height is under water 5 s after it has begun to rise.
    assert 21 <= yard.first <= 27
    assert yard.last[0].measures[0].name == "level"
    assert yard.last[0].measures[0].value >= 0.6


def test_who_passes_the_mark_does_not_dry_it() -> None:
    """All of the mark is hidden for a second, three times while the water rises."""

    def bus(t: float) -> tuple[Figure, ...]:
        return (somebody(1, (0.5, 0.95), 0.9, "bus"),) if any(at <= t < at + 1 for at in (9, 13, 17)) else ()

    yard = Yard((rule("water"),)).play(every(5, 0, 40), rising, bus)
    assert yard.first is not None
    assert 21 <= yard.first <= 27


def test_a_part_of_the_mark_that_shines_through_does_not_dry_it() -> None:
    """For two seconds, while the water rises above it."""

    def rippled(t: float) -> NDArray[np.float32]:
        made = rising(t)
        if 13 <= t < 15:
            made = made.copy()
            made[SHINES] = GROUND[SHINES]
        return made

    yard = Yard((rule("water"),)).play(every(5, 0, 40), rippled)
    assert yard.first is not None
    assert 21 <= yard.first <= 27


def test_half_a_mark_under_water_stays_lost_while_the_other_half_is_in_another_light() -> None:
    """A board whose stripes are plainer above; when the water has come half way up, the ground around it gets dark."""
    board = GROUND.copy()
    for n, top in enumerate(range(90, 162, 9)):
        contrast = 60 if n < 4 else 25
        board[top : top + 4, window(ZONE)[1]] = 125 + contrast
        board[top + 4 : top + 9, window(ZONE)[1]] = 125 - contrast
    wet = window((0.35, 0.45, 0.65, 1.0))

    def shown(t: float) -> NDArray[np.float32]:
        made = board.copy()
        made[wet] *= 0.6 if t >= 17 else 1.0
        if t >= 6:
            level = max(0.9 - 0.02 * (t - 6), 0.7)
            below = window((0.35, level, 0.65, 1.0))
            made[below] = flooded(level)[below]
        return made

    yard = Yard((rule("water"),)).play(every(5, 0, 34), shown)
    assert yard.last
    assert yard.last[0].measures[0].value == pytest.approx(0.5, abs=0.1)


def bus_before(t: float) -> tuple[Figure, ...]:
    """All of the mark is hidden from 5 s to 18 s."""
    return (somebody(1, (0.5, 0.95), 0.9, "bus"),) if 5 <= t < 18 else ()


@pytest.mark.parametrize("rise_s", [15.0, 8.0])
def test_water_that_rose_while_the_mark_was_hidden(rise_s: float) -> None:
    """The rest is seen to rise, or none is: then it stands beside the zone as well."""

    def water(t: float) -> NDArray[np.float32]:
        return flooded(0.9 - 0.3 * min((t - 6) / rise_s, 1.0)) if t >= 6 else GROUND

    yard = Yard((rule("water"),)).play(every(5, 0, 40), water, bus_before)
    assert yard.first is not None
    assert 27 <= yard.first <= 33


def test_what_was_put_down_while_the_mark_was_hidden_is_no_water() -> None:
    for place in (CRATE, (0.3, 0.6, 0.7, 0.95)):
        put = thing(GROUND, place)

        def shown(t: float, put: NDArray[np.float32] = put) -> NDArray[np.float32]:
            return put if t >= 8 else GROUND

        assert Yard((rule("water"),)).play(every(5, 0, 40), shown, bus_before).first is None


def test_a_lorry_that_stands_before_the_mark_and_is_detected_no_longer_is_no_water() -> None:
    lorry = (0.03, 0.65, 0.97, 0.95)
    parked = GROUND.copy()
    parked[window(lorry)] = 40
    seen = Figure(FigureId(1), "truck", lorry, 0.8, (0.5, 0.95), (0.5 * ASPECT, 0.95))
    yard = Yard((rule("water"),)).play(
        every(2.5, 0, 40), lambda t: parked if t >= 5 else GROUND, lambda t: (seen,) if 5 <= t < 20 else ()
    )
    assert yard.first is None


def test_water_is_told_while_the_watch_over_the_camera_finds_fault() -> None:
    assert not needs_view(rule("water"))
    assert needs_view(rule("blocked"))
    assert needs_view(rule("removed"))


def test_what_comes_at_once_is_no_water() -> None:
    assert Yard((rule("water"),)).play(every(5, 0, 40), lambda t: flooded(0.7) if t >= 6 else GROUND).first is None
    assert Yard((rule("water"),)).play(every(5, 0, 40), crate).first is None


@pytest.mark.parametrize("gap_s", [3.0, 8.0])
def test_water_may_have_risen_while_no_picture_came_and_a_thing_is_none(gap_s: float) -> None:
    times = [t for t in every(5, 0, 44) if not 10 < t < 10 + gap_s]
    yard = Yard((rule("water"),)).play(times, rising)
    assert yard.first is not None
    assert 20 <= yard.first <= 21 + gap_s
    for put in (WITH_CRATE, thing(GROUND, (0.3, 0.6, 0.7, 0.95))):

        def shown(t: float, put: NDArray[np.float32] = put) -> NDArray[np.float32]:
            return put if t >= 11 else GROUND

        assert Yard((rule("water"),)).play(times, shown).first is None


def test_fog_is_no_water() -> None:
    def fog(t: float) -> NDArray[np.float32]:
        clear = min(1.0, max(1 - 0.05 * (t - 6), 0.02))
        return np.asarray(GROUND * clear + 150 * (1 - clear), np.float32)

    assert Yard((rule("water"),)).play(every(5, 0, 40), fog).first is None
