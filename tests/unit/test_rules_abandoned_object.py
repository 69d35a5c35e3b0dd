"""Things left behind, in painted pictures: who leaves one, who stays with it, and what is no thing at all."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.changes import Changes
from edge_agent.core.rules.abandoned_object import AbandonedObject, AbandonedObjectRule
from edge_agent.core.rules.attendance import Company, union
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, FigureId, View
from tests.scenes import T0, every
from tests.yards import ASPECT, HEIGHT, WIDTH, Yard, ground, somebody, thing, window

BAG = (0.5, 0.62, 0.56, 0.72)
GROUND = ground()
WITH_BAG = thing(GROUND, BAG)
Shown = Callable[[float], NDArray[np.float32]]
People = Callable[[float], tuple[Figure, ...]]


def rule(**keys: object) -> AbandonedObject:
    spec = AbandonedObjectRule(id="left", **keys)  # type: ignore[arg-type]
    return AbandonedObject(spec, WHOLE, Changes())


def owner(t: float, leaves: float = 12.0) -> tuple[Figure, ...]:
    """Comes at 4 s, puts the bag down at 6 s, walks off from `leaves` on, out of reach (1.5 body heights) a second
    later."""
    if t < 4:
        return ()
    x = 0.5 if t < leaves else 0.5 - 0.36 * (t - leaves)
    return (somebody(1, (x, 0.72)),) if x > 0.05 else ()


def bag(t: float) -> NDArray[np.float32]:
    return WITH_BAG if t >= 6 else GROUND


def play(step: AbandonedObject, shown: Shown = bag, people: People = owner, end: float = 32, rate: float = 5) -> Yard:
    return Yard((step,)).play(every(rate, 0, end), shown, people)


def test_a_bag_is_told_when_its_owner_has_been_away_for_so_long() -> None:
    yard = play(rule())
    assert yard.first == pytest.approx(22.8, abs=0.7)
    (found,) = yard.last
    assert union(found.subjects[0].boxes[0], BAG) > 0.6
    unattended = found.measures[0]
    assert (unattended.name, unattended.threshold, unattended.unit) == ("unattended", 10.0, "s")
    assert found.since - T0 == pytest.approx(22.8, abs=0.7)


def test_an_owner_who_stood_by_until_it_was_told_from_its_surroundings_was_with_it() -> None:
    """He is out of reach before the thing has been there for the 2.5 s that it takes to be one."""

    def people(t: float) -> tuple[Figure, ...]:
        x = 0.45 if t < 8 else 0.45 - 0.8 * (t - 8)
        return (somebody(1, (x, 0.72)),) if t >= 4 and x > 0.05 else ()

    assert play(rule(), people=people).first == pytest.approx(18.2, abs=0.5)


def test_a_longer_time_is_waited_for() -> None:
    assert play(rule(after_s=15.0)).first == pytest.approx(27.8, abs=0.7)


def test_nothing_is_told_while_the_owner_stays() -> None:
    assert play(rule(), people=lambda t: owner(t, leaves=100)).first is None


def test_who_stands_beside_it_for_longer_is_with_it() -> None:
    def people(t: float) -> tuple[Figure, ...]:
        return (*owner(t), *((somebody(2, (0.62, 0.74)),) if 15 <= t <= 24 else ()))

    assert play(rule(), people=people).first is None
    assert play(rule(), people=people, end=38).first == pytest.approx(33.8, abs=0.7)


def test_a_passer_by_does_not_restart_the_clock() -> None:
    def people(t: float) -> tuple[Figure, ...]:
        return (*owner(t), *((somebody(2, (0.1 + 0.2 * (t - 15), 0.8)),) if 15 <= t <= 19 else ()))

    assert play(rule(), people=people).first == pytest.approx(22.8, abs=0.7)


def test_who_passes_just_after_it_was_put_down_has_not_put_it_there() -> None:
    def people(t: float) -> tuple[Figure, ...]:
        return (*owner(t, leaves=7.0), *((somebody(2, (0.12 * (t - 4.5), 0.8)),) if 5 <= t <= 12 else ()))

    assert play(rule(), people=people).first == pytest.approx(17.8, abs=0.7)


def test_who_was_not_seen_until_it_was_put_down_has_put_it_there() -> None:
    assert play(rule(), people=lambda t: owner(t, leaves=7.5) if t >= 6.6 else ()).first is not None


def test_an_owner_whose_id_breaks_off_is_still_there() -> None:
    def people(t: float) -> tuple[Figure, ...]:
        return (somebody(1 if t < 9 else 2, (0.5, 0.72)),) if t >= 4 else ()

    assert play(rule(), people=people).first is None


def test_who_comes_while_the_owner_can_still_be_seen_is_another() -> None:
    def people(t: float) -> tuple[Figure, ...]:
        where = None if t < 4 or t >= 16 else 0.5 if t < 7 else 0.38 if t < 12 else 0.12
        return (
            *((somebody(1, (where, 0.72)),) if where else ()),
            *((somebody(2, (0.83, 0.72)),) if t >= 14 else ()),
        )

    assert play(rule(), people=people).first == pytest.approx(22.0, abs=0.7)


@pytest.mark.parametrize(("rate", "seen"), [(5.0, False), (1.0, True)])
def test_who_can_have_walked_in_since_the_look_before_is_another(rate: float, seen: bool) -> None:
    """First seen 0.6 body heights from the border just after the owner was lost: no owner where looks are so far apart
    that he may have come in over it."""

    def people(t: float) -> tuple[Figure, ...]:
        there = (somebody(1, (0.5, 0.72)),) if 4 <= t < 9 else ()
        return (*there, *((somebody(2, (0.18, 0.72)),) if t >= 9 else ()))

    assert (play(rule(), people=people, rate=rate).first is not None) is seen


@pytest.mark.parametrize(("score", "told"), [(0.2, False), (0.5, True)])
def test_who_has_swollen_into_something_else_has_put_nothing_down(score: float, told: bool) -> None:
    """Somebody passes far off; then what is three times as high and wide goes by his name, beside a thing: foliage,
    unless it is plainly a person."""

    def people(t: float) -> tuple[Figure, ...]:
        if 2 <= t < 5:
            return (somebody(1, (0.3 + 0.05 * (t - 2), 0.5), height=0.13),)
        return (replaced(somebody(1, (0.45, 0.7)), score),) if 5 <= t < 8 else ()

    assert (play(rule(), people=people).first is not None) == told


@pytest.mark.parametrize(("left", "names"), [(0.0, [1]), (0.3, [])])
def test_who_comes_in_over_the_border_grows_and_is_still_himself(left: float, names: list[int]) -> None:
    """Weakly seen: a sixth of him at one look, all of him at the next."""
    company = Company(frozenset(), 1.5)
    for wide, t in ((0.02, 0.0), (0.12, 0.4)):
        box = (left, 0.2, left + wide, 0.7)
        foot = (left + wide / 2, 0.7)
        present = company.remember([Figure(FigureId(1), "person", box, 0.3, foot, foot)], t, 1.0)
    assert [figure.id for figure in present] == names


def replaced(figure: Figure, score: float) -> Figure:
    return Figure(figure.id, figure.cls, figure.box, score, figure.foot, figure.at)


def test_what_shows_only_between_passing_cars_is_part_of_one() -> None:
    def traffic(t: float, until: float) -> tuple[Figure, ...]:
        x = 0.53 + 0.15 * float(np.sin(5 * t))
        bus = Figure(FigureId(9), "bus", (x - 0.3, 0.1, x + 0.3, 0.95), 0.9, (x, 0.95), (x * ASPECT, 0.95))
        return (*owner(t, leaves=7.0), *((bus,) if 11.8 <= t < until else ()))

    assert play(rule(), people=lambda t: traffic(t, 100)).first is None
    assert play(rule(), people=lambda t: traffic(t, 20)).first is not None


def test_a_picture_of_another_shape_begins_anew() -> None:
    """A camera that is set from 16:9 to 4:3."""
    shown = thing(GROUND, BAG)
    yard = Yard((rule(),)).play(every(5, 0, 22), lambda t: shown if t >= 6 else GROUND, lambda t: owner(t, leaves=7.0))
    assert yard.last
    narrow = shown[:, : HEIGHT * 4 // 3]
    assert yard.play(every(5, 22, 30), lambda t: narrow).last == ()


def test_a_drop_on_the_dome_is_none() -> None:
    """It shows what is around it, bright below and dark above, without detail."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    down, across = (rows - 0.67 * HEIGHT) / 9, (columns - 0.53 * WIDTH) / 9
    drop = np.clip(3 * (1 - np.hypot(down, across)), 0, 1)
    wet = np.asarray(GROUND * (1 - drop) + (125 + 55 * down) * drop, np.float32)
    assert play(rule(), shown=lambda t: wet if t >= 6 else GROUND).first is None
    plain = np.asarray(GROUND * (1 - drop) + (40 + 5 * down) * drop, np.float32)
    assert play(rule(), shown=lambda t: plain if t >= 6 else GROUND).first is not None


