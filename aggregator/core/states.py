"""The states of an incident, and who may move it from one to another: one table."""

from functools import cache
from typing import Literal

State = Literal["suspected", "open", "acknowledged", "dispatched", "resolved", "false_alarm"]
STATES: tuple[State, ...] = ("suspected", "open", "acknowledged", "dispatched", "resolved", "false_alarm")
Party = Literal["system", "operator"]
SYSTEM = "system"
"""The actor of changes that nobody asked for."""

_BOTH: frozenset[Party] = frozenset({"system", "operator"})
_OPERATOR: frozenset[Party] = frozenset({"operator"})

TRANSITIONS: dict[tuple[State, State], frozenset[Party]] = {
    ("suspected", "open"): _BOTH,
    ("suspected", "acknowledged"): _OPERATOR,
    ("suspected", "resolved"): _BOTH,
    ("suspected", "false_alarm"): _OPERATOR,
    ("open", "acknowledged"): _OPERATOR,
    ("open", "dispatched"): _OPERATOR,
    ("open", "resolved"): _BOTH,
    ("open", "false_alarm"): _OPERATOR,
    ("acknowledged", "dispatched"): _OPERATOR,
    ("acknowledged", "resolved"): _BOTH,
    ("acknowledged", "false_alarm"): _OPERATOR,
    ("dispatched", "resolved"): _BOTH,
    ("dispatched", "false_alarm"): _OPERATOR,
}
"""Who may move an incident from one state to another; what is not here is refused. Closed states are final: whatever
comes afterwards is a new incident that names the old one as `previous`."""

CLOSED: frozenset[State] = frozenset({"resolved", "false_alarm"})


@cache
def allowed(state: State, party: Party = "operator") -> tuple[State, ...]:
    """The states that `party` may move to from `state`, in the order of STATES."""
    return tuple(to for to in STATES if party in TRANSITIONS.get((state, to), frozenset()))
