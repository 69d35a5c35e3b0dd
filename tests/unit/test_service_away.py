"""Whose agent is away says nothing by its silence: what it told of is neither over nor closed for that."""

from pathlib import Path
from typing import Literal

import pytest

from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.errors import StoreError
from aggregator.core.ports import Message
from contract import topics
from contract.codec import encode
from contract.events import Event
from contract.ids import derived_uuid7
from contract.messages import CameraHealth, Health, HostHealth, Status
from tests.desks import Desk, store_fails
from tests.timeline import START, make_event, place

POLICY = CorrelationPolicy(reorder_s=0)
GATE, MARKET = place(0, 0, 30.0), place(30, 0, 30.0)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    one = Desk(tmp_path, policy=POLICY, now=START.timestamp())
    one.open()
    return one


class Agents:
    """Their words to a desk, at seconds after START."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def report(self, t: float, *agents: str) -> None:
        host = HostHealth(cpu=0.1, memory=0.1, disk=0.1, spool_depth=0)
        camera = {"edge-1": "gate", "edge-2": "market"}
        for agent in agents:
            cameras = (CameraHealth(camera=camera[agent], state="online"),)
            health = Health(time=START, interval_s=30, cameras=cameras, host=host)
            self._hand(t, topics.health("site-1", agent), encode(health))

    def status(self, t: float, agent: str, state: Literal["online", "offline"]) -> None:
        boot = derived_uuid7(0, "boot")
        status = Status(time=START, state=state, version="0", boot_id=boot, config_hash="0" * 16)
        self._hand(t, topics.status("site-1", agent), encode(status))

    def tell(self, event: Event, received: float | None = None) -> None:
        at = event.time.timestamp() - START.timestamp() if received is None else received
        self._hand(at, topics.event(event.data.site, event.data.camera), encode(event))

    def passes(self, t: float) -> None:
        self.desk.now = START.timestamp() + t
        self.desk.service.tick()

    def _hand(self, t: float, topic: str, payload: bytes) -> None:
        self.desk.now = START.timestamp() + t
        self.desk.service.handle([Message(topic, payload, self.desk.now)])


def crowd(t: float, camera: str, phase: str = "begin", *, confidence: float = 0.8, delayed: bool = False) -> Event:
    agent, where = ("edge-1", GATE) if camera == "gate" else ("edge-2", MARKET)
    started = 0 if camera == "gate" else t
    more = {"confidence": confidence, "delayed": delayed, "agent": agent, "location": where, "started": started}
    return make_event(t, camera, "crowd", phase, **more)  # type: ignore[arg-type]


def told_for_minutes(agents: Agents) -> None:
    """A crowd at the gate, of which its agent tells until 400 s."""
    agents.report(0, "edge-1", "edge-2")
    for t in (0, 60, 120, 240, 400):
        agents.tell(crowd(t, "gate", "update" if t else "begin"))
        agents.report(t, "edge-1", "edge-2")


def test_what_an_agent_told_of_goes_on_while_it_is_away(desk: Desk) -> None:
    agents = Agents(desk)
    told_for_minutes(agents)
    agents.status(445, "edge-1", "offline")
    agents.tell(crowd(1000, "market"))
    (one,) = desk.incidents()
    agents.status(1100, "edge-1", "online")
    for t, phase in ((560, "update"), (900, "end")):
        agents.tell(crowd(t, "gate", phase, delayed=True), received=1101)
    assert [each["id"] for each in desk.incidents()] == [one["id"]]


def test_nor_does_its_silence_say_anything_of_what_it_told_before_it_went(desk: Desk) -> None:
    """It is back, and what it had to say of the crowd was lost."""
    agents = Agents(desk)
    told_for_minutes(agents)
    agents.status(445, "edge-1", "offline")
    agents.status(900, "edge-1", "online")
    agents.tell(crowd(1000, "market"))
    assert len(desk.incidents()) == 1


def test_what_an_agent_that_is_there_falls_silent_on_is_over(desk: Desk) -> None:
    agents = Agents(desk)
    told_for_minutes(agents)
    agents.report(430, "edge-1")
    agents.report(999, "edge-1", "edge-2")
    agents.tell(crowd(1000, "market"))
    assert len(desk.incidents()) == 2


def test_an_agent_that_was_found_silent_is_away_until_it_is_heard_again(desk: Desk) -> None:
    agents = Agents(desk)
    told_for_minutes(agents)
    agents.passes(500)
    agents.report(980, "edge-2")
    again = Desk(desk.folder, policy=POLICY, now=START.timestamp() + 990)
    again.open()
    Agents(again).tell(crowd(1000, "market"))
    assert len(again.incidents()) == 1


@pytest.mark.parametrize("away", [True, False])
def test_a_suspected_incident_is_not_quiet_while_who_tells_of_it_is_away(desk: Desk, away: bool) -> None:
    agents = Agents(desk)
    agents.report(0, "edge-1", "edge-2")
    agents.tell(crowd(0, "gate", confidence=0.45))
    agents.tell(crowd(30, "gate", "update", confidence=0.45))
    if away:
        agents.status(60, "edge-1", "offline")
    for t in range(100, 4200, 100):
        if not away:
            agents.report(t, "edge-1")
        agents.passes(t)
    assert desk.incidents()[0]["state"] == ("suspected" if away else "resolved")
    agents.status(4210, "edge-1", "online")
    agents.tell(crowd(4220, "gate", "update", confidence=0.9))
    assert desk.incidents()[0]["state"] == ("open" if away else "resolved")


def test_one_whose_agent_comes_back_and_says_nothing_of_it_is_quiet_half_an_hour_later(desk: Desk) -> None:
    agents = Agents(desk)
    agents.report(0, "edge-1")
    agents.tell(crowd(0, "gate", confidence=0.45))
    agents.status(60, "edge-1", "offline")
    agents.passes(1900)
    for t in range(2000, 3801, 30):
        agents.report(t, "edge-1")
        agents.passes(t)
        assert desk.incidents()[0]["state"] == ("suspected" if t < 3800 else "resolved")


def test_an_agent_that_never_comes_back_holds_nothing_open_for_longer_than_anything_may_last(desk: Desk) -> None:
    agents = Agents(desk)
    agents.report(0, "edge-1")
    agents.tell(crowd(0, "gate", confidence=0.45))
    agents.status(60, "edge-1", "offline")
    for t in range(1000, int(POLICY.max_age_s) + 2000, 500):
        agents.passes(t)
    (one,) = desk.incidents()
    assert (one["state"], [change.reason for change in desk.store.changes(one["id"])][-1]) == ("resolved", "max_age")


@pytest.mark.parametrize("disturbed", [False, True])
def test_after_hours_without_an_aggregator_what_waited_at_the_broker_comes_before_anything_is_closed(
    desk: Desk, disturbed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = Agents(desk)
    agents.report(0, "edge-1")
    agents.tell(crowd(0, "gate", confidence=0.45))
    desk.store.close()
    again = Desk(desk.folder, policy=POLICY, now=START.timestamp() + 7200)
    again.open()
    agents = Agents(again)
    agents.passes(7200.5)
    if disturbed:  # memory is rebuilt once more, when agents are heard again
        agents.report(7200.6, "edge-1")
        with monkeypatch.context() as patch:
            patch.setattr(again.store, "commit", store_fails)
            with pytest.raises(StoreError):
                agents.report(7200.7, "edge-1")
        agents.passes(7200.8)
    agents.tell(crowd(7100, "gate", "update", confidence=0.9), received=7201)
    agents.report(7202, "edge-1")
    assert again.incidents()[0]["state"] == "open"
    agents = Agents(again)
    agents.passes(7200 + 299)
    assert again.incidents()[0]["state"] == "open"


def test_a_clock_that_is_put_back_after_such_a_start_keeps_nothing_open_for_as_long(desk: Desk) -> None:
    agents = Agents(desk)
    agents.report(0, "edge-1")
    agents.tell(crowd(0, "gate", "end", confidence=0.45))
    desk.store.close()
    again = Desk(desk.folder, policy=POLICY, now=START.timestamp() + 90_000)
    again.open()
    agents = Agents(again)
    agents.passes(90_001)
    assert again.incidents()[0]["state"] == "suspected"
    agents.passes(3600)
    assert again.incidents()[0]["state"] == "resolved"


def begun_again(desk: Desk, began: float) -> Desk:
    """The same store after a restart, `began` seconds after START."""
    desk.store.close()
    again = Desk(desk.folder, policy=POLICY, now=START.timestamp() + began)
    again.open()
    return again


@pytest.mark.parametrize("comes", [True, False])
def test_restarts_every_four_minutes_neither_shorten_that_nor_prolong_it(desk: Desk, comes: bool) -> None:
    """comes: what waited at the broker, just before the five minutes of the first start are over."""
    agents = Agents(desk)
    agents.report(0, "edge-1")
    agents.tell(crowd(0, "gate", confidence=0.45))
    for began in (7200, 7440, 7680):
        desk = begun_again(desk, began)
        agents = Agents(desk)
        agents.passes(began + 1)
        held = began < 7680
        assert desk.incidents()[0]["state"] == ("suspected" if held else "open" if comes else "resolved")
        agents.report(began + 30, "edge-1")
        if began == 7440:
            agents.passes(7499)
            assert desk.incidents()[0]["state"] == "suspected"
            if comes:
                agents.tell(crowd(7300, "gate", "update", confidence=0.9), received=7499)
            agents.passes(7501)
            assert desk.incidents()[0]["state"] == ("open" if comes else "resolved")


def test_as_long_as_nobody_is_heard_each_start_waits_anew(desk: Desk) -> None:
    """It may not have come to the broker before it ended again."""
    agents = Agents(desk)
    agents.report(0, "edge-1")
    agents.tell(crowd(0, "gate", confidence=0.45))
    for began in (7200, 7440, 7680):
        desk = begun_again(desk, began)
    agents = Agents(desk)
    agents.passes(7979)
    assert desk.incidents()[0]["state"] == "suspected"
    agents.tell(crowd(7800, "gate", "update", confidence=0.9), received=7979)
    assert desk.incidents()[0]["state"] == "open"
