"""A made-up city as files: cameras.geojson, events.jsonl in the order they arrive, truth.jsonl. One seed, one city,
byte for byte."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from random import Random

import msgspec

from contract.errors import ConfigError
from contract.events import (
    Clock,
    Event,
    EventData,
    Location,
    Measure,
    Subject,
    Why,
    event_source,
    event_type,
    sequence_text,
    traceparent,
)
from contract.ids import derived_uuid7
from contract.kinds import KINDS, Kind
from simulator.city_map import Camera, geojson, to_location
from simulator.city_map import City as Map
from simulator.city_noise import noise
from simulator.city_profiles import PROFILES
from simulator.city_script import Day, Happening
from simulator.city_transport import Delivery, Transport, Watch

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC) - timedelta(hours=7)
"""Monday, 0:00 in Jakarta."""
MODEL = "simulated"
MAX_CAMERAS = 100_000
MAX_HOURS = 24 * 31

MEASURES: dict[Kind, tuple[str, float, str]] = {
    Kind.CROWD: ("in_zone", 10.0, ""),
    Kind.CROWD_RUSH: ("runners", 4.0, ""),
    Kind.BRAWL: ("brawl", 0.6, ""),
    Kind.LOITERING: ("dwell", 60.0, "s"),
    Kind.INTRUSION: ("in_zone", 1.0, ""),
    Kind.STOPPED_VEHICLE: ("stood", 60.0, "s"),
    Kind.WRONG_WAY: ("wrong_distance", 2.0, "lengths"),
    Kind.CONGESTION: ("slow_for", 30.0, "s"),
    Kind.ABANDONED_OBJECT: ("unattended", 60.0, "s"),
    Kind.SMOKE_FIRE: ("flame_area", 0.004, ""),
    Kind.SCENE_CHANGE: ("lasted", 20.0, "s"),
    Kind.SCENE_ANOMALY: ("rarity", 3.0, ""),
}
"""What the rules of an agent measure for a kind, as they name it: threshold and unit. A threshold of 1 and more without
a unit counts."""
MANY = 1_000
"""More than there ever are."""
SUBJECTS: dict[Kind, tuple[str, int]] = {
    **{kind: ("person", MANY) for kind, info in KINDS.items() if info.family in ("people", "trespass")},
    Kind.CONGESTION: ("car", MANY),
    Kind.STOPPED_VEHICLE: ("car", 1),
    Kind.WRONG_WAY: ("car", 1),
    Kind.ABANDONED_OBJECT: ("object", 1),
}
"""Whom or what a kind is told of: the class, and the most that an agent's rule tells of at once."""


@dataclass(frozen=True)
class City:
    """deliveries: in order of arrival; an event that is there twice was delivered twice."""

    seed: int
    begin: datetime
    cameras: tuple[Camera, ...]
    happenings: tuple[Happening, ...]
    deliveries: tuple[Delivery, ...]
    transport: Transport

    def events(self) -> Iterator[Event]:
        """As they arrive, made one by one: a large city is never held as objects."""
        for delivery in self.deliveries:
            yield self._event(delivery)

    def truth(self) -> dict[int, list[str]]:
        """The ids of those events that arrived, by the number of the happening they tell of."""
        truth: dict[int, dict[str, None]] = {}
        for delivery in self.deliveries:
            incident = delivery.sighting.incident
            if incident is not None:
                truth.setdefault(incident, {})[self._ids(delivery)[1]] = None
        return {number: list(ids) for number, ids in truth.items()}

    def time(self, seconds: float) -> datetime:
        return self.begin + timedelta(milliseconds=round(seconds * 1000))

    def _ids(self, one: Delivery) -> tuple[str, str]:
        """Of the episode, of the event."""
        started = self.time(one.sighting.moments[0].t)
        key = ("city", str(self.seed), str(one.episode))
        return derived_uuid7(_ms(started), *key), derived_uuid7(_ms(started), *key, str(one.number))

    def _event(self, one: Delivery) -> Event:
        seen, moment = one.sighting, one.moment
        watch = self.transport.watch(seen.agent)
        camera = seen.camera.id if seen.camera else f"{seen.site}-post"
        episode, identity = self._ids(one)
        time = self.time(moment.t + watch.ahead(moment.t))
        started = self.time(seen.moments[0].t + watch.ahead(seen.moments[0].t))
        data = EventData(
            camera=camera,
            site=seen.site,
            kind=seen.kind,
            phase=one.phase,
            episode=episode,
            started=started,
            ended=max(time, started) if one.phase == "end" else None,
            confidence=round(moment.confidence, 3),
            severity=KINDS[seen.kind].severity,
            zone=None if seen.camera is None else "jalan",
            location=_location(one),
            subjects=_subjects(seen.kind, moment.count),
            why=Why(
                rule=seen.kind,
                measures=_measures(seen.kind, moment.confidence),
                model=MODEL,
                config_hash=f"{self.seed & 0xFFFFFFFF:08x}",
            ),
            clock=_clock(watch, moment.t),
            delayed=one.delayed,
        )
        return Event(
            id=identity,
            source=event_source(seen.site, seen.agent, camera),
            type=event_type(seen.kind, one.phase),
            time=time,
            sequence=sequence_text(one.sequence),
            data=data,
            traceparent=traceparent(episode, identity),
        )


