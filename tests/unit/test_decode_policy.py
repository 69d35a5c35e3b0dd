"""When a camera may rest, and what of its stream is decoded then: values and times in, a mode out."""

import pytest

from contract.messages import DecodeMode
from edge_agent.core.decode_policy import BEHIND_S, INTRA, Backlog, DecodeTarget, KeyframeMeter, mode
from edge_agent.core.motion import Decision, Reason
from edge_agent.core.rest import QUIET_S, RestGate, eager, rest_s
from edge_agent.core.rules.smoke_fire import SmokeFireRule
from edge_agent.core.spec import IntrusionRule

IDLE = Decision(False, "idle")
RESTING = DecodeTarget(5.0, 2.0)


def meter(*gaps: float, fps: float = 25.0) -> tuple[KeyframeMeter, float]:
    """A stream whose keyframes came so far apart, and when its last packet came."""
    made, t = KeyframeMeter(), 100.0
    made.see(t, True)
    for gap in gaps:
        for n in range(1, round(gap * fps)):
            made.see(t + n / fps, False)
        t += gap
        made.see(t, True)
    made.see(t + 1 / fps, False)
    return made, t + 1 / fps


@pytest.mark.parametrize(
    ("gaps", "target", "wanted"),
    [
        ((1.0, 1.0, 1.0), RESTING, "keyframes"),
        ((2.0, 2.0, 2.0), RESTING, "keyframes"),
        ((1.97, 2.04, 1.99), RESTING, "keyframes"),  # packets come unevenly
        ((60 / 29.97,) * 3, RESTING, "keyframes"),
        ((2.4, 2.4, 2.4), RESTING, "no_nonref"),
        ((1.0,), RESTING, "no_nonref"),  # not known yet
        ((1.0, 1.0), RESTING, "keyframes"),
        ((0.02, 4.0), RESTING, "no_nonref"),  # the first came at once
        ((10.0, 10.0, 10.0), RESTING, "no_nonref"),
        ((1.0, 1.0, 4.0, 1.0, 1.0), RESTING, "no_nonref"),  # irregular
        ((4.0, *[1.0] * 8), RESTING, "keyframes"),  # was irregular long ago
        ((1.0, 1.0, 1.0), DecodeTarget(5.0), "no_nonref"),
        ((1.0, 1.0, 1.0), DecodeTarget(5.0, 0.5), "no_nonref"),
        ((0.5, 0.5, 0.5), DecodeTarget(5.0, 0.5), "keyframes"),
    ],
)
def test_a_stream_rests_only_where_its_keyframes_are_close(
    gaps: tuple[float, ...], target: DecodeTarget, wanted: DecodeMode
) -> None:
    measured, t = meter(*gaps)
    assert mode("auto", target, measured, False, t) == wanted
    assert mode("all", target, measured, False, t) == "all"


@pytest.mark.parametrize("known", [2, 3])
def test_an_interval_that_is_stretched_ends_the_rest_before_it_is_over(known: int) -> None:
    measured, t = meter(*[1.0] * known)
    assert mode("auto", RESTING, measured, False, t + 2.1) == "keyframes"
    assert mode("auto", RESTING, measured, False, t + 2.2) == "no_nonref"
    assert measured.interval(t + 2.2) == pytest.approx(2.24)


def test_pictures_that_all_stand_for_themselves_are_decoded_one_by_one() -> None:
    measured = KeyframeMeter()
    for n in range(INTRA):
        assert mode("auto", DecodeTarget(), measured, False, n / 25) == "no_nonref"
        measured.see(n / 25, True)
    assert mode("auto", DecodeTarget(), measured, False, 1.0) == "keyframes"
    measured.see(1.1, False)
    assert mode("auto", DecodeTarget(), measured, False, 1.1) == "no_nonref"


@pytest.mark.parametrize(
    ("fps", "wanted"), [(5.0, "no_nonref"), (1.2, "no_nonref"), (1.0, "keyframes"), (0.2, "keyframes")]
)
def test_who_wants_no_more_pictures_than_there_are_keyframes_gets_those(fps: float, wanted: DecodeMode) -> None:
    measured, t = meter(1.0, 1.0, 1.0)
    assert mode("auto", DecodeTarget(fps), measured, False, t) == wanted
    assert mode("auto", DecodeTarget(fps), KeyframeMeter(), False, t) == "no_nonref"


def test_who_is_behind_decodes_keyframes_until_it_has_to_wait_again() -> None:
    backlog, t = Backlog(), 0.0
    for n in range(60):
        t = n * 0.04
        backlog.see(t, 0.03)
        assert not backlog.behind
    for n in range(1, 60):
        backlog.see(t + n * 0.04, 0.0)
    assert backlog.behind
    measured, _ = meter(10.0)
    assert mode("auto", DecodeTarget(5.0), measured, backlog.behind, 0.0) == "keyframes"
    t += 60 * 0.04
    for n in range(60):
        backlog.see(t + n * 0.04, 0.03)
    assert not backlog.behind


