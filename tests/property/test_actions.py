"""Whatever people do and cameras tell in whatever order: no event is lost or doubled, what is refused changes nothing,
undoing restores, and a restart knows what was known."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.actions import Deed, DeedRefused
from aggregator.core.care import Action
from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.incident import Incident, TransitionRefused
from contract.kinds import SEVERITIES
from tests.desks import NO_CAPS, Desk
from tests.timeline import START, make_event, place

CAMERAS = {"gate": 0.0, "market": 60.0, "bridge": 120.0, "far": 9_000.0}
PEOPLE = ("budi", "sari")
DEEDS: tuple[Action, ...] = (
    "take",
    "assign",
    "release",
    "note",
    "severity",
    "kind",
    "state",
    "state",
    "undo",
    "undo",
    "merge",
    "split",
)

EVENT = st.tuples(
    st.just("event"),
    st.sampled_from(sorted(CAMERAS)),
    st.sampled_from(["brawl", "crowd", "intrusion"]),
    st.sampled_from(["begin", "begin", "update", "end"]),
    st.integers(0, 2),
)
DEED = st.tuples(st.just("deed"), st.sampled_from(DEEDS), st.sampled_from(PEOPLE), st.integers(0, 5), st.integers(0, 5))
STEPS = st.lists(st.one_of(EVENT, EVENT, DEED, DEED, DEED, st.just(("restart",))), min_size=40, max_size=60)
Seen = tuple[Any, ...]


def of(one: Incident) -> Seen:
    """What undoing brings back."""
    care = one.care
    return one.state, one.opened, one.closed_at, care.owner, care.handed_by, care.severity, care.kind


class World:
    def __init__(self, folder: Path, policy: CorrelationPolicy) -> None:
        self.t, self.told = 0, 0
        self.begun: set[tuple[str, str, int]] = set()
        self.latest = "", ""
        self.before: dict[tuple[str, int], Seen] = {}
        self.desk = Desk(folder, policy=policy, now=START.timestamp())
        self.desk.open()

    def held(self) -> dict[str, Incident]:
        return {one.id: one for one in self.desk.service.incidents()}

    def restart(self) -> None:
        held, judged = self.held(), self.desk.service.judged()
        self.desk.store.close()
        self.desk = Desk(self.desk.folder, policy=self.desk.policy, now=self.desk.now)
        self.desk.open()
        assert self.held() == held
        assert self.desk.service.judged() == judged

    def event(self, camera: str, kind: str, phase: Any, episode: int) -> None:
        """An agent begins an episode once."""
        where = place(CAMERAS[camera], 0, 30.0)
        if (camera, kind, episode) in self.begun and phase == "begin":
            phase = "update"
        self.begun.add((camera, kind, episode))
        self.told += 1
        self.desk.take(make_event(self.t, camera, kind, phase, episode=str(episode), location=where, number=self.told))

    def deed(self, action: Action, who: str, which: int, value: int) -> None:
        held, settled = self.held(), self.desk.service.waiting() == 0
        if not held:
            return
        one = held[sorted(held)[which % len(held)]]
        if action == "undo" and self.latest[0] in held and value:
            one, who = held[self.latest[0]], self.latest[1]
        try:
            self._do(action, who, one, sorted(held)[value % len(held)], value)
        except (DeedRefused, TransitionRefused):
            assert not settled or self.held() == held, "what is refused changes nothing"
            return
        now = self.held()[one.id]
        if action == "undo":
            last = one.care.last
            assert last is not None
            assert of(now) == self.before[one.id, last.number]
        self.before[one.id, now.care.count] = of(one)
        self.latest = one.id, who

    def _do(self, action: Action, who: str, one: Incident, other: str, value: int) -> None:
        service = self.desk.service
        deed = Deed(action=action, actor=who, seen=one.care.count - value % 2)
        if action == "merge":
            service.merge(one.id, other, deed)
        elif action == "split":
            told = self.desk.store.incident_events(one.id)
            events = [raw for raw, _, _ in told] or [b'{"id":""}']
            service.split(one.id, events[value % len(events)].partition(b'"id":"')[2][:36].decode(), deed)
        else:
            given = {
                "assign": PEOPLE[value % 2],
                "severity": ("", *SEVERITIES)[value % 5],
                "kind": ("", "crowd", "brawl")[value % 3],
                "state": ("acknowledged", "dispatched", "resolved", "false_alarm")[value % 4],
                "undo": str(one.care.count),
            }.get(action, "")
            service.act(one.id, Deed(action=action, actor=who, value=given, reason="seen", seen=deed.seen))

    def check(self) -> None:
        rows = self.desk.store.read("SELECT incident, count(*) FROM incident_events GROUP BY incident")
        held = self.held()
        counted = {one.id: one.event_count for one in held.values() if one.merged_into is None}
        assert dict(rows) == counted, "each event is in exactly one incident, and counted there"
        assert sum(counted.values()) == self.told
        episodes = self.desk.store.read("SELECT episode, count(DISTINCT incident) FROM incident_events l "
                                        "JOIN events e ON e.id = l.event GROUP BY episode")  # fmt: skip
        assert all(count == 1 for _, count in episodes), "an episode stays whole"
        for one in held.values():
            assert one.care.severity in (None, one.severity), "a person's word stands"
            assert one.care.kind in (None, one.kind)


def tell(steps: list[tuple[Any, ...]], policy: CorrelationPolicy, every_s: int) -> None:
    """Plays the steps, every_s seconds apart; what holds is looked at whenever no event waits for its turn."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder), policy)
        for what, *details in steps:
            world.t += every_s
            world.desk.now = START.timestamp() + world.t
            getattr(world, what)(*details)
            if world.desk.service.waiting() == 0:
                world.check()
        world.desk.now += 60
        world.desk.service.tick()
        world.check()
        world.restart()
        world.desk.store.close()


@given(STEPS)
@settings(max_examples=10, deadline=None)
def test_no_order_of_deeds_and_events_breaks_anything(steps: list[tuple[Any, ...]]) -> None:
    tell(steps, NO_CAPS, 7)


@given(STEPS)
@settings(max_examples=10, deadline=None)
def test_nor_where_events_wait_for_their_turn(steps: list[tuple[Any, ...]]) -> None:
    """What is critical is shown, and can be acted on, before its event is counted."""
    tell(steps, replace(NO_CAPS, reorder_s=8.0), 3)
