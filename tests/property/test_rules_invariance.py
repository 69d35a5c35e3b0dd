"""What the rules say hangs on what happened, not on the frame rate, the order of detections or missing frames."""

import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.codec import encode
from edge_agent.core.lifecycle import Change, Lifecycle
from edge_agent.core.rules.line_crossing import LineCrossing
from edge_agent.core.spec import CrowdRule, Episodes, IntrusionRule, Line, LineCrossingRule, LoiteringRule, Rule
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Finding, Track
from tests.reference import naive_rules as naive
from tests.scenes import T0, Scene, every, person

STATE = Episodes(min_duration_s=1.0, end_after_s=3.0, cooldown_s=0.0, update_every_s=5.0)
RULES: dict[str, Rule] = {
    "intrusion": IntrusionRule(id="intrusion", zone="yard", episodes=STATE),
    "loitering": LoiteringRule(
        id="loitering", zone="yard", dwell_s=6.0, gap_s=2.0, episodes=replace(STATE, min_duration_s=0.2)
    ),
    "crowd": CrowdRule(id="crowd", zone="yard", count=2, clear_below=2, episodes=STATE),
}
rates = st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0, 12.5, 15.0])

stays = st.lists(st.tuples(st.sampled_from([3.5, 4.5, 9.5]), st.sampled_from([1.0, 6.0])), min_size=1, max_size=4)
"""Somebody is in the zone for a while, then out for a while; none of these is near a threshold (min_duration_s 1,
dwell_s 6, gap_s 2, end_after_s 3), so no frame rate may change the answer."""


