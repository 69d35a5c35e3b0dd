"""The sections of an edge config as frozen values, and which numbers each key allows."""

from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import Literal, NamedTuple

from edge_agent.core.spec import CameraSpec, DetectorSpec, TrackerSpec


@dataclass(frozen=True, slots=True)
class AgentSection:
    """site, id: the agent's place in every topic. data_dir: where the spool lies. timezone: of schedules (IANA)."""

    site: str
    id: str
    data_dir: Path = Path("data")
    timezone: str = "Asia/Jakarta"


@dataclass(frozen=True, slots=True)
class MqttSection:
    """The broker. The password is read from `password_file` (first line) when connecting and stands in no config.

    version: "auto" tries MQTT 5 and falls back to 3.1.1 where the broker refuses it. tls: on where `tls_ca` is given.
    in_flight: how many messages wait for their acknowledgement at most.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password_file: Path | None = None
    tls: bool = False
    tls_ca: Path | None = None
    version: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: int = 20
    session_expiry_s: int = 7 * 86_400
    in_flight: int = 64
    delayed_after_s: float = 10.0


@dataclass(frozen=True, slots=True)
class EvidenceSection:
    """snapshots: whether pictures leave the edge at all. blur: "people" makes everybody unrecognisable first.

    max_side: pixels of the longer side. quality: JPEG, 1-100. clip_before_s, clip_after_s: what is kept on this host
    around the begin of each event, to be sent when somebody asks; both 0: nothing. clip_keep_hours: for how long.
    clip_max_mb: of all clips together.
    """

    snapshots: bool = True
    blur: Literal["people", "none"] = "people"
    max_side: int = 960
    quality: int = 80
    clip_before_s: float = 8.0
    clip_after_s: float = 12.0
    clip_keep_hours: float = 24.0
    clip_max_mb: float = 512.0

    @property
    def blurs(self) -> bool:
        """Whether the detector has to find people so that pictures may leave."""
        return self.snapshots and self.blur == "people"


@dataclass(frozen=True, slots=True)
class SpoolSection:
    """max_mb: of all messages together. keep_hours: how long what the broker has acknowledged can be sent again."""

    max_mb: float = 512.0
    keep_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class HealthSection:
    interval_s: float = 5.0


EXACT = frozenset({"brawl", "stopped_vehicle"})
"""Kinds that need a network in float32. `brawl` reads how the network's own map changes, and was trained so: with
integers a third of that change is rounding. `stopped_vehicle` lives on who is who among boxes that lie in each other,
where cars stand close or have crashed, and that turns on hundredths of a score."""


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """A whole config file. config_hash: 16 hex digits of the SHA-256 of its content, layout and comments left out."""

    file: Path
    agent: AgentSection
    timezone: tzinfo
    config_hash: str
    mqtt: MqttSection | None = None
    detector: DetectorSpec = field(default_factory=DetectorSpec)
    tracker: TrackerSpec = field(default_factory=TrackerSpec)
    evidence: EvidenceSection = EvidenceSection()
    spool: SpoolSection = SpoolSection()
    health: HealthSection = HealthSection()
    cameras: tuple[CameraSpec, ...] = ()

    def network_of(self, camera: CameraSpec) -> DetectorSpec:
        """The detector that looks at this camera: "auto" is float32 where one of its rules needs that."""
        return replace(self.detector, precision="f32") if self.exact(camera) else self.detector

    def exact(self, camera: CameraSpec) -> tuple[str, ...]:
        """Which of its rules are why "auto" is float32 for this camera."""
        kinds = EXACT & {rule.kind for rule in camera.rules}
        return tuple(sorted(kinds)) if self.detector.precision == "auto" else ()


class Range(NamedTuple):
    """Closed interval; None is open on that side."""

    low: float | None
    high: float | None

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, int | float)
            and (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
        )

    def __str__(self) -> str:
        if self.high is None:
            return f">= {self.low:.10g}" if self.low is not None else "any number"
        return f"{self.low:.10g} .. {self.high:.10g}" if self.low is not None else f"<= {self.high:.10g}"


UNIT = Range(0, 1)
NON_NEGATIVE = Range(0, None)

LIMITS: dict[str, Range] = {
    "MqttSection.port": Range(1, 65_535),
    "MqttSection.keepalive_s": Range(2, 3_600),
    "MqttSection.session_expiry_s": Range(0, 4_294_967_295),
    "MqttSection.in_flight": Range(1, 1_000),
    "EvidenceSection.max_side": Range(64, 8_192),
    "EvidenceSection.quality": Range(1, 100),
    "EvidenceSection.clip_before_s": Range(0, 30),
    "EvidenceSection.clip_after_s": Range(0, 30),
    "EvidenceSection.clip_keep_hours": Range(0, 8_760),
    "EvidenceSection.clip_max_mb": Range(1, 1_000_000),
    "SpoolSection.max_mb": Range(1, 1_000_000),
    "SpoolSection.keep_hours": Range(0, 8_760),
    "HealthSection.interval_s": Range(0.2, 3_600),
    "DetectorSpec.imgsz": Range(32, 4_096),
    "DetectorSpec.confidence": Range(0.001, 0.999),
    "DetectorSpec.nms_iou": Range(0.001, 1),
    "DetectorSpec.threads": Range(0, 1_024),
    "TrackerSpec.start": Range(0, 0.999),
    "TrackerSpec.floor": Range(0, 0.999),
    "TrackerSpec.min_iou": Range(0.001, 0.999),
    "TrackerSpec.confirm": Range(1, 1_000),
    "CameraSpec.fps": Range(0.01, 240),
    "CameraSpec.min_fps": Range(0.01, 240),
    "CameraSpec.keyframe_s": Range(0, 10),
    "CameraSpec.glance_s": Range(0, 10),
    "CameraSpec.stall_s": Range(0.5, 3_600),
    "CameraSpec.image_rate": Range(0.001, 240),
    "Location.lat": Range(-90, 90),
    "Location.lon": Range(-180, 180),
    "Location.radius_m": Range(0, 100_000),
    "MotionSpec.threshold": Range(0, 255),
    "MotionSpec.min_area": UNIT,
    "TamperSpec.covered_share": Range(0.05, 1),
    "TamperSpec.sharpness": Range(0.05, 0.95),
    "TamperSpec.shift": Range(0.005, 0.5),
    "Rule.min_score": UNIT,
    "Rule.min_height": UNIT,
}
"""What a number may be, by section and key; durations ("..._s") that are not listed must not be negative. Rules bring
their own (edge_agent.core.spec.Rule.limits)."""


def limit(owner: type, key: str) -> Range | None:
    """The range of `key` in section type `owner`, or None where any finite number is allowed."""
    for cls in owner.__mro__:
        if (found := LIMITS.get(f"{cls.__name__}.{key}")) is not None:
            return found
        if (own := vars(cls).get("limits", {}).get(key)) is not None:
            return Range(*own)
    return NON_NEGATIVE if key.endswith("_s") else None
