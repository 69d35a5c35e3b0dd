"""Puts synthetic but valid traffic on a broker, to look at the page and for load: agents, cameras, events, pictures.

    python -m tests.e2e.feed --port 1883 --incidents 12            # and then keeps reporting health
    python -m tests.e2e.feed --port 1883 --incidents 500 --once

Nothing here was seen by a camera: every event is made up, seeded, and says so in its model.
"""

import argparse
import hashlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from contract import topics
from contract.codec import encode
from contract.events import (
    Clock,
    Event,
    EventData,
    Evidence,
    Location,
    Measure,
    Phase,
    Subject,
    Why,
    event_source,
    event_type,
    sequence_text,
)
from contract.ids import derived_uuid7
from contract.kinds import KINDS, Kind
from contract.messages import CameraHealth, Health, HostHealth, Status
from contract.sentence import english, sentence

MODEL = "synthetic"
CONFIG_HASH = "5eed5eed5eed5eed"
KINDS_SHOWN = (
    (Kind.INTRUSION, "person", 0.82),
    (Kind.BRAWL, "person", 0.74),
    (Kind.CROWD, "person", 0.9),
    (Kind.LOITERING, "person", 0.66),
    (Kind.LINE_CROSSING, "motorcycle", 0.88),
    (Kind.STOPPED_VEHICLE, "car", 0.79),
    (Kind.SMOKE_FIRE, "smoke", 0.71),
    (Kind.ABANDONED_OBJECT, "suitcase", 0.6),
    (Kind.CONGESTION, "car", 0.8),
    (Kind.CAMERA_COVERED, "camera", 0.95),
)


@dataclass(frozen=True)
class Place:
    site: str
    agent: str
    camera: str
    name: str
    location: Location


def places(count: int, rng: random.Random) -> list[Place]:
    """Cameras on a loose grid over Jakarta, 1.5 km apart, so that incidents at different ones stay apart."""
    side = max(1, int(count**0.5 + 0.999))
    made = []
    for index in range(count):
        row, column = divmod(index, side)
        lat = -6.30 + row * 0.0135 + rng.uniform(-1e-3, 1e-3)
        lon = 106.75 + column * 0.0135 + rng.uniform(-1e-3, 1e-3)
        site = f"site-{index // 4 + 1}"
        place = Location(lat=round(lat, 6), lon=round(lon, 6), radius_m=30)
        made.append(Place(site, f"edge-{index // 4 + 1}", f"cam-{index + 1}", f"Kamera {index + 1}", place))
    return made