def spans(script: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """From when to when the zone is taken."""
    found, t = [], 1.0
    for stay, away in script:
        found.append((t, t + stay))
        t += stay + away
    return found


def episodes(scene: Scene, rule: str) -> list[tuple[float, float]]:
    return [
        (e.data.started.timestamp() - T0, e.data.ended.timestamp() - T0)
        for e in scene.events
        if e.data.why.rule == rule and e.data.ended is not None
    ]


def joined(parts: list[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    whole: list[tuple[float, float]] = []
    for start, end in parts:
        if whole and start - whole[-1][1] <= gap:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def play(script: list[tuple[float, float]], times: list[float]) -> Scene:
    taken = spans(script)

    def people(t: float) -> list[Track]:
        at = 0.5 if any(start <= t <= end for start, end in taken) else 0.95
        return [person(1, (at, 0.5)), person(2, (at - 0.1 * (at < 0.9), 0.6))]

    scene = Scene(*RULES.values()).play(times, people)
    scene.over(times[-1])
    return scene


def expected(script: list[tuple[float, float]]) -> dict[str, list[tuple[float, float]]]:
    """Worked out from the script alone."""
    taken = spans(script)
    stayed = [(start + 6.0, end) for start, end in joined(taken, 2.0) if end - start >= 7.0]
    return {"intrusion": joined(taken, 3.0), "crowd": joined(taken, 3.0), "loitering": stayed}


def close(got: list[tuple[float, float]], wanted: list[tuple[float, float]], within: float) -> bool:
    return len(got) == len(wanted) and all(
        abs(g - w) <= within + 1e-3 for a, b in zip(got, wanted, strict=True) for g, w in zip(a, b, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(stays, rates, st.floats(0, 0.5))
def test_the_frame_rate_does_not_matter(script: list[tuple[float, float]], rate: float, phase: float) -> None:
    end = spans(script)[-1][1] + 6
    scene = play(script, every(rate, phase, end))
    for rule, wanted in expected(script).items():
        assert close(episodes(scene, rule), wanted, 1 / rate), (rule, episodes(scene, rule), wanted)


brief = st.lists(st.tuples(st.sampled_from([3.5, 4.5, 9.5]), st.sampled_from([0.5, 6.0])), min_size=1, max_size=4)
"""As `stays`, where frames are missing on both sides of an absence: it seems up to 1.4 s longer."""


@settings(max_examples=60, deadline=None)
@given(brief, st.integers(0, 10_000))
def test_missing_frames_do_not_matter(script: list[tuple[float, float]], seed: int) -> None:
    """Up to 0.7 s without a frame, here and there."""
    rng = random.Random(seed)
    times, skip = [], 0
    for t in every(10, 0, spans(script)[-1][1] + 6):
        skip = rng.randint(1, 6) if skip <= 0 and rng.random() < 0.15 else skip - 1
        if skip <= 0:
            times.append(t)
    scene = play(script, times)
    for rule, wanted in expected(script).items():
        assert close(episodes(scene, rule), wanted, 0.8), (rule, episodes(scene, rule), wanted)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_order_of_tracks_does_not_matter(walks: int, shuffles: int) -> None:
    """Random walkers with ids that break off, so that mending is in play; the same bytes whatever the order."""
    walk = random.Random(walks)
    everyone = [[walk.random(), walk.random(), walk.uniform(-0.03, 0.03), walk.uniform(-0.03, 0.03)] for _ in range(6)]
    frames = []
    for n in range(60):
        for who in everyone:
            who[0], who[1] = (who[0] + who[2]) % 1.0, (who[1] + who[3]) % 1.0
        frames.append(
            [person(10 * k + n // 13, (w[0], w[1]), 0.15) for k, w in enumerate(everyone) if walk.random() < 0.9]
        )

    def events(rng: random.Random | None) -> list[bytes]:
        scene = Scene(*RULES.values(), LineCrossingRule(id="line", line="gate"))
        for n, tracks in enumerate(frames):
            scene.see(n / 5, *(rng.sample(tracks, len(tracks)) if rng else tracks))
        scene.over(12)
        return [encode(event) for event in scene.events]

    assert events(None) == events(random.Random(shuffles))


@settings(max_examples=60, deadline=None)
@given(rates, st.floats(0.15, 0.6), st.floats(0.0, 0.3), st.integers(0, 10_000))
def test_who_crosses_trembling_is_counted_once_at_any_rate(rate: float, speed: float, away: float, seed: int) -> None:
    """The foot trembles by up to 4% of the body height; the walk begins and ends well clear of the line."""
    rng = random.Random(seed)

    def x(t: float) -> float:
        return 0.9 - away - speed * t

    stop = next(t for t in every(rate, 0, 20) if x(t) < 0.3)
    scene = Scene(LineCrossingRule(id="line", line="gate")).play(
        every(rate, 0, stop), lambda t: [person(1, (x(t) + rng.uniform(-0.008, 0.008), 0.5))]
    )
    assert [phase for phase, _ in scene.told()] == ["begin", "end"]
    went = (0.9 - away - 0.5) / speed
    assert abs(scene.told()[0][1] - went) <= 0.008 / speed + 1e-3 + 0.1 / rate


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.booleans(), max_size=80),
    st.integers(0, 15),
    st.integers(0, 25),
    st.integers(0, 30),
)
@example([tick in (0, 5, 7) for tick in range(9)], 0, 2, 6)  # silent at 5 still, and it goes on at 7
def test_lifecycle_equals_the_naive_reference(truth: list[bool], shortest: int, absent: int, cooldown: int) -> None:
    lifecycle = Lifecycle(Episodes(shortest / 10, absent / 10, cooldown / 10, 1.0))
    changes: list[Change] = []
    for tick, so in enumerate(truth):
        t = T0 + tick / 10
        changes += lifecycle.step(t, [Finding("", 0.5, (), (), t)] if so else [])[0]
    changes += lifecycle.finish()[0]
    got = [
        (round((change.started - T0) * 10), round((change.ended - T0) * 10))
        for change in changes
        if change.ended is not None
    ]
    wanted = naive.episodes(truth, inertia=10, min_duration=shortest, end_after=absent, cooldown=cooldown)
    assert got == wanted
    phases = [change.phase for change in changes if change.phase != "update"]
    assert phases == ["begin", "end"] * len(wanted)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=25),
    st.tuples(st.integers(0, 20), st.integers(0, 20)),
    st.tuples(st.integers(0, 20), st.integers(0, 20)),
    st.sampled_from([4, 10, 20, 40]),
)
@example([(4, 20), (8, 15), (3, 20), (0, 0)], (7, 16), (3, 20), 4)  # twice on the line, by rounding beside it
def test_crossings_on_a_coarse_grid_equal_the_naive_reference(
    feet: list[tuple[int, int]], start: tuple[int, int], end: tuple[int, int], height: int
) -> None:
    """Feet on the line, on its ends and exactly at the margin are common here."""
    if start == end:
        return
    recording: naive.Recording = [{1: (x - 1, y - height, 2, height)} for x, y in feet]
    wanted = [(crossing.direction, crossing.tick) for crossing in naive.crossings(recording, start, end, 10)]
    rule = LineCrossing(LineCrossingRule(id="line", line="gate"), Line("gate", unit(start), unit(end)))
    got: list[tuple[str, float]] = []
    for tick, (x, y) in enumerate(feet):
        box = ((x - 1) / 20, (y - height) / 20, (x + 1) / 20, y / 20)
        figure = Figure(FigureId(1), "person", box, 0.5, (x / 20, y / 20), (x / 20, y / 20))
        got += [(found.key, found.since) for found in rule.step(View(float(tick), (figure,), 1.0))]
    assert [key for key, _ in got] == [key for key, _ in wanted]
    assert [tick for _, tick in got] == pytest.approx([tick for _, tick in wanted], abs=1e-6)


def unit(point: tuple[int, int]) -> tuple[float, float]:
    return point[0] / 20, point[1] / 20