def test_what_appears_where_nobody_was_counts_only_where_asked_for() -> None:
    assert play(rule(), people=lambda t: ()).first is None
    assert play(rule(carried=False), people=lambda t: ()).first is not None


@pytest.mark.parametrize(("gap", "told"), [(0.05, True), (0.2, False), (0.3, False)])
def test_what_comes_up_beside_somebody_out_of_touch_was_not_put_there(gap: float, told: bool) -> None:
    """A lamp that goes on, a digit of a clock; gap: body heights between their boxes."""
    height = 0.4
    x = BAG[0] - (gap + 0.18) * height / ASPECT

    def people(t: float) -> tuple[Figure, ...]:
        return (somebody(1, (x, 0.72), height),) if 4 <= t < 12 else ()

    assert (play(rule(), people=people).first is not None) == told


@pytest.mark.parametrize(("above", "told"), [(-0.3, True), (0.05, False)])
def test_what_comes_up_above_somebodys_head_was_not_in_his_hands(above: float, told: bool) -> None:
    """A lit patch of foliage; above: body heights between its lower edge and his head, seen from above behind him."""
    height = 0.2
    foot = BAG[3] + (1 + above) * height

    def people(t: float) -> tuple[Figure, ...]:
        return (somebody(1, (0.53, foot), height),) if 4 <= t < 12 else ()

    assert (play(rule(), people=people).first is not None) == told


