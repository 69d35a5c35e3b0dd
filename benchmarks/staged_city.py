"""A simulated city as if it had been watched until now: history in a store, with operators who act by a seeded plan,
cameras that go dark and come back, and stills that the simulator renders. For screenshots and for trying things out.

Nothing here was seen by a camera. What is served from it is the aggregator's own: events go through its service with a
clock that runs ahead, so that correlation, verdicts, suppression and the audit log are what they would have been.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from math import log
from pathlib import Path
from random import Random
from typing import Any

import cv2
import msgspec

from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.incident import TransitionRefused
from aggregator.core.load import LoadPolicy
from aggregator.core.ports import Message
from aggregator.core.precision import LearningPolicy
from aggregator.core.suppression import SuppressionPolicy
from aggregator.judges import Policies, SilenceWish
from contract import topics
from contract.codec import encode
from contract.events import Event, Evidence, Subject
from contract.ids import derived_uuid7
from contract.messages import CameraHealth, Health, HostHealth, Status
from simulator.city import City, build
from simulator.city_map import Camera
from simulator.scene import Scene, compose
from simulator.scenes import demo_scenes
from simulator.street import lit, paint
from tests.desks import Desk

OPERATORS = ("rina", "budi", "sari")
STEP_S = 10.0
STILLS_S = 5_400.0
"""How far back incidents have a picture: older ones would have lost it to retention on a small disk."""
ANSWER_S = {"critical": 28.0, "major": 80.0, "minor": 380.0, "info": 1_500.0}
"""Median time to the first answer; the targets are met by most and not by all."""
TRUE_WORDS = ("Petugas sudah di lokasi", "Dikonfirmasi lewat radio", "Ditangani Satpol PP", "Lalu lintas sudah lancar")
FALSE_WORDS = ("Bayangan", "Hujan di lensa", "Pedagang menata barang", "Pekerja taman")
INTERVAL_S = 600.0
BUSY_S = 600.0
"""At the end everybody has his hands full, so that something waits."""
Still = tuple[bytes, tuple[tuple[float, float, float, float], ...]]
"""JPEG, and the true boxes of who is in it (0..1 of the frame)."""


@dataclass
class Staged:
    """What was played. agents: (site, agent) to its cameras. dark: those that are without a picture at the end."""

    city: City
    agents: dict[tuple[str, str], list[str]]
    dark: dict[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def known(self) -> dict[tuple[str, str], Camera]:
        return {(camera.site, camera.id): camera for camera in self.city.cameras}

    @property
    def sites(self) -> list[str]:
        return sorted({camera.site for camera in self.city.cameras})

    def reports(self, now: datetime) -> Iterator[tuple[str, bytes, bool]]:
        """(topic, payload, retained) of what each agent says of itself."""
        for (site, agent), cameras in self.agents.items():
            boot = derived_uuid7(0, "staged", site, agent)
            status = Status(state="online", time=now, version="0.1.0", boot_id=boot, config_hash="5" * 16)
            yield topics.status(site, agent), encode(status), True
            yield topics.health(site, agent), encode(self.health(site, cameras, now)), False

    def health(self, site: str, cameras: list[str], now: datetime) -> Health:
        shown = []
        for camera in cameras:
            why, known = self.dark.get((site, camera)), self.known.get((site, camera))
            shown.append(
                CameraHealth(
                    camera=camera,
                    name=known.name if known else f"Pos {site}",
                    state="stalled" if why else "online",
                    location=known.location if known else None,
                    fps_in=0.0 if why else 10.0,
                    fps_analysed=0.0 if why else 4.9,
                    last_frame_age_s=180.0 if why else 0.2,
                    reason=why or "",
                )
            )
        host = HostHealth(cpu=0.4, memory=0.5, disk=0.3, spool_depth=0, clock_synchronised=True)
        return Health(time=now, interval_s=INTERVAL_S, cameras=tuple(shown), host=host)


def stage(
    folder: Path, now: datetime, *, seed: int = 7, cameras: int = 240, hours: float = 48.0, left: int = 5
) -> Staged:
    """Plays the city into `folder`/jaga.sqlite, up to `now`; `left` incidents still wait for somebody then, as far as
    there are so many."""
    city = replace(build(seed, cameras, hours), begin=now - timedelta(hours=hours))
    agents: dict[tuple[str, str], list[str]] = {}
    for camera in city.cameras:
        agents.setdefault((camera.site, camera.agent), []).append(camera.id)
    for event in city.events():
        post = agents.setdefault((event.data.site, event.agent), [])
        if event.data.camera not in post:  # a citizens' post is heard of when it tells something
            post.append(event.data.camera)
    staged = Staged(city, agents)
    folder.mkdir(parents=True, exist_ok=True)
    policies = Policies(SuppressionPolicy(), LearningPolicy(), LoadPolicy(operators=len(OPERATORS)))
    desk = Desk(folder, policy=CorrelationPolicy(), policies=policies, now=city.begin.timestamp())
    desk.open()
    try:
        _play(desk, staged, Random(seed), now.timestamp(), left)
    finally:
        desk.store.close()
    return staged


def _play(desk: Desk, staged: Staged, random: Random, end: float, left: int) -> None:
    crew = Crew(desk, random, {one for ids in staged.city.truth().values() for one in ids})
    began, stills = desk.now, Stills(random)
    arriving = zip((one.arrives for one in staged.city.deliveries), staged.city.events(), strict=True)
    waiting = [(began + arrives, event) for arrives, event in arriving]
    at, minute = 0, 0
    crowded = left > 100
    while desk.now < end:
        desk.now = min(end, desk.now + STEP_S)
        batch: list[Message] = []
        while at < len(waiting) and waiting[at][0] <= desk.now:
            batch += _messages(waiting[at][1], desk.now, end, stills)
            at += 1
        if batch:
            desk.service.handle(batch)
        desk.service.tick()
        if desk.now - began >= 60 * minute:
            _minute(desk, staged, random, minute, began)
            minute += 1
        if not crowded and end - desk.now > BUSY_S:
            crew.act()
    crew.leave(left)


def _messages(event: Event, now: float, end: float, stills: "Stills") -> list[Message]:
    data = event.data
    topic = topics.event(data.site, data.camera)
    if data.phase != "begin" or data.kind == "report" or event.time.timestamp() < end - STILLS_S:
        return [Message(topic, encode(event), now)]
    jpeg, boxes = stills.of(data.kind, data.camera, event.time)
    sha256 = hashlib.sha256(jpeg).hexdigest()
    picture = (Evidence(sha256=sha256, kind="snapshot", time=event.time),)
    subjects = data.subjects
    if subjects and subjects[0].cls == "person":  # who stands in the picture is no suitcase
        subjects = (Subject(cls="person", count=max(1, len(boxes)), boxes=boxes),)
    told = msgspec.structs.replace(event, data=msgspec.structs.replace(data, evidence=picture, subjects=subjects))
    return [
        Message(topic, encode(told), now),
        Message(topics.evidence(data.site, data.camera, event.id), jpeg, now),
    ]


def _minute(desk: Desk, staged: Staged, random: Random, minute: int, began: float) -> None:
    """Agents report; cameras go dark now and then, and come back; the aggregator was away for a while, once."""
    if not 300 <= minute < 312:
        desk.reports.alive(began if minute < 312 else began + 312 * 60, desk.now)
    keys = [(camera.site, camera.id) for camera in staged.city.cameras]
    changed = []
    if minute % 7 == 3 and len(staged.dark) < len(keys) // 12:
        key = random.choice(keys)
        staged.dark[key] = "no picture for 42 s"
        changed.append(key)
    for key in [key for key in staged.dark if random.random() < 1 / 75]:
        del staged.dark[key]
        changed.append(key)
    agents = set(staged.agents) if minute % 8 == 0 else {_agent(staged, key) for key in changed}
    now = datetime.fromtimestamp(desk.now, staged.city.begin.tzinfo)
    messages = [
        Message(topics.health(*key), encode(staged.health(key[0], staged.agents[key], now)), desk.now)
        for key in sorted(agents)
    ]
    if messages:
        desk.service.handle(messages)
    if minute == 30:
        site, camera = keys[0]
        until = desk.now + 3 * 86_400
        words = "Pengerjaan jalan sampai besok pagi"
        desk.service.silence(SilenceWish(actor="agus", reason=words, expires=until, site=site, camera=camera))


def _agent(staged: Staged, key: tuple[str, str]) -> tuple[str, str]:
    return next(agent for agent, cameras in staged.agents.items() if agent[0] == key[0] and key[1] in cameras)


class Crew:
    """Three operators who answer by a seeded plan; what was true they resolve, the rest they mostly call false."""

    def __init__(self, desk: Desk, random: Random, true: set[str]) -> None:
        self._desk, self._random, self._true = desk, random, true
        self._answers: dict[str, float] = {}
        self._ends: dict[str, float] = {}

    def act(self) -> None:
        now = self._desk.now
        for view in self._shown("open"):
            due = self._answers.setdefault(view["id"], now + self._delay(ANSWER_S[view["severity"]]))
            if now >= due:
                self._move(view, "acknowledged")
        for view in self._shown("acknowledged", "dispatched"):
            due = self._ends.setdefault(view["id"], now + self._delay(900.0))
            if now >= due:
                self._end(view)
            elif view["state"] == "acknowledged" and view["severity"] in ("critical", "major") and now >= due - 420:
                self._move(view, "dispatched")

    def leave(self, count: int) -> None:
        """So many are left: two in hand, the others waiting, the gravest first, of as many kinds as there are."""
        grave = ("info", "minor", "major", "critical")
        kept: list[str] = []
        waiting = self._shown("open")
        in_hand = self._shown("acknowledged", "dispatched")
        for views, most in ((in_hand, min(2, count)), (waiting, count)):
            views.sort(
                key=lambda view: (view["snapshot"] is not None, grave.index(view["severity"]), view["started"]),
                reverse=True,
            )
            kept += [view["id"] for view in _varied(views)][: most - len(kept)]
        waiting += in_hand
        suspected = self._shown("suspected")
        few = max(0, count - len(kept)) if count > 100 else min(3, count)
        for view in [*(one for one in waiting if one["id"] not in kept), *suspected[few:]]:
            self._end(view)
        self._desk.service.tick()

    def _shown(self, *states: str) -> list[dict[str, Any]]:
        views = self._desk.store.incident_views(states=states, limit=5_000)
        return [msgspec.json.decode(view) for _, view in views]

    def _delay(self, median_s: float) -> float:
        return median_s * self._random.lognormvariate(log(1.0), 0.8)

    def _end(self, view: dict[str, Any]) -> None:
        events = [msgspec.json.decode(raw)["id"] for raw, _, _ in self._desk.store.incident_events(view["id"])]
        true = any(event in self._true for event in events)
        if true or self._random.random() < 0.25:
            self._move(view, "resolved", self._random.choice(TRUE_WORDS))
        else:
            self._move(view, "false_alarm", self._random.choice(FALSE_WORDS))

    def _move(self, view: dict[str, Any], to: str, words: str = "") -> None:
        try:
            self._desk.transition(view["id"], to, self._random.choice(OPERATORS), words)  # type: ignore[arg-type]
        except TransitionRefused:
            return  # merged or closed since it was listed


def _varied(views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first of each kind before all others."""
    seen: set[str] = set()
    first, others = list[dict[str, Any]](), list[dict[str, Any]]()
    for view in views:
        (others if view["kind"] in seen else first).append(view)
        seen.add(view["kind"])
    return [*first, *others]