def test_who_falls_behind_again_and_again_tries_less_often() -> None:
    backlog, t, pauses = Backlog(), 0.0, list[float]()
    while t < 200.0:
        since = t
        while backlog.behind:
            t += 0.04
            backlog.see(t, 0.03)
        pauses.append(t - since)
        while not backlog.behind:
            t += 0.04
            backlog.see(t, 0.0)
    assert pauses[1:6] == pytest.approx([2, 4, 8, 16, 32], abs=1.0)
    assert max(pauses) == pytest.approx(60, abs=1.0)


def test_having_been_behind_long_ago_is_forgotten() -> None:
    backlog = Backlog()

    def run(begin: float, seconds: float, waited: float) -> float:
        """When it was not behind any more, or the end."""
        for n in range(round(25 * seconds)):
            backlog.see(begin + n / 25, waited)
            if waited and not backlog.behind:
                return begin + n / 25
        return begin + seconds

    for begin in (0.0, 10.0, 20.0):
        run(begin, 4.0, 0.0)
        free = run(begin + 4.0, 60.0, 0.03)
    run(free, 4.0, 0.0)
    run(300.0, 4.0, 0.0)
    assert run(304.0, 20.0, 0.03) == pytest.approx(305, abs=2)


def test_a_burst_at_the_start_is_not_being_behind() -> None:
    backlog = Backlog()
    for n in range(200):
        backlog.see(n * 0.001, 0.0)
    assert not backlog.behind
    backlog.see(BEHIND_S + 1.0, 2.0)
    assert not backlog.behind


@pytest.mark.parametrize("reason", ["always", "motion", "confirm"])
def test_motion_and_people_wake(reason: Reason) -> None:
    rest = RestGate()
    assert not rest.step(0.0, Decision(True, reason), False)
    assert not rest.step(QUIET_S - 0.1, IDLE, False)
    assert rest.step(QUIET_S, IDLE, False)
    assert rest.step(QUIET_S + 1, Decision(True, "refresh"), False)
    assert not rest.step(QUIET_S + 2, Decision(True, reason), False)
    assert not rest.step(2 * QUIET_S + 1, IDLE, False)
    assert rest.step(2 * QUIET_S + 2, IDLE, False)
    assert not rest.step(2 * QUIET_S + 3, Decision(True, "refresh"), True)
    assert not rest.step(0.0, IDLE, False)  # a clock that was set back


def test_an_open_gate_keeps_it_awake_and_quiet_counts_from_the_motion() -> None:
    rest = RestGate()
    assert not rest.step(0.0, Decision(True, "motion"), False)
    assert not rest.step(0.5, Decision(True, "hold"), False)
    assert not rest.step(QUIET_S - 0.1, IDLE, False)
    assert not rest.step(QUIET_S, Decision(True, "hold"), False)
    assert rest.step(QUIET_S + 0.1, IDLE, False)


@pytest.mark.parametrize("reason", ["motion", "hold"])
def test_what_seems_to_move_in_an_empty_picture_keeps_nobody_awake(reason: Reason) -> None:
    rest, barren = RestGate(), Decision(True, reason, barren=True)
    assert not rest.step(0.0, Decision(True, "motion"), False)
    assert not rest.step(QUIET_S - 0.1, barren, False)
    assert rest.step(QUIET_S, barren, False)
    assert not rest.step(QUIET_S + 0.1, Decision(True, "motion"), False)
    assert not rest.step(2 * QUIET_S + 1, barren, True)


def test_before_the_first_picture_nobody_was_lost() -> None:
    rest = RestGate()
    assert not rest.step(0.0, Decision(True, "first"), False)  # what it shows is not known yet
    assert rest.step(0.2, Decision(True, "hold", barren=True), False)
    rest = RestGate()
    assert not rest.step(0.0, Decision(True, "first"), False)
    assert not rest.step(0.2, Decision(True, "hold"), False)  # it may have shown somebody
    assert not rest.step(0.4, Decision(True, "hold"), True)
    assert not rest.step(0.4 + QUIET_S - 0.1, IDLE, False)


def test_motion_in_which_nobody_is_found_does_not_wake() -> None:
    rest = RestGate()
    rest.step(0.0, Decision(True, "motion"), False)
    assert rest.step(QUIET_S, Decision(False, "futile"), False)
    assert rest.step(QUIET_S + 1, Decision(True, "futile"), False)
    assert not rest.step(QUIET_S + 2, Decision(True, "futile"), True)


def test_motion_that_may_be_somebody_and_those_who_are_followed_ask_for_looks_in_close_succession() -> None:
    reasons: tuple[Reason, ...] = ("always", "motion", "confirm", "first", "hold", "refresh", "futile", "idle")
    assert [eager(Decision(True, reason), False) for reason in reasons] == [True] * 3 + [False] * 5
    assert all(eager(Decision(False, reason), True) for reason in reasons)
    assert not eager(Decision(True, "motion", barren=True), False)


def test_rules_that_judge_pixels_need_two_pictures_a_second() -> None:
    people, pixels = IntrusionRule(id="a", zone="z"), SmokeFireRule(id="b")
    assert rest_s((people,), 2.0) == 2.0
    assert rest_s((), 1.5) == 1.5
    assert rest_s((people, pixels), 2.0) == 0.5
    assert rest_s((pixels,), 0.0) == 0.0