@pytest.mark.parametrize(("levels", "told"), [(0.0, True), (10.0, True), (18.0, False)])
def test_what_changes_from_look_to_look_is_shown_by_a_screen_or_a_lamp(levels: float, told: bool) -> None:
    """From 17 s on it is by so much brighter at every other look."""

    def flashes(t: float) -> NDArray[np.float32]:
        return bag(t) if t < 17 or round(t / 0.6) % 2 else thing(GROUND, BAG, 40.0 + levels)

    assert (play(rule(), flashes).first is not None) == told


@pytest.mark.parametrize(("high", "told"), [(0.0, True), (1.0, False), (1.5, False), (4.0, True)])
def test_a_digit_beside_digits_that_change_is_part_of_a_clock(high: float, told: bool) -> None:
    """Beside it is a strip of so many times its height of which half changes every second."""
    middle, half = (BAG[1] + BAG[3]) / 2, high * (BAG[3] - BAG[1]) / 2
    strip = (0.58, middle - half, 0.66, middle + half)

    def clock(t: float) -> NDArray[np.float32]:
        shown = bag(t).copy()
        part = shown[window(strip)]
        part[np.random.default_rng(int(t)).random(part.shape) < 0.5] = 230.0
        return shown

    assert (play(rule(), clock).first is not None) == told


def test_what_is_taken_away_is_not_left_behind() -> None:
    assert play(rule(carried=False), shown=lambda t: GROUND if t >= 6 else WITH_BAG).first is None


def test_a_bag_that_is_taken_again_is_over() -> None:
    yard = play(rule(), shown=lambda t: bag(t) if t < 27 else GROUND, end=34)
    assert yard.first == pytest.approx(22.8, abs=0.7)
    assert yard.last == ()


def test_a_parked_vehicle_is_none() -> None:
    car = somebody(9, (0.53, 0.73), 0.2, "car")
    assert play(rule(carried=False), people=lambda t: (*owner(t), *((car,) if t > 6 else ()))).first is None


def test_a_vehicle_that_passes_before_it_makes_no_difference() -> None:
    def people(t: float) -> tuple[Figure, ...]:
        lorry = somebody(9, (0.1 + 0.25 * (t - 16), 0.8), 0.4, "truck")
        return (*owner(t), *((lorry,) if 16 <= t <= 19 else ()))

    assert play(rule(), people=people).first == pytest.approx(22.8, abs=0.7)


def test_what_is_larger_than_its_owner_is_no_thing_he_left() -> None:
    crate = thing(GROUND, (0.45, 0.5, 0.56, 0.74))
    small = 0.5

    def people(t: float) -> tuple[Figure, ...]:
        return tuple(somebody(1, figure.foot, 0.4 * small) for figure in owner(t))

    assert play(rule(), shown=lambda t: crate if t >= 6 else GROUND, people=people).first is None
    assert play(rule(), shown=lambda t: crate if t >= 6 else GROUND).first is not None


def test_somebody_who_sits_still_is_none() -> None:
    """Seen now and then, with the box of the thing."""
    sitter = Figure(somebody(5, (0.53, 0.72)).id, "person", BAG, 0.5, (0.53, 0.72), (0.53 * ASPECT, 0.72))
    assert play(rule(carried=False), people=lambda t: (sitter,) if t % 10 > 9 else ()).first is None


@pytest.mark.parametrize("gain", [0.6, 1.5])
def test_another_light_is_none_and_hides_no_bag(gain: float) -> None:
    assert play(rule(carried=False), shown=lambda t: GROUND * (gain if t >= 8 else 1)).first is None
    assert play(rule(), shown=lambda t: bag(t) * (gain if t >= 18 else 1)).first == pytest.approx(22.8, abs=0.7)


@pytest.mark.parametrize("gain", [0.6, 1.5])
def test_a_shadow_or_a_lamp_on_a_part_of_the_ground_is_none(gain: float) -> None:
    lit = GROUND.copy()
    lit[110:140, 150:190] *= gain
    assert play(rule(carried=False), shown=lambda t: lit if t >= 6 else GROUND).first is None


def test_a_camera_that_turns_reports_nothing() -> None:
    turned = np.roll(WITH_BAG, 60, axis=1)
    assert play(rule(carried=False), shown=lambda t: turned if t >= 6 else GROUND).first is None


def test_what_is_too_large_for_a_hand_is_none() -> None:
    lorry = thing(GROUND, (0.3, 0.3, 0.7, 0.8))
    assert play(rule(carried=False), shown=lambda t: lorry if t >= 6 else GROUND).first is None


def test_only_the_zone_counts() -> None:
    spec = AbandonedObjectRule(id="left")
    elsewhere = AbandonedObject(spec, ((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0)), Changes())
    assert play(elsewhere).first is None


def test_without_pictures_nothing_is_said() -> None:
    assert rule().step(View(T0, (), ASPECT)) == ()
