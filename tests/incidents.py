"""Incidents as values, for tests of what is made of them."""

from typing import Any

from aggregator.core.incident import Incident, Source, believed
from aggregator.core.states import State
from contract.ids import derived_uuid7
from contract.kinds import Kind, Severity


def incident(
    kind: Kind,
    severity: Severity | str,
    sources: tuple[Source, ...],
    *,
    state: State = "suspected",
    started: float = 1000.0,
    opened: float | None = None,
    name: str = "",
    **more: Any,
) -> Incident:
    return Incident(
        id=derived_uuid7(int(started * 1000), "test", name),
        kind=kind,
        state=state,
        severity=severity,  # type: ignore[arg-type]
        confidence=believed(sources)[0],
        started=started,
        last_event=started,
        updated=started,
        sources=sources,
        opened=opened,
        **more,
    )
