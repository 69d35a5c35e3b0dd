"""What a larger cause explains: a camera that is covered sees nothing, and a site without power loses all its cameras.

A fault lasts from its begin to its end, or until nothing was heard of it for FADES_S. An outage is several cameras of
one agent or one site lost together; the first of them stands for all. Times are seconds of event time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from contract.events import Event
from contract.kinds import KINDS, Kind

FADES_S = 900.0
"""A fault whose end never comes (its agent died) explains nothing any more this long after its last word."""
TOGETHER_S = 90.0
"""Cameras lost within this of the one before are lost together: time-outs of streams differ by tens of seconds."""
OUTAGE_SHARE = 0.5
"""An outage takes at least this share of the cameras that the agent or the site is known to have."""
RETURN_S = 120.0
"""After an agent is back its cameras have this long to come up."""

SEES_NOTHING = frozenset(kind for kind, info in KINDS.items() if info.family not in ("camera", "report"))
_LOOKS_CHANGED = frozenset({Kind.SCENE_CHANGE, Kind.SCENE_ANOMALY})
EXPLAINS: dict[Kind, frozenset[Kind]] = {
    Kind.CAMERA_COVERED: SEES_NOTHING,
    Kind.CAMERA_FROZEN: SEES_NOTHING,
    Kind.CAMERA_LOST: SEES_NOTHING,
    Kind.CAMERA_MOVED: _LOOKS_CHANGED,
    Kind.CAMERA_DEFOCUSED: _LOOKS_CHANGED,
}
"""What a camera tells that its own fault explains."""

Known = Callable[[str, str | None], int]
"""(site, agent, None for all) to how many cameras it is known to have; 0 where nobody knows."""


@dataclass(frozen=True, slots=True)
class Cause:
    """kind: camera_covered …, or "outage" or "agent_offline". episode: of the fault, or of the outage's first camera;
    "" for an agent. cameras: how many it concerns so far."""

    kind: str
    episode: str
    cameras: int = 1


@dataclass(slots=True)
class _Fault:
    """over: when it ended; None while it goes on."""

    episode: str
    since: float
    last: float
    over: float | None = None

    def at(self, time: float) -> bool:
        return self.since <= time <= (self.over if self.over is not None else self.last + FADES_S)


@dataclass(slots=True)
class _Group:
    """Cameras of one agent or site lost together, by camera, in the order they were told. outage: whether they are
    enough for one."""

    latest: float
    lost: dict[str, tuple[float, str]] = field(default_factory=dict)
    outage: bool = False


class Inhibition:
    """cameras: how many make an outage at least. One thread."""

    def __init__(self, cameras: int, known: Known) -> None:
        self._cameras, self._known = cameras, known
        self._faults: dict[tuple[str, str], dict[Kind, _Fault]] = {}
        self._groups: dict[tuple[str, str | None], _Group] = {}
        self._away: dict[tuple[str, str], tuple[float, float | None]] = {}

    def note(self, event: Event, time: float) -> tuple[str, ...]:
        """Takes in what an event says of its own camera. The episodes that turned out just now to be one outage, the
        first one first; nothing otherwise."""
        data = event.data
        if data.kind not in EXPLAINS:
            return ()
        faults = self._faults.setdefault((data.site, data.camera), {})
        fault = faults.get(data.kind)
        if fault is None or fault.episode != data.episode:
            fault = faults[data.kind] = _Fault(data.episode, data.started.timestamp(), time)
        fault.last = max(fault.last, time)
        if data.phase == "end":
            fault.over = time
        if data.kind != Kind.CAMERA_LOST or data.phase != "begin" or data.delayed:
            return ()
        return self._lost(data.site, event.agent, data.camera, data.episode, time)

    def agent(self, site: str, agent: str, online: bool, now: float) -> None:
        """An agent's last will, its silence, or its return."""
        away = self._away.get((site, agent))
        if not online:
            if away is None or away[1] is not None:
                self._away[site, agent] = (now, None)
        elif away is not None and away[1] is None:
            self._away[site, agent] = (away[0], now)

    def of(self, event: Event, time: float) -> Cause | None:
        """The larger cause that explains what this event tells, None where there is none."""
        data = event.data
        if data.kind == Kind.CAMERA_LOST:
            return self._outage(data.site, event.agent, data.camera, time) or self._agent(data.site, event.agent, time)
        faults = self._faults.get((data.site, data.camera))
        if faults:
            for kind, fault in faults.items():
                if data.kind in EXPLAINS[kind] and fault.at(time):
                    return Cause(kind, fault.episode)
        if KINDS[data.kind].family == "camera":
            return self._agent(data.site, event.agent, time)
        return None

    def forget(self, before: float) -> None:
        for key in list(self._faults):
            faults = self._faults[key]
            for kind in [kind for kind, fault in faults.items() if fault.last < before]:
                del faults[kind]
            if not faults:
                del self._faults[key]
        for place in [place for place, group in self._groups.items() if group.latest < before]:
            del self._groups[place]
        for agent in [key for key, (_, back) in self._away.items() if back is not None and back < before]:
            del self._away[agent]

    def _lost(self, site: str, agent: str, camera: str, episode: str, time: float) -> tuple[str, ...]:
        new: tuple[str, ...] = ()
        for place in ((site, agent), (site, None)):
            group = self._groups.get(place)
            if group is None or time > group.latest + TOGETHER_S:
                group = self._groups[place] = _Group(time)
            group.latest = max(group.latest, time)
            group.lost.setdefault(camera, (time, episode))
            if group.outage or len(group.lost) < max(self._cameras, OUTAGE_SHARE * self._known(*place)):
                continue
            group.outage = True
            if not new:
                new = tuple(one for _, one in group.lost.values())
        return new

    def _outage(self, site: str, agent: str, camera: str, time: float) -> Cause | None:
        """A camera that was lost with others, unless it is the first of them."""
        for place in ((site, None), (site, agent)):
            group = self._groups.get(place)
            if group is None or not group.outage or time > group.latest + TOGETHER_S:
                continue
            first = next(iter(group.lost))
            if camera != first:
                return Cause("outage", group.lost[first][1], len(group.lost))
        return None

    def _agent(self, site: str, agent: str, time: float) -> Cause | None:
        away = self._away.get((site, agent))
        if away is None or time < away[0] - TOGETHER_S or (away[1] is not None and time > away[1] + RETURN_S):
            return None
        return Cause("agent_offline", "")