class Stills:
    """Pictures of streets by what happens in them; each is rendered once, and each use of it says where and when."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._scenes = demo_scenes(3)
        self._made: dict[tuple[int, int], tuple[Any, Any]] = {}

    def of(self, kind: str, label: str, time: datetime) -> Still:
        crowd = ("crowd", "brawl", "crowd_rush")
        choices = (2,) if kind in crowd else (3, 4) if kind in ("intrusion", "loitering") else (0, 1, 5, 6)
        scene = self._random.choice(choices)
        second = (
            self._random.choice((46, 48, 50, 52, 54)) if scene == 2 else self._random.choice((9, 12, 15, 30, 34, 38))
        )
        if (scene, second) not in self._made:
            self._made[scene, second] = _render(self._scenes[scene], float(second))
        image, boxes = self._made[scene, second]
        picture = image.copy()
        local = time + timedelta(hours=7)
        for at, words in enumerate((label, f"{local:%d-%m-%Y %H:%M:%S} WIB")):
            place = (18, 38 + 36 * at)
            for colour, width in (((0, 0, 0), 6), ((255, 255, 255), 2)):
                cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.95, colour, width, cv2.LINE_AA)
        return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]), boxes


def _render(scene: Scene, t: float) -> tuple[Any, tuple[Any, ...]]:
    backdrop = paint(scene.street, scene.ground, scene.seed)
    image, boxes = compose(scene, backdrop, t)
    height, width = image.shape[:2]
    size = (width, height, width, height)
    found = tuple(
        tuple(round(min(1.0, max(0.0, value / side)), 4) for value, side in zip(box.box, size, strict=True))
        for box in boxes
        if box.visible > 0.4
    )
    return lit(image, scene.street.light), found
