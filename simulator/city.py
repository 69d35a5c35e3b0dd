"""A made-up city as files: cameras.geojson, events.jsonl in the order they arrive, truth.jsonl. One seed, one city,
byte for byte."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec

from contract import codec
from contract.errors import ConfigError
from contract.events import (
    Clock,
    Event,
    EventData,
    Measure,
    Phase,
    Subject,
    Why,
    event_source,
    event_type,
    sequence_text,
    traceparent,
)
from contract.ids import derived_uuid7
from contract.kinds import KINDS, Kind
from simulator.city_map import Camera, geojson, place_cameras
from simulator.city_script import Happening, Sighting, play

BEGIN = datetime(2026, 1, 5, 11, 0, tzinfo=UTC)
"""Monday, six in the evening in Jakarta."""
MODEL = "simulated"
OUTAGES_PER_AGENT_HOUR = 0.05
REDELIVERED = 0.005
"""Share of events that arrive twice, as at-least-once delivery allows."""
MAX_CAMERAS = 20_000

MEASURES: dict[Kind, tuple[str, float, str]] = {
    Kind.CROWD: ("people", 10.0, ""),
    Kind.CROWD_RUSH: ("speed", 2.5, "m/s"),
    Kind.BRAWL: ("score", 0.6, ""),
    Kind.LOITERING: ("dwell", 60.0, "s"),
    Kind.INTRUSION: ("people", 1.0, ""),
    Kind.STOPPED_VEHICLE: ("stopped", 60.0, "s"),
    Kind.CONGESTION: ("occupancy", 0.7, ""),
    Kind.ABANDONED_OBJECT: ("alone", 60.0, "s"),
}
SUBJECTS: dict[str, str] = {"people": "person", "trespass": "person", "traffic": "car", "object": "suitcase"}
"""What a kind's family is seen doing: the class of the subject."""


@dataclass(frozen=True, slots=True)
class City:
    """events: (arrival, event), in order of arrival; an id that comes twice was delivered twice."""

    cameras: tuple[Camera, ...]
    happenings: tuple[Happening, ...]
    events: tuple[Event, ...]
    truth: dict[int, tuple[str, ...]]


def build(seed: int, cameras: int, hours: float) -> City:
    """The city of `seed`. Raises ConfigError for a city without cameras or hours."""
    if not 1 <= cameras <= MAX_CAMERAS:
        raise ConfigError("city.bad_value", option="--cameras", value=cameras, allowed=f"1..{MAX_CAMERAS}")
    if not 0 < hours <= 24 * 31:
        raise ConfigError("city.bad_value", option="--hours", value=hours, allowed="0..744")
    random = Random(f"jaga-city-{seed}")
    placed = place_cameras(cameras, random)
    happenings, sightings = play(placed, hours * 3600, random)
    drafts = [draft for number, item in enumerate(sightings) for draft in _events(seed, number, item, random)]
    truth: dict[int, list[str]] = {}
    for number, event in drafts:
        if number is not None:
            truth.setdefault(number, []).append(event.id)
    events = _delivered([event for _, event in drafts], hours * 3600, random)
    return City(placed, tuple(happenings), tuple(events), {number: tuple(ids) for number, ids in truth.items()})


def write(city: City, folder: Path) -> None:
    """The three files; events are exactly the wire's objects, one a line."""
    folder.mkdir(parents=True, exist_ok=True)
    layout = msgspec.json.format(msgspec.json.encode(geojson(city.cameras)), indent=1)
    (folder / "cameras.geojson").write_bytes(layout + b"\n")
    with (folder / "events.jsonl").open("wb") as lines:
        for event in city.events:
            lines.write(codec.encode(event) + b"\n")
    with (folder / "truth.jsonl").open("wb") as lines:
        for happening in city.happenings:
            lines.write(msgspec.json.encode(_truth(city, happening)) + b"\n")


def _truth(city: City, happening: Happening) -> dict[str, object]:
    started = _time(happening.started)
    return {
        "incident": derived_uuid7(_ms(started), "city-incident", str(happening.number)),
        "events": city.truth[happening.number],
        "kind": happening.kind,
        "started": started,
        "ended": _time(happening.ended),
        "location": happening.place,
    }


def _events(seed: int, number: int, seen: Sighting, random: Random) -> list[tuple[int | None, Event]]:
    """An episode's begin, updates and end."""
    started, ended = _time(seen.started), _time(seen.ended)
    episode = derived_uuid7(_ms(started), "city", str(seed), str(number))
    steps = seen.updates + 1
    moments: list[tuple[Phase, datetime]] = [("begin", started)]
    length = seen.ended - seen.started
    moments += [("update", _time(seen.started + length * step / steps)) for step in range(1, steps)]
    moments.append(("end", ended))
    events = []
    for phase, time in moments:
        confidence = min(0.99, max(0.3, seen.confidence + random.uniform(-0.05, 0.05)))
        events.append((seen.incident, _event(seed, number, seen, episode, phase, time, confidence, random)))
    return events


