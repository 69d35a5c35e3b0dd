"""A camera that was seen and gives no picture any more: one `camera_lost` episode until it is back."""

from dataclasses import dataclass
from typing import Literal

from contract.events import Clock, Event, Measure
from edge_agent.core.events import Agent, EventMaker, IdFactory
from edge_agent.core.lifecycle import Change
from edge_agent.core.spec import CameraSpec, Episodes, Rule
from edge_agent.core.types import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraLostRule(Rule):
    """Every camera has it and no config names it; the place is the camera itself."""

    id: str = "camera-lost"
    kind: Literal["camera_lost"] = "camera_lost"


class LossWatch:
    """The lost episode of one camera. One thread; times are seconds since the epoch."""

    def __init__(self, camera: CameraSpec, agent: Agent, ids: IdFactory, after_s: float) -> None:
        """after_s: how long without a picture is lost."""
        self._rule = CameraLostRule(episodes=Episodes(min_duration_s=after_s))
        self._after_s = after_s
        self._maker = EventMaker(camera, agent, ids, "-")
        self._serial = 0
        self._last: float | None = None

    def lost(self, last: float, t: float, clock: Clock) -> Event | None:
        """At `t` there was no picture since `last`: the begin, unless it is lost already."""
        if self._last is not None:
            return None
        self._last = last
        self._serial += 1
        return self._maker.make(self._rule, self._change("begin", t, t - last), clock)

    def back(self, t: float, clock: Clock) -> Event | None:
        """There is a picture, or nobody watches any more: the end, if it was lost."""
        if self._last is None:
            return None
        event = self._maker.make(self._rule, self._change("end", t, t - self._last), clock)
        self._last = None
        return event

    def _change(self, phase: Literal["begin", "end"], t: float, silent_s: float) -> Change:
        assert self._last is not None
        silence = Measure(name="silence", value=silent_s, threshold=self._after_s, unit="s")
        finding = Finding(key="", confidence=1.0, subjects=(), measures=(silence,), since=self._last, instant=True)
        ended = max(t, self._last) if phase == "end" else None
        return Change(phase, "", self._serial, self._last, max(t, self._last), ended, 1.0, finding, silent_s)
