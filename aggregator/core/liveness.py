"""What runs and what does not, from what agents say and from their silence.

A camera is offline when its agent's last will says so, or when nothing was heard of it for `SILENT_INTERVALS` of the
agent's own report interval. Times are seconds since the epoch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from aggregator.core.space import ADDRESS_M
from aggregator.core.wording import worded
from contract.events import Event, Location
from contract.messages import CameraHealth, CameraState, Health, Status
from contract.sentence import Sentence, english, sentence

SILENT_INTERVALS = 3.0
DEFAULT_INTERVAL_S = 30.0
REFRESH_S = 30.0
"""Numbers that change all the time (rates, ages) are passed on this often; a change of state at once."""

SEEN_EVERY_S = 1.0
"""A camera that tells a flood of events is seen anew this often."""

CLOCK_WRONG_S = 120.0
"""A host whose clock differs from ours by more: what it tells is soon taken for late, or lies in the future and is
refused (contract.codec.MAX_AHEAD), while its cameras seem to watch. Health is sent at once or not at all."""

ShownState = CameraState | Literal["offline", "unknown"]
CameraKey = tuple[str, str]
AgentKey = tuple[str, str]


POLE = 8
"""So many cameras of a site may stand at one point."""


@dataclass(frozen=True, slots=True)
class View:
    """What a camera looks at: heading_deg clockwise from north, fov_deg the angle that it sees, range_m how far."""

    heading_deg: float
    fov_deg: float
    range_m: float


class Camera(Struct, frozen=True, kw_only=True, gc=False):
    """reason: an agent's own words, or "last_will" and "silent" where the aggregator concluded. why: the same as a
    sentence of the catalogue, None where there are only words. view: as the camera file says, None where it does
    not."""

    site: str
    id: str
    agent: str = ""
    name: str = ""
    location: Location | None = None
    state: ShownState = "unknown"
    fps_in: float = 0.0
    fps_analysed: float = 0.0
    last_frame_age_s: float | None = None
    last_seen: float | None = None
    reason: str = ""
    why: Sentence | None = None
    shown: float = 0.0
    view: View | None = None

    @property
    def key(self) -> CameraKey:
        return self.site, self.id


class Agent(Struct, frozen=True, kw_only=True, gc=False):
    """interval_s: how often it promises to report. will: the last status was "offline". since: when it came back last
    or, where it is away, went; 0 where it never did either. told: the highest number that it says it has given an event
    and handed over to the broker; 0 where it has not said since the aggregator began."""

    site: str
    id: str
    version: str = ""
    boot_id: str = ""
    config_hash: str = ""
    will: bool = False
    interval_s: float = DEFAULT_INTERVAL_S
    last_seen: float = 0.0
    silent: bool = False
    since: float = 0.0
    told: int = 0

    @property
    def key(self) -> AgentKey:
        return self.site, self.id

    @property
    def online(self) -> bool:
        return self.last_seen > 0 and not self.will and not self.silent


def placed(cameras: Iterable[Camera]) -> dict[CameraKey, Location]:
    """Where each is, of those that say so. What more than POLE cameras of a site name alike is the site's address and
    no camera's place: its radius says so."""
    standing = Standing()
    for camera in cameras:
        standing.put(camera)
    return standing.all()


class Standing:
    """The same for cameras that become known and move one by one: each costs no more than those at its point."""

    def __init__(self) -> None:
        self._told: dict[CameraKey, Location] = {}
        self._alike: dict[tuple[str, float, float], set[CameraKey]] = {}
        self._known: dict[CameraKey, Location] = {}
        """What was asked for, until it changes."""

    def put(self, camera: Camera) -> None:
        key, place = camera.key, camera.location
        before = self._told.pop(key, None)
        self._known.pop(key, None)
        if before is not None:
            point = key[0], before.lat, before.lon
            left = self._alike[point]
            left.remove(key)
            if not left:
                del self._alike[point]
            elif len(left) == POLE:
                self._ask_again(left)
        if place is not None:
            self._told[key] = place
            alike = self._alike.setdefault((key[0], place.lat, place.lon), set())
            alike.add(key)
            if len(alike) == POLE + 1:
                self._ask_again(alike)

    def of(self, site: str, camera: str) -> Location | None:
        key = site, camera
        known = self._known.get(key)
        if known is None and (place := self._told.get(key)) is not None:
            known = place
            if len(self._alike[key[0], place.lat, place.lon]) > POLE:
                known = replace(place, radius_m=max(place.radius_m, ADDRESS_M))
            self._known[key] = known
        return known

    def all(self) -> dict[CameraKey, Location]:
        return {key: place for key in self._told if (place := self.of(*key)) is not None}

    def _ask_again(self, keys: Iterable[CameraKey]) -> None:
        for key in keys:
            self._known.pop(key, None)