def _event(
    seed: int,
    number: int,
    seen: Sighting,
    episode: str,
    phase: Phase,
    time: datetime,
    confidence: float,
    random: Random,
) -> Event:
    camera = seen.camera.id if seen.camera else f"{seen.site}-post"
    agent = seen.camera.agent if seen.camera else f"{seen.site}-desk"
    identity = derived_uuid7(_ms(time), "city", str(seed), str(number), phase, time.isoformat())
    data = EventData(
        camera=camera,
        site=seen.site,
        kind=seen.kind,
        phase=phase,
        episode=episode,
        started=_time(seen.started),
        ended=time if phase == "end" else None,
        confidence=round(confidence, 3),
        severity=KINDS[seen.kind].severity,
        zone=None if seen.camera is None else "whole",
        location=seen.place,
        subjects=_subjects(seen.kind, random),
        why=Why(
            rule=seen.kind, measures=_measures(seen.kind, random), model=MODEL, config_hash=f"{seed & 0xFFFFFFFF:08x}"
        ),
        clock=Clock(offset_ms=round(random.gauss(0, 20), 1), synchronised=True),
    )
    return Event(
        id=identity,
        source=event_source(seen.site, agent, camera),
        type=event_type(seen.kind, phase),
        time=time,
        sequence=sequence_text(0),
        data=data,
        traceparent=traceparent(episode, identity),
    )


def _why(seed: int, kind: Kind, random: Random) -> Why:
    return Why(rule=kind, measures=_measures(kind, random), model=MODEL, config_hash=f"{seed & 0xFFFFFFFF:08x}")


def _measures(kind: Kind, random: Random) -> tuple[Measure, ...]:
    if kind not in MEASURES:
        return ()
    name, threshold, unit = MEASURES[kind]
    return (Measure(name=name, value=round(threshold * random.uniform(1.0, 1.8), 2), threshold=threshold, unit=unit),)


def _subjects(kind: Kind, random: Random) -> tuple[Subject, ...]:
    cls = SUBJECTS.get(KINDS[kind].family)
    if cls is None:
        return ()
    return (Subject(cls=cls, count=random.randint(10, 40) if KINDS[kind].family == "people" else 1),)


def _delivered(events: list[Event], seconds: float, random: Random) -> list[Event]:
    """Numbers each agent's events without gaps in the order it made them, then lets them arrive: most within two
    seconds, those made while the agent's uplink was down after it, marked delayed, and some twice."""
    outages = _outages({event.source.split("/")[2] for event in events}, seconds, random)
    made: dict[str, int] = {}
    arrivals: list[tuple[datetime, int, Event]] = []
    for event in sorted(events, key=lambda item: item.time):
        agent = event.agent
        made[agent] = made.get(agent, 0) + 1
        arrival = event.time + timedelta(milliseconds=random.randint(80, 2_000))
        delayed = False
        for begin, end in outages.get(agent, ()):
            if begin <= event.time < end:
                arrival, delayed = end + timedelta(milliseconds=20 * made[agent] % 5_000), True
        sent = msgspec.structs.replace(
            event,
            sequence=sequence_text(made[agent]),
            data=msgspec.structs.replace(event.data, delayed=delayed),
        )
        arrivals.append((arrival, len(arrivals), sent))
        if random.random() < REDELIVERED:
            arrivals.append((arrival + timedelta(seconds=random.randint(1, 20)), len(arrivals), sent))
    return [event for _, _, event in sorted(arrivals, key=lambda item: item[:2])]


def _outages(agents: set[str], seconds: float, random: Random) -> dict[str, list[tuple[datetime, datetime]]]:
    """Spans in which an agent could not send."""
    outages: dict[str, list[tuple[datetime, datetime]]] = {}
    for agent in sorted(agents):
        begin = random.expovariate(OUTAGES_PER_AGENT_HOUR / 3600)
        while begin < seconds:
            end = begin + random.uniform(120, 1_200)
            outages.setdefault(agent, []).append((_time(begin), _time(end)))
            begin = end + random.expovariate(OUTAGES_PER_AGENT_HOUR / 3600)
    return outages


def _time(seconds: float) -> datetime:
    return BEGIN + timedelta(milliseconds=round(seconds * 1000))


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)
