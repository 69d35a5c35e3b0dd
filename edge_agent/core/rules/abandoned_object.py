"""Somebody has put a thing down, gone away and left it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from contract.events import Measure, Subject
from edge_agent.core.background import MOVERS
from edge_agent.core.changes import Changes, put_score
from edge_agent.core.geometry import inside
from edge_agent.core.rules.attendance import Attendance, Company
from edge_agent.core.rules.base import unit_box
from edge_agent.core.spec import Episodes, Rule
from edge_agent.core.things import Thing, Things
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.tracks import View
from edge_agent.core.types import Finding, Point

ATTEND_S = 0.3
"""Between looks at who is with what, at least."""
SHAPED_S, OPEN_S = 4.0, 3.0
"""A thing keeps its shape; what is still becoming something else is no thing yet. And it was seen for so long with
nobody before it: what only shows between passing cars is part of one of them."""
UNSEEN_S = 2.5
"""What was seen so long ago, though nobody hides it, may be gone."""
PARTS = 2
"""Looks at which it was a person or part of a vehicle, from which it is none."""
TALL, BROAD = 0.9, 1.2
"""Of the body height of who put it there: nothing higher or wider is carried by hand."""
EPISODES = Episodes(min_duration_s=0.0, end_after_s=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonedObjectRule(Rule):
    """A thing that somebody put into `zone` (the whole picture where none is named) has been there unattended for
    `after_s`. reach: within so many body heights its owner is still with it. carried: only what appeared where a person
    was; without it everything that appears and stays counts."""

    zone: str | None = None
    after_s: float = 10.0
    reach: float = 1.5
    carried: bool = True
    kind: Literal["abandoned_object"] = "abandoned_object"
    episodes: Episodes = EPISODES
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "after_s": (1, 86_400),
        "reach": (0.2, 20),
    }


class AbandonedObject:
    """One finding for each thing left behind."""

    needs_view = True

    def __init__(self, rule: AbandonedObjectRule, polygon: tuple[Point, ...], changes: Changes) -> None:
        self._rule = rule
        self._polygon = polygon
        self._changes = changes
        self._things = Things()
        self._company = Company(MOVERS - {"person"}, rule.reach)
        self._attendance: dict[int, Attendance] = {}
        self._present: tuple[Thing, ...] = ()
        self._findings: tuple[Finding, ...] = ()
        self._t = float("-inf")

    def step(self, view: View) -> tuple[Finding, ...]:
        look, found, fresh = self._changes.step(view)
        if look is None:
            return ()
        if fresh:
            self._present = tuple(self._things.step(look, found))
        if fresh or reached(view.t - self._t, ATTEND_S):
            self._t = view.t
            self._findings = self._attend(view)
        return self._findings

    def _attend(self, view: View) -> tuple[Finding, ...]:
        """Who is with which thing now, and what that makes of it."""
        figures = self._company.remember(view.figures, view.t, view.aspect)
        known, self._attendance = self._attendance, {}
        findings = []
        for thing in self._present:
            met = known.get(thing.number) or self._company.meet(thing.box, thing.born, view.aspect)
            self._company.follow(met, thing.box, figures, view.t, view.aspect)
            self._attendance[thing.number] = met
            if (finding := self._judge(thing, met, view)) is not None:
                findings.append(finding)
        return tuple(findings)

    def _judge(self, thing: Thing, met: Attendance, view: View) -> Finding | None:
        unattended = max(thing.born, met.last)
        alone_s = view.t - unattended
        x, y = (thing.box[0] + thing.box[2]) / 2, thing.box[3]
        if not reached(alone_s, self._rule.after_s) or not reached(view.t - thing.shaped, SHAPED_S):
            return None
        if exceeded(view.t - thing.seen, UNSEEN_S) or not reached(thing.open_s, OPEN_S):
            return None
        if (self._rule.carried and not met.owners) or max(met.seated, met.driven) >= PARTS:
            return None
        if thing.drop or thing.on_display:
            return None
        wide, high = (thing.box[2] - thing.box[0]) * view.aspect, thing.box[3] - thing.box[1]
        if met.height > 0 and (high > TALL * met.height or wide > BROAD * met.height):
            return None
        if not inside(self._polygon, (x, y)):
            return None
        return Finding(
            key=f"object-{thing.number}",
            confidence=min(1.0, 0.5 + put_score(thing.traits)),
            subjects=(Subject(cls="object", count=1, boxes=(unit_box(thing.box),)),),
            measures=(
                Measure(name="unattended", value=alone_s, threshold=self._rule.after_s, unit="s"),
                Measure(name="outline", value=thing.traits.outline),
                Measure(name="foreign", value=thing.traits.foreign),
            ),
            since=unattended + self._rule.after_s,
        )