class Events:
    """Makes events with gap-free numbers per agent."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def make(
        self,
        place: Place,
        kind: Kind,
        phase: Phase,
        started: datetime,
        when: datetime,
        *,
        cls: str = "person",
        confidence: float = 0.8,
        salt: str = "",
        sha256: str | None = None,
    ) -> Event:
        key = (place.site, place.agent)
        number = self._numbers[key] = self._numbers.get(key, 0) + 1
        started_ms, ms = int(started.timestamp() * 1000), int(when.timestamp() * 1000)
        episode = derived_uuid7(started_ms, "feed", place.site, place.camera, kind, salt)
        picture = (Evidence(sha256=sha256, kind="snapshot", time=when),) if sha256 else ()
        return Event(
            id=derived_uuid7(ms, "feed", episode, phase, str(ms)),
            source=event_source(place.site, place.agent, place.camera),
            type=event_type(kind, phase),
            time=when,
            sequence=sequence_text(number),
            data=EventData(
                camera=place.camera,
                site=place.site,
                kind=kind,
                phase=phase,
                episode=episode,
                started=started,
                ended=when if phase == "end" else None,
                confidence=confidence,
                severity=KINDS[kind].severity,
                zone="yard",
                location=place.location,
                subjects=(Subject(cls=cls, count=1 + number % 4, boxes=((0.4, 0.35, 0.52, 0.8),)),),
                why=Why(
                    rule=f"{kind.replace('_', '-')}-yard",
                    measures=(Measure(name="longest_stay", value=3.4, threshold=1.0, unit="s"),),
                    model=MODEL,
                    config_hash=CONFIG_HASH,
                ),
                evidence=picture,
                clock=Clock(offset_ms=2.0, synchronised=True),
            ),
        )


def picture(place: Place, kind: Kind, rng: random.Random) -> bytes:
    """A painted street with a grey figure, as JPEG."""
    image = np.full((540, 960, 3), (70, 74, 78), np.uint8)
    image[:220] = (150, 140, 120)
    cv2.fillPoly(image, [np.array([[0, 540], [330, 220], [630, 220], [960, 540]], np.int32)], (58, 58, 60))
    x = rng.randrange(200, 760)
    cv2.ellipse(image, (x, 390), (26, 70), 0, 0, 360, (40, 90, 160), -1)
    cv2.circle(image, (x, 300), 20, (140, 150, 170), -1)
    cv2.putText(
        image, f"{place.camera} {kind} (synthetic)", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 2
    )
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1])


def traffic(count: int, seed: int, now: datetime, cameras: list[Place]) -> Iterator[tuple[Event, bytes | None]]:
    """`count` incidents, each begin and update and for half of them end, with the picture of the begin."""
    rng = random.Random(seed)
    events = Events()
    for index in range(count):
        place = cameras[index % len(cameras)]
        kind, cls, confidence = KINDS_SHOWN[index % len(KINDS_SHOWN)]
        confidence = round(min(1.0, max(0.2, confidence + rng.uniform(-0.25, 0.1))), 3)
        started = now - timedelta(seconds=240 - 200 * index / max(1, count))
        jpeg = picture(place, kind, rng)
        sha256 = hashlib.sha256(jpeg).hexdigest()
        common = {"cls": cls, "salt": str(index)}
        begin = events.make(
            place,
            kind,
            "begin",
            started,
            started + timedelta(seconds=1),
            confidence=confidence,
            sha256=sha256,
            **common,
        )
        yield begin, jpeg
        yield (
            events.make(
                place, kind, "update", started, started + timedelta(seconds=11), confidence=confidence, **common
            ),
            None,
        )
        if index % 2:
            yield (
                events.make(
                    place, kind, "end", started, started + timedelta(seconds=20), confidence=confidence, **common
                ),
                None,
            )


class Publisher:
    """A plain MQTT 3.1.1 client that publishes with QoS 1 and waits until all is acknowledged."""

    def __init__(self, host: str, port: int, client_id: str = "") -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.max_inflight_messages_set(1000)
        up = threading.Event()
        self._client.on_connect = lambda *_: up.set()
        self._client.connect(host, port)
        self._client.loop_start()
        if not up.wait(10):
            raise TimeoutError(f"no MQTT connection to {host}:{port}")
        self._last: list[paho.MQTTMessageInfo] = []

    def put(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        self._last.append(self._client.publish(topic, payload, qos, retain))

    def event(self, event: Event, jpeg: bytes | None = None) -> None:
        data = event.data
        self.put(topics.event(data.site, data.camera), encode(event))
        if jpeg is not None:
            self.put(topics.evidence(data.site, data.camera, event.id), jpeg)

    def wait(self, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        for info in self._last:
            info.wait_for_publish(max(0.0, deadline - time.monotonic()))
            if not info.is_published():
                raise TimeoutError("the broker did not acknowledge everything")
        self._last.clear()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def report(publisher: Publisher, cameras: list[Place], interval_s: float) -> None:
    """Status and health of every agent; the third camera of each has no picture."""
    now = datetime.now(UTC)
    for site, agent in sorted({(place.site, place.agent) for place in cameras}):
        boot = derived_uuid7(0, "feed", site, agent)
        status = Status(state="online", time=now, version="0.1.0", boot_id=boot, config_hash=CONFIG_HASH)
        publisher.put(topics.status(site, agent), encode(status), retain=True)
        own = [place for place in cameras if (place.site, place.agent) == (site, agent)]
        silent = sentence("camera.no_picture", silent_s=42.0)
        health = Health(
            time=now,
            interval_s=interval_s,
            cameras=tuple(
                CameraHealth(
                    camera=place.camera,
                    name=place.name,
                    state="stalled" if index == 2 else "idle" if index == 3 else "online",
                    location=place.location,
                    fps_in=0.0 if index == 2 else 10.0,
                    fps_analysed=0.0 if index == 2 else 4.9,
                    last_frame_age_s=42.0 if index == 2 else 0.2,
                    reason=english(silent) if index == 2 else "",
                    why=silent if index == 2 else None,
                )
                for index, place in enumerate(own)
            ),
            host=HostHealth(cpu=0.4, memory=0.5, disk=0.3, spool_depth=0, clock_synchronised=True),
        )
        publisher.put(topics.health(site, agent), encode(health), qos=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--incidents", type=int, default=12)
    parser.add_argument("--cameras", type=int, default=0, help="default: one per incident, at most 100")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", action="store_true", help="do not go on reporting health")
    args = parser.parse_args()
    cameras = places(args.cameras or max(4, min(100, args.incidents)), random.Random(args.seed))
    publisher = Publisher(args.host, args.port)
    report(publisher, cameras, 10)
    for event, jpeg in traffic(args.incidents, args.seed, datetime.now(UTC), cameras):
        publisher.event(event, jpeg)
    publisher.wait()
    while not args.once:
        time.sleep(10)
        report(publisher, cameras, 10)
        publisher.wait()
    publisher.close()


if __name__ == "__main__":
    main()
