"""Line crossing through the whole pipeline. The line runs down the middle of a square picture, from top to bottom, so
its left hand is the right half of the picture: right to left is forward."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest

from contract.codec import check_event, decode_event, encode
from edge_agent.core.spec import Line, LineCrossingRule
from edge_agent.core.types import Point, Track
from tests.scenes import T0, Scene, every, person

RULE = LineCrossingRule(id="line", line="gate")
SHORT = Line("gate", (0.5, 0.4), (0.5, 0.6))


def crossings(scene: Scene) -> list[tuple[str, float]]:
    return [
        ("forward" if event.data.why.measures[0].value > 0 else "backward", round(event.time.timestamp() - T0, 2))
        for event in scene.events
        if event.data.phase == "begin"
    ]


def walk(*points: Point, speed: float = 0.2) -> Callable[[float], Point]:
    """Where somebody is who walks from point to point, with `speed` frame widths a second, and then stays."""

    def at(t: float) -> Point:
        left = t * speed
        for a, b in pairwise(points):
            length = math.dist(a, b)
            if left <= length:
                return a[0] + (b[0] - a[0]) * left / length, a[1] + (b[1] - a[1]) * left / length
            left -= length
        return points[-1]

    return at


def scene_of(
    path: Callable[[float], Point],
    stop: float = 8.0,
    rate: float = 10,
    rule: LineCrossingRule = RULE,
    line: Line | None = None,
) -> Scene:
    lines = [line] if line else [Line("gate", (0.5, 0.0), (0.5, 1.0))]
    return Scene(rule, lines=lines).play(every(rate, 0, stop), lambda t: [person(1, path(t))])


@pytest.mark.parametrize("rate", [2, 3, 5, 10, 15])
@pytest.mark.parametrize(("start", "end", "direction"), [(0.9, 0.1, "forward"), (0.1, 0.9, "backward")])
def test_a_crossing_counts_once_at_the_moment_the_foot_went_through(
    rate: float, start: float, end: float, direction: str
) -> None:
    scene = scene_of(walk((start, 0.5), (end, 0.5)), rate=rate)
    assert crossings(scene) == [(direction, 2.0)]


def test_it_is_an_episode_of_one_moment() -> None:
    scene = scene_of(walk((0.9, 0.5), (0.1, 0.5)))
    begin, end = scene.events
    assert (begin.data.phase, end.data.phase) == ("begin", "end")
    assert begin.time == end.time == begin.data.started == end.data.ended
    assert begin.data.episode == end.data.episode
    assert begin.id != end.id
    assert begin.data.zone == "gate"
    for event in scene.events:
        check_event(decode_event(encode(event)))


@pytest.mark.parametrize(
    "path",
    [
        walk((0.9, 0.5), (0.5, 0.5)),
        walk((0.9, 0.5), (0.5, 0.5), (0.9, 0.5)),
        walk((0.9, 0.5), (0.49, 0.5), (0.9, 0.5)),
        walk((0.515, 0.1), (0.485, 0.9)),
        walk((0.5, 0.1), (0.5, 0.9)),
        walk((0.5, 0.5), (0.1, 0.5)),
    ],
    ids=["stands on it", "touches it", "trembles over it", "along it", "on it all the way", "appears on it"],
)
def test_what_is_no_crossing(path: Callable[[float], Point]) -> None:
    assert crossings(scene_of(path)) == []


def test_trembling_around_the_line_on_the_way_counts_once() -> None:
    def path(t: float) -> Point:
        x = 0.9 - 0.2 * t if t < 2 else 0.5 if t < 6 else 0.5 - 0.2 * (t - 6)
        return x + (0.012 * math.sin(9 * t) if 2 <= t < 6 else 0.0), 0.5

    assert [direction for direction, _ in crossings(scene_of(path))] == ["forward"]


def test_there_and_back_is_two() -> None:
    scene = scene_of(walk((0.9, 0.5), (0.1, 0.5), (0.9, 0.5)))
    assert crossings(scene) == [("forward", 2.0), ("backward", 6.0)]


@pytest.mark.parametrize(
    ("direction", "wanted"), [("any", ["forward", "backward"]), ("forward", ["forward"]), ("backward", ["backward"])]
)
def test_a_direction_may_be_asked_for(direction: Literal["any", "forward", "backward"], wanted: list[str]) -> None:
    rule = replace(RULE, direction=direction)
    path = walk((0.9, 0.5), (0.1, 0.5), (0.9, 0.5))
    assert [found for found, _ in crossings(scene_of(path, rule=rule))] == wanted


def test_a_turned_line_turns_the_direction() -> None:
    scene = scene_of(walk((0.9, 0.5), (0.1, 0.5)), line=Line("gate", (0.5, 1.0), (0.5, 0.0)))
    assert [direction for direction, _ in crossings(scene)] == ["backward"]


def test_round_the_end_of_the_line_is_no_crossing() -> None:
    assert crossings(scene_of(walk((0.9, 0.5), (0.9, 0.9), (0.1, 0.9), (0.1, 0.5)), stop=10, line=SHORT)) == []


def test_through_it_back_round_the_end_and_through_again_is_two_forward() -> None:
    path = walk((0.7, 0.5), (0.3, 0.5), (0.3, 0.9), (0.7, 0.9), (0.7, 0.5), (0.3, 0.5))
    assert [direction for direction, _ in crossings(scene_of(path, stop=12, line=SHORT))] == ["forward", "forward"]


def test_somebody_hidden_while_crossing_is_counted_by_the_straight_way() -> None:
    path = walk((0.9, 0.5), (0.1, 0.5))
    scene = Scene(RULE).play(every(10, 0, 4), lambda t: [] if 1.2 < t < 2.8 else [person(1, path(t))])
    assert crossings(scene) == [("forward", 2.0)]


def test_an_id_switch_while_crossing_does_not_lose_it() -> None:
    path = walk((0.9, 0.5), (0.1, 0.5))
    scene = Scene(RULE).play(every(10, 0, 4), lambda t: [person(1 if t < 1.95 else 2, path(t))])
    assert crossings(scene) == [("forward", 2.0)]


def test_two_abreast_are_two() -> None:
    def pair(t: float) -> list[Track]:
        x = 0.9 - 0.2 * t
        return [person(1, (x, 0.4)), person(2, (x, 0.6))]

    scene = Scene(RULE).play(every(10, 0, 4), pair)
    assert crossings(scene) == [("forward", 2.0), ("forward", 2.0)]
    assert len({event.data.episode for event in scene.events}) == 2


@pytest.mark.parametrize("height", [20 / 240, 0.2, 0.6])
def test_the_margin_grows_with_the_figure(height: float) -> None:
    def at(x: float) -> Scene:
        scene = Scene(RULE)
        for t, place in ((0.0, 0.9), (1.0, 0.9), (2.0, x)):
            scene.see(t, person(1, (place, 0.5), height))
        return scene

    assert crossings(at(0.5 - 0.09 * height)) == []
    assert len(crossings(at(0.5 - 0.11 * height))) == 1


def test_the_margin_is_level_on_a_wide_picture() -> None:
    """0.01 of a 16:9 picture's width is 0.0178 of its height: less than a tenth of a figure of 0.2, more than of
    0.16."""
    for height, wanted in ((0.2, 0), (0.16, 1)):
        scene = Scene(RULE, size=(160, 90))
        for t, x in ((0.0, 0.9), (1.0, 0.49)):
            scene.see(t, person(1, (x, 0.5), height))
        assert len(crossings(scene)) == wanted


def test_paths_are_forgotten() -> None:
    scene = Scene(RULE).play([n * 100.0 for n in range(20)], lambda t: [person(int(t), (0.9, 0.5))])
    assert len(scene.pipeline._watches[0].step._paths) == 1  # type: ignore[attr-defined]