class Fleet:
    """Agents and cameras as they are now; each step returns the cameras to be shown anew. One thread.

    views: by camera. They come with the config alone: what a store remembers of them may be of an older one.
    """

    def __init__(self, views: Mapping[CameraKey, View] = MappingProxyType({})) -> None:
        self._views = views
        self.agents: dict[AgentKey, Agent] = {}
        self.cameras: dict[CameraKey, Camera] = {}
        self._of: dict[AgentKey, set[str]] = {}
        self._at: dict[str, set[str]] = {}
        self._standing = Standing()
        self.locate = self._standing.of
        """Asked with each event."""

    def count(self, site: str, agent: str | None) -> int:
        """How many cameras an agent is known to have, or the whole site."""
        return len(self._at.get(site, ()) if agent is None else self._of.get((site, agent), ()))

    def restore(self, camera: Camera) -> None:
        before = self.cameras.get(camera.key)
        if before is None or before.location != camera.location:
            self._standing.put(camera)
        if before is not None and before.agent != camera.agent:
            self._of.get((before.site, before.agent), set()).discard(before.id)
        self.cameras[camera.key] = replace(
            camera, view=self._views.get(camera.key), why=worded(camera.reason, camera.why)
        )
        self._at.setdefault(camera.site, set()).add(camera.id)
        if camera.agent:
            self._of.setdefault((camera.site, camera.agent), set()).add(camera.id)

    def heard(self, site: str, camera: str) -> float:
        """Since when the camera's agent has been heard without a break: inf while it is away; 0 where it never was, or
        never promised to report. See aggregator.core.linking.HeardSince."""
        known = self.cameras.get((site, camera))
        agent = self.agents.get((site, known.agent)) if known is not None else None
        if agent is None or not agent.last_seen:
            return 0.0
        return agent.since if agent.online else inf

    def status(self, site: str, agent: str, status: Status, now: float) -> list[Camera]:
        before = self._agent(site, agent)
        self.agents[site, agent] = replace(
            before,
            version=status.version,
            boot_id=status.boot_id,
            config_hash=status.config_hash,
            will=status.state == "offline",
            last_seen=now,
            silent=False,
            since=_since(before, status.state == "online", now),
        )
        if status.state == "online":
            return []
        return [shown for key in self._cameras_of(site, agent) if (shown := self._offline(key, now, "last_will"))]

    def health(self, site: str, agent: str, health: Health, now: float) -> list[Camera]:
        before = self._agent(site, agent)
        interval = health.interval_s or DEFAULT_INTERVAL_S
        # While something waits in its spool, what it has handed over is less than what it has numbered.
        told = before.told if health.host.spool_depth else health.host.last_sequence
        self.agents[site, agent] = replace(
            before,
            interval_s=interval,
            last_seen=now,
            silent=False,
            will=False,
            since=_since(before, True, now),
            told=told,
        )
        wrong = _wrong_clock(health.time, now)
        return [shown for report in health.cameras if (shown := self._reported(site, agent, report, now, wrong))]

    def event(self, event: Event, now: float) -> list[Camera]:
        """An event shows that its camera exists; what state it is in, only health tells."""
        data = event.data
        camera = self.cameras.get((data.site, data.camera))
        if camera is not None:
            if camera.last_seen is None or now - camera.last_seen >= SEEN_EVERY_S:
                self.cameras[camera.key] = replace(camera, last_seen=now)
            return []
        camera = Camera(
            site=data.site, id=data.camera, agent=event.agent, location=data.location, last_seen=now, shown=now
        )
        self.restore(camera)
        return [self.cameras[camera.key]]

    def tick(self, now: float) -> tuple[list[AgentKey], list[Camera]]:
        """Agents that have gone silent, and their cameras, but those that were offline before. Looks at each agent;
        call it every few seconds."""
        gone, shown = [], []
        for agent in list(self.agents.values()):
            if not agent.online or now - agent.last_seen <= SILENT_INTERVALS * agent.interval_s:
                continue
            self.agents[agent.key] = replace(agent, silent=True, since=now)
            gone.append(agent.key)
            shown += [one for key in self._cameras_of(*agent.key) if (one := self._offline(key, now, "silent"))]
        return gone, shown

    def _agent(self, site: str, agent: str) -> Agent:
        return self.agents.get((site, agent)) or Agent(site=site, id=agent)

    def _cameras_of(self, site: str, agent: str) -> list[CameraKey]:
        return [(site, camera) for camera in sorted(self._of.get((site, agent), ()))]

    def _offline(self, key: CameraKey, now: float, reason: str) -> Camera | None:
        camera = self.cameras[key]
        if camera.state == "offline":
            return None
        self.cameras[key] = replace(
            camera, state="offline", reason=reason, why=worded(reason), fps_in=0.0, fps_analysed=0.0, shown=now
        )
        return self.cameras[key]

    def _reported(
        self, site: str, agent: str, report: CameraHealth, now: float, wrong: Sentence | None
    ) -> Camera | None:
        """wrong: what is said of a camera that watches instead of its own words."""
        hampered = wrong is not None and report.state in ("online", "idle")
        why, reason = (wrong, english(wrong)) if hampered else (report.why, report.reason)
        before = self.cameras.get((site, report.camera)) or Camera(site=site, id=report.camera)
        after = replace(
            before,
            agent=agent,
            name=report.name or before.name,
            location=report.location or before.location,
            state=report.state,
            fps_in=report.fps_in,
            fps_analysed=report.fps_analysed,
            last_frame_age_s=report.last_frame_age_s,
            last_seen=now,
            reason=reason,
            why=why,
        )
        same = (before.state, before.reason, before.name, before.location, before.agent) == (
            after.state,
            after.reason,
            after.name,
            after.location,
            after.agent,
        )
        if same and now - before.shown < REFRESH_S:
            self.restore(after)
            return None
        after = replace(after, shown=now)
        self.restore(after)
        return self.cameras[after.key]


def _wrong_clock(said: datetime, now: float) -> Sentence | None:
    """In whole minutes, so that it is said anew only where it changes."""
    off_s = said.timestamp() - now
    if abs(off_s) <= CLOCK_WRONG_S:
        return None
    return sentence("camera.clock", off_s=60.0 * round(abs(off_s) / 60))


def _since(before: Agent, online: bool, now: float) -> float:
    """Of what it is from now on; who is heard for the first time was never away."""
    if not before.last_seen:
        return 0.0 if online else now
    return before.since if online == before.online else now
