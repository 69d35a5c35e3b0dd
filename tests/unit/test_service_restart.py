"""A restart changes nothing that an operator sees."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest

from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.ports import Message, SuppressedQuery
from contract import topics
from contract.codec import encode
from contract.ids import derived_uuid7
from contract.messages import CameraHealth, Health, HostHealth, Status
from simulator import city
from tests.desks import Desk
from tests.timeline import START, make_event, place

EVERY_S = 30.0
"""How often agents report, and a batch is taken."""
BOOT = derived_uuid7(0, "boot")
WILL_S = 45.0
"""How long after an uplink failed the broker tells the agent's last will."""


@cache
def course(seed: int, profile: str, hours: float) -> tuple[tuple[float, tuple[Message, ...]], ...]:
    """Batches of a city's day with the time at which each is taken: events as they arrive, and reports of its agents,
    whose uplinks fail."""
    made = city.build(seed, 60, hours, profile)
    begin = made.begin.timestamp()
    told = list(_reports(made, begin, hours * 3600))
    for delivery, event in zip(made.deliveries, made.events(), strict=True):
        at = begin + delivery.arrives
        told.append(Message(topics.event(event.data.site, event.data.camera), encode(event), at))
    told = sorted(
        (message for message in told if message.received < begin + hours * 3600), key=lambda message: message.received
    )
    batches: dict[float, list[Message]] = {}
    for message in told:
        batches.setdefault(message.received // EVERY_S * EVERY_S + EVERY_S, []).append(message)
    return tuple((at, tuple(batch)) for at, batch in batches.items())


def _reports(made: city.City, begin: float, seconds: float) -> Iterator[Message]:
    """Of each agent, but while its uplink fails; its last will, and its return."""
    agents = {(one.site, one.agent): tuple(c for c in made.cameras if c.agent == one.agent) for one in made.cameras}
    told = {delivery.sighting.agent for delivery in made.deliveries}
    host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0, last_sequence=0)
    for (site, agent), cameras in agents.items():
        outages = made.transport.outages(agent) if agent in told else []
        for t in range(0, int(seconds), int(EVERY_S)):
            if not any(start <= t < end for start, end in outages):
                reports = tuple(CameraHealth(camera=one.id, state="online", location=one.location) for one in cameras)
                health = Health(time=made.time(t), interval_s=EVERY_S, cameras=reports, host=host)
                yield Message(topics.health(site, agent), encode(health), begin + t)
        for start, end in outages:
            changes: tuple[tuple[float, Literal["online", "offline"]], ...]
            changes = (min(start + WILL_S, end), "offline"), (end, "online")
            for at, state in changes:
                status = Status(time=made.time(at), state=state, version="0", boot_id=BOOT, config_hash="0" * 16)
                yield Message(topics.status(site, agent), encode(status), begin + at)


def play(folder: Path, batches: tuple[tuple[float, tuple[Message, ...]], ...], restarts: frozenset[int]) -> Desk:
    """restarts: before which batches the aggregator is stopped and started."""
    folder.mkdir()
    desk = Desk(folder, policy=CorrelationPolicy(), now=batches[0][0])
    desk.open()
    for number, (at, messages) in enumerate(batches):
        desk.now = at
        if number in restarts:
            desk.store.close()
            desk.open()
        desk.service.handle(messages)
        desk.service.tick()
    return desk


def seen(desk: Desk) -> dict[str, Any]:
    """All that is shown of incidents, with their events and history, and of the desk."""
    shown = {str(one["id"]): one for one in desk.incidents()}
    events = {one: desk.store.incident_events(one) for one in shown}
    history = {one: desk.store.changes(one) for one in shown}
    return {"incidents": shown, "events": events, "history": history, "waiting": desk.service.waiting()}


