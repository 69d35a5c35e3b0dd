"""One valid message of each type, for tests that bend them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from contract.events import (
    Clock,
    Event,
    EventData,
    Evidence,
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
from contract.kinds import Kind
from contract.messages import (
    CameraHealth,
    Command,
    ConfigDesired,
    ConfigReported,
    Health,
    HostHealth,
    Reply,
    Status,
)

NOW = datetime(2026, 5, 17, 22, 14, 3, 250_000, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
EPISODE = derived_uuid7(NOW_MS, "sample", "episode")
CONFIG_HASH = "0123456789abcdef"


def sample_event() -> Event:
    """The begin of an intrusion, every optional field filled."""
    id_ = derived_uuid7(NOW_MS, "sample", "event")
    return Event(
        id=id_,
        source=event_source("manggarai", "edge-1", "gate-north"),
        type=event_type(Kind.INTRUSION, "begin"),
        time=NOW,
        sequence=sequence_text(42),
        traceparent=traceparent(EPISODE, id_),
        subject="gate-north",
        data=EventData(
            camera="gate-north",
            site="manggarai",
            kind=Kind.INTRUSION,
            phase="begin",
            episode=EPISODE,
            started=NOW - timedelta(seconds=2),
            confidence=0.87,
            severity="minor",
            zone="yard",
            location=Location(lat=-6.2102, lon=106.8502, radius_m=25.0),
            subjects=(Subject(cls="person", count=2, boxes=((0.1, 0.2, 0.3, 0.9), (0.5, 0.25, 0.625, 1.0))),),
            why=Why(
                rule="intrusion-yard",
                measures=(Measure(name="longest_stay", value=2.0, threshold=1.0, unit="s"),),
                model="yolov8n/openvino",
                config_hash=CONFIG_HASH,
            ),
            evidence=(Evidence(sha256="ab" * 32, kind="snapshot", time=NOW),),
            clock=Clock(offset_ms=-3.5, synchronised=True),
        ),
    )


def sample_messages() -> dict[str, msgspec.Struct]:
    """One of each JSON message, by the channel it travels on."""
    command_id = derived_uuid7(NOW_MS, "sample", "command")
    host = HostHealth(cpu=0.4, memory=0.5, disk=0.1, spool_depth=3, clock_offset_ms=1.5, clock_synchronised=True)
    camera = CameraHealth(camera="gate-north", state="online", fps_in=10.0, fps_analysed=5.0, last_frame_age_s=0.2)
    return {
        "status": Status(
            state="online",
            time=NOW,
            version="0.1.0",
            boot_id=derived_uuid7(NOW_MS, "sample", "boot"),
            config_hash=CONFIG_HASH,
        ),
        "health": Health(time=NOW, interval_s=10.0, cameras=(camera,), host=host),
        "event": sample_event(),
        "config/desired": ConfigDesired(config_hash=CONFIG_HASH, toml="[agent]\n", issued=NOW, signature="c2ln"),
        "config/reported": ConfigReported(config_hash=CONFIG_HASH, outcome="applied", time=NOW),
        "command": Command(id=command_id, name="snapshot", issued=NOW, expires=NOW + timedelta(minutes=1)),
        "reply": Reply(id=command_id, ok=True, time=NOW, result={"bytes": 1024}),
    }


def as_json(message: msgspec.Struct) -> dict[str, Any]:
    """The message as the plain objects a foreign reader would see."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message))
    return document