def build(seed: int, cameras: int, hours: float, profile: str = "weekday") -> City:
    """The city of `seed` on such a day. Raises ConfigError for a city without cameras or hours, or an unknown day."""
    if not 1 <= cameras <= MAX_CAMERAS:
        raise ConfigError("city.bad_value", option="--cameras", value=cameras, allowed=f"1..{MAX_CAMERAS}")
    if not 0 < hours <= MAX_HOURS:
        raise ConfigError("city.bad_value", option="--hours", value=hours, allowed=f"> 0, <= {MAX_HOURS}")
    if profile not in PROFILES:
        raise ConfigError("city.bad_value", option="--profile", value=profile, allowed=", ".join(PROFILES))
    day, seconds = PROFILES[profile], hours * 3600
    place = Map(cameras, Random(f"jaga-city-{seed}-map"))
    course = Day(place, day, Random(f"jaga-city-{seed}-{profile}-day"))
    course.play(seconds)
    false = noise(place, day, seconds, Random(f"jaga-city-{seed}-{profile}-noise"))
    transport = Transport(day, seconds, Random(f"jaga-city-{seed}-{profile}-transport"))
    deliveries = transport.deliver([*course.sightings, *false])
    begin = MIDNIGHT + timedelta(hours=day.hour)
    return City(seed, begin, tuple(place.cameras), tuple(course.happenings), tuple(deliveries), transport)


def write(city: City, folder: Path) -> int:
    """The three files; events are exactly the wire's objects, one a line. Returns how many true incidents they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    layout = msgspec.json.format(msgspec.json.encode(geojson(city.cameras)), indent=1)
    (folder / "cameras.geojson").write_bytes(layout + b"\n")
    encoder = msgspec.json.Encoder()
    with (folder / "events.jsonl").open("wb") as lines:
        lines.writelines(encoder.encode(event) + b"\n" for event in city.events())
    truth = city.truth()
    with (folder / "truth.jsonl").open("wb") as lines:
        for happening in city.happenings:
            if happening.number in truth:
                lines.write(encoder.encode(_truth(city, happening, truth[happening.number])) + b"\n")
    return len(truth)


def _truth(city: City, happening: Happening, events: list[str]) -> dict[str, object]:
    started = city.time(happening.started)
    return {
        "incident": derived_uuid7(_ms(started), "city-incident", str(happening.number)),
        "events": events,
        "kind": happening.kind,
        "started": started,
        "ended": city.time(happening.ended),
        "location": to_location(happening.spot, 30.0),
    }


def _location(one: Delivery) -> Location | None:
    """What the camera makes of it, else where the camera stands; a camera's own faults have no other place."""
    if one.moment.spot is not None:
        return to_location(one.moment.spot, one.moment.radius_m)
    return one.sighting.camera.location if one.sighting.camera else None


def _clock(watch: Watch, t: float) -> Clock:
    known = watch.ahead(t) * 1000 if watch.tells else 0.0
    return Clock(offset_ms=round(known, 1), synchronised=abs(watch.skew_s) < 0.3)


def _measures(kind: Kind, confidence: float) -> tuple[Measure, ...]:
    if kind not in MEASURES:
        return ()
    name, threshold, unit = MEASURES[kind]
    value = threshold * (0.6 + confidence)
    counted = not unit and threshold >= 1
    return (Measure(name=name, value=ceil(value) if counted else round(value, 4), threshold=threshold, unit=unit),)


def _subjects(kind: Kind, count: int) -> tuple[Subject, ...]:
    if kind not in SUBJECTS:
        return ()
    cls, most = SUBJECTS[kind]
    return (Subject(cls=cls, count=min(count, most)),)


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)
