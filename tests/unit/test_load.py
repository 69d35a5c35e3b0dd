"""What has a line of its own, and what is summed up."""

from typing import Any

import pytest

from aggregator.core.incident import Incident, Source
from aggregator.core.load import LoadPolicy, Summary, arrange
from aggregator.core.states import State
from contract.kinds import Kind
from tests.incidents import incident

NOW = 10_000.0
ONE = LoadPolicy(operators=1, per_operator=1)


def opened(name: str, kind: Kind = Kind.LOITERING, severity: str = "minor", ago: float = 60, **more: Any) -> Incident:
    state: State = more.pop("state", "open")
    source = Source(more.pop("site", "senen"), "a", more.pop("confidence", 0.75))
    since = NOW - ago
    shown = since if state == "open" else None
    return incident(kind, severity, (source,), state=state, started=since, opened=shown, name=name, **more)


def test_within_the_budget_everything_open_has_its_own_line() -> None:
    one, old = opened("a"), [opened(str(n), ago=700 + n) for n in range(5)]
    desk = arrange([one, *old], NOW, ONE)
    assert desk.load.opened == 1
    assert not desk.load.over
    assert set(desk.own) == {one.id, *(each.id for each in old)}
    assert desk.summaries == ()


def test_above_the_budget_minor_ones_are_summed_up_by_place_and_kind() -> None:
    best = opened("best", confidence=0.95)
    crowds = [opened(f"c{n}", Kind.CROWD, ago=n + 1) for n in range(3)]
    loiter = opened("l", site="monas")
    grave = [opened("g", Kind.CROWD_RUSH, "major"), opened("f", Kind.SMOKE_FIRE, "critical")]
    desk = arrange([*crowds, loiter, *grave, best], NOW, ONE)
    assert desk.load.over
    assert desk.own == (grave[1].id, grave[0].id, best.id, loiter.id)  # nothing is gained where one would be alone
    assert desk.summaries == (Summary("senen", "crowd", True, tuple(one.id for one in crowds)),)


def test_more_operators_take_more() -> None:
    several = [opened(str(n)) for n in range(6)]
    assert len(arrange(several, NOW, ONE).own) == 1
    assert len(arrange(several, NOW, LoadPolicy(operators=3)).own) == 3
    assert len(arrange(several, NOW, LoadPolicy(operators=6)).own) == 6
    assert arrange(several, NOW, LoadPolicy(operators=6)).load.per_operator == 1


@pytest.mark.parametrize(
    ("severity", "doubts", "confidence", "own"),
    [
        ("minor", (), 0.6, False),
        ("major", (), 0.6, True),
        ("critical", (), 0.6, True),
        ("critical", ("verdicts",), 0.09, False),
        ("critical", ("verdicts",), 0.1, True),
        ("major", ("verdicts",), 0.29, False),
        ("critical", ("unconfirmed:9.0",), 0.6, False),
        ("critical", ("verdicts", "unconfirmed:9.0"), 0.29, False),
    ],
)
def test_what_is_suspected_is_summed_up_unless_it_is_grave_and_undoubted_or_may_well_be(
    severity: str, doubts: tuple[str, ...], confidence: float, own: bool
) -> None:
    one = opened("a", severity=severity, state="suspected", doubts=doubts, confidence=confidence)
    desk = arrange([one], NOW, ONE)
    assert (desk.own == (one.id,)) == own
    assert (desk.summaries == (Summary("senen", "loitering", False, (one.id,)),)) != own


def test_what_came_late_is_no_load_and_ranks_last() -> None:
    late = [opened(str(n), severity="major", delayed=True) for n in range(9)]
    fresh = opened("fresh")
    desk = arrange([*late, fresh], NOW, ONE)
    assert desk.load.opened == 1
    assert desk.own[0] == fresh.id


def test_what_is_in_hand_closed_or_merged_waits_for_nobody_but_was_load() -> None:
    handled = [opened("a", ago=5), opened("b", ago=6), opened("c", ago=7, merged_into="x")]
    states: tuple[State, ...] = ("acknowledged", "false_alarm")
    done = [
        incident(one.kind, one.severity, one.sources, state=state, started=one.started, opened=one.opened, name=state)
        for one, state in zip(handled, states, strict=False)
    ]
    desk = arrange([*done, handled[2]], NOW, ONE)
    assert desk.own == ()
    assert desk.summaries == ()
    assert desk.load.opened == 2
