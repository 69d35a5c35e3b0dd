"""What is owed to an incident, by when, and since when it is overdue."""

import pytest

from aggregator.core.incident import Source, move
from aggregator.core.response import Due, ResponseTargets, Targets, due, pending
from aggregator.core.states import STATES, State, allowed
from contract.kinds import SEVERITIES, Kind
from tests.incidents import incident

TARGETS = ResponseTargets(
    Targets(critical=60, major=180, minor=900, info=3600), Targets(critical=1800, major=3600, minor=7200, info=14_400)
)
SHOWN = 1000.0


def test_each_severity_has_its_time_from_when_it_was_first_shown() -> None:
    found = {one: due("open", one, SHOWN, TARGETS) for one in SEVERITIES}
    assert found == {
        one: Due("acknowledge", SHOWN + wait) for one, wait in zip(SEVERITIES, (3600, 900, 180, 60), strict=True)
    }


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("suspected", "acknowledge"),
        ("open", "acknowledge"),
        ("acknowledged", "resolve"),
        ("dispatched", "resolve"),
        ("resolved", None),
        ("false_alarm", None),
    ],
)
def test_every_state_owes_one_step_or_none(state: State, step: str | None) -> None:
    assert pending(state) == step


def test_what_is_closed_has_no_next_step() -> None:
    assert due("resolved", "critical", SHOWN, TARGETS) is None


def test_overdue_begins_after_the_last_moment_and_is_counted_in_seconds() -> None:
    owed = due("open", "critical", SHOWN, TARGETS)
    assert owed is not None
    assert (owed.overdue(SHOWN), owed.overdue(SHOWN + 60), owed.overdue(SHOWN + 61.5)) == (None, None, 1.5)


def test_a_graver_severity_shortens_the_time_that_runs() -> None:
    owed = due("open", "major", SHOWN, TARGETS)
    graver = due("open", "critical", SHOWN, TARGETS)
    assert owed is not None
    assert graver is not None
    assert (owed.overdue(SHOWN + 100), graver.overdue(SHOWN + 100)) == (None, 40)


@pytest.mark.parametrize("state", STATES)
def test_whatever_an_operator_does_never_makes_it_owe_an_acknowledgement_again(state: State) -> None:
    shown = incident(Kind.BRAWL, "critical", (Source("senen", "a", 0.9),), state=state, opened=SHOWN)
    for to in allowed(state):
        moved, _ = move(shown, to, SHOWN + 5, party="operator", actor="sari", reason="")
        assert pending(moved.state) == (
            None if to in ("resolved", "false_alarm") else "acknowledge" if to == "open" else "resolve"
        )
