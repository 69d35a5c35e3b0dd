"""Memory as the store has it: for the start, and for after a failed commit."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from msgspec.structs import replace

from aggregator.core.correlation import Correlator
from aggregator.core.errors import StoreError
from aggregator.core.liveness import AgentKey, Fleet
from aggregator.core.ports import Batch, Store
from aggregator.core.precision import Precisions
from aggregator.core.sequence import Sequence as Numbers
from aggregator.core.witness import Trust
from aggregator.judges import Judges, Policies
from contract.codec import decode_event

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new correlator and fleet, for the start and for after a failed commit."""

    correlator: Callable[[Fleet, Trust], Correlator]
    fleet: Callable[[], Fleet]
    policies: Policies = field(default_factory=Policies)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    fleet: Fleet
    correlator: Correlator
    judges: Judges
    numbers: dict[AgentKey, Numbers]


def rebuilt(store: Store, fresh: Fresh, now: float, unlinked: bool = True) -> Rebuilt:
    """unlinked: also takes in again what was stored and not yet assigned."""
    fleet = fresh.fleet()
    precisions = Precisions(fresh.policies.learning)
    correlator = fresh.correlator(fleet, precisions.of)
    restored = store.restore(now - correlator.policy.memory_s, now - fresh.policies.suppression.flapping_window_s)
    for verdict in restored.verdicts:
        precisions.learn(verdict)
    for camera in restored.cameras:
        fleet.restore(camera)
    for agent, _ in restored.agents:
        # Silence counts from now: nobody could be heard while the aggregator was away. What was told before may
        # still lie in the broker's queue; the next report tells it anew. Who never reported promised nothing.
        heard = max(agent.last_seen, now) if agent.last_seen else 0.0
        fleet.agents[agent.key] = replace(agent, last_seen=heard, told=0)
    for incident, trails, episodes in restored.incidents:
        correlator.restore(incident, trails, episodes)
    heard = max((agent.last_seen for agent, _ in restored.agents if agent.last_seen), default=now)
    holds_until = correlator.resume(restored.counted, heard, now, restored.holds_until)
    if holds_until != restored.holds_until:
        with suppress(StoreError):  # where nothing can be written, memory is rebuilt all the same
            store.commit(Batch(holds_until=holds_until))
    if unlinked:
        for raw, received, hushed in restored.unlinked:
            correlator.wait(decode_event(raw), received, hushed)
    elif restored.unlinked:
        log.error("events_left_unassigned", events=len(restored.unlinked))
    judges = Judges(fresh.policies, correlator, fleet, precisions)
    judges.restore(restored, now)
    numbers = {agent.key: numbers for agent, numbers in restored.agents if numbers is not None}
    return Rebuilt(fleet, correlator, judges, numbers)