@pytest.mark.parametrize(("seed", "profile"), [(3, "rain"), (8, "new-year")])
def test_a_city_is_judged_alike_however_often_its_aggregator_restarts(tmp_path: Path, seed: int, profile: str) -> None:
    batches = course(seed, profile, 1.5)
    once = seen(play(tmp_path / "once", batches, frozenset()))
    often = seen(play(tmp_path / "often", batches, frozenset(range(7, len(batches), 23))))
    assert len(once["incidents"]) > 50
    for name, shown in once.items():
        assert often[name] == shown


def test_what_a_larger_cause_explains_is_explained_after_a_restart_too(tmp_path: Path) -> None:
    """A covered lens, an outage of several cameras, an agent that went."""
    now = START.timestamp()
    desk = Desk(tmp_path, now=now)
    desk.open()
    covered = make_event(0, "lens", "camera_covered")
    lost = [make_event(n, f"c{n}", "camera_lost", agent="edge-2") for n in range(3)]
    desk.take(covered, *lost)
    status = Status(time=START, state="offline", version="0", boot_id=BOOT, config_hash="0" * 16)
    desk.service.handle([Message(topics.status("site-2", "edge-3"), encode(status), now + 5)])
    desk.store.close()
    desk.open()
    desk.now = now + 20
    desk.take(
        make_event(20, "lens", "crowd"),
        make_event(20, "c3", "camera_lost", agent="edge-2"),
        make_event(20, "far", "camera_lost", agent="edge-3", site="site-2"),
        make_event(20, "well", "crowd", agent="edge-4"),
    )
    told = {(row.camera, row.detail) for row in desk.store.suppressed(SuppressedQuery(reason="inhibited"))}
    assert told >= {("lens", "camera_covered"), ("c3", "outage")}
    assert {camera for camera, _ in told} == {"lens", "c2", "c3", "far"}


def that_came_back(folder: Path) -> Desk:
    """A desk that was told by edge-1's last will that it went, and 10 s later that it is back."""
    desk = Desk(folder, now=START.timestamp())
    desk.open()
    changes: tuple[tuple[int, Literal["online", "offline"]], ...] = (0, "offline"), (10, "online")
    for t, state in changes:
        status = Status(time=START, state=state, version="0", boot_id=BOOT, config_hash="0" * 16)
        desk.service.handle([Message(topics.status("site-1", "edge-1"), encode(status), desk.now + t)])
    return desk


@pytest.mark.parametrize(("restarts", "later"), list(product((False, True), (110, 130))))
def test_who_came_back_just_before_a_restart_has_its_two_minutes(tmp_path: Path, restarts: bool, later: int) -> None:
    desk = that_came_back(tmp_path)
    if restarts:
        desk.store.close()
        desk.open()
    desk.take(make_event(10 + later, "gate", "camera_lost"))
    told = [row.detail for row in desk.store.suppressed(SuppressedQuery(reason="inhibited"))]
    assert told == (["agent_offline"] if later == 110 else [])


def test_who_came_back_and_fell_silent_before_it_reported_is_away_after_a_restart(tmp_path: Path) -> None:
    desk = that_came_back(tmp_path)
    desk.now += 500
    desk.service.tick()
    desk.store.close()
    desk.open()
    desk.take(make_event(510, "gate", "camera_lost"))
    assert [row.detail for row in desk.store.suppressed(SuppressedQuery(reason="inhibited"))] == ["agent_offline"]


def test_an_outage_is_gathered_although_the_aggregator_restarts_meanwhile(tmp_path: Path) -> None:
    desk = Desk(tmp_path, policy=CorrelationPolicy(), now=START.timestamp())
    desk.open()
    desk.take(*(make_event(n, f"c{n}", "camera_lost", location=place(9000 * n, 0)) for n in range(3)))
    desk.store.close()
    desk.now = START.timestamp() + 4
    desk.open()
    for _ in range(20):
        desk.now += 0.5
        desk.service.tick()
    (one,) = desk.incidents()
    assert one["sources"] == 2
