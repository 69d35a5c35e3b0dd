"""What a camera is told to do: frozen values, made from TOML by edge_agent.config and used by the core as they are.

Zones and lines are in unit coordinates (0..1 of the frame, origin top left).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import ClassVar, Literal

from contract.events import Location
from contract.kinds import Severity
from edge_agent.core.decode_policy import DecodePolicy
from edge_agent.core.types import Point

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon of at least three points; the last joins the first."""

    id: str
    polygon: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A directed segment. Someone who walks along `start` to `end` has side "left" at the left hand *as seen in the
    picture*; a crossing from left to right is "forward", the other "backward"."""

    id: str
    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Window:
    """Local wall-clock time on some weekdays; begin == end is the whole day, begin > end runs past midnight
    (and belongs to the day it begins on). Minutes since midnight."""

    days: frozenset[Weekday]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule is armed; no windows: always."""

    windows: tuple[Window, ...] = ()
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Episodes:
    """How findings become episodes, the same for each rule (edge_agent.core.lifecycle), in seconds.

    min_duration_s: how long a finding must hold before it begins an episode. end_after_s: how long it must be absent
    before the episode ends. cooldown_s: how long after an end the same rule and key stay silent. update_every_s: how
    often a running episode is reported again.
    """

    min_duration_s: float = 1.0
    end_after_s: float = 3.0
    cooldown_s: float = 10.0
    update_every_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all rules have. A rule adds its `kind`, where it looks (`zone` or `line`) and what it can be told.

    id: unique within its camera. severity: None takes the kind's default. limits: the range of each number a rule adds,
    by its name; None is open on that side.
    """

    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {}

    id: str
    kind: str
    classes: tuple[str, ...] = ("person",)
    schedule: Schedule = Schedule()
    severity: Severity | None = None
    min_score: float = 0.0
    min_height: float = 0.0
    """Smallest box height counted, as a share of the frame's height."""
    episodes: Episodes = Episodes()

    @property
    def place(self) -> str | None:
        """The id of the zone or line; None: the whole picture, or the camera itself."""
        return getattr(self, "line", None) or getattr(self, "zone", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrusionRule(Rule):
    """Somebody stands in `zone`. One episode for the zone, however many they are."""

    zone: str
    kind: Literal["intrusion"] = "intrusion"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCrossingRule(Rule):
    """Somebody crosses `line`; each crossing is an episode of one moment."""

    line: str
    direction: Literal["any", "forward", "backward"] = "any"
    kind: Literal["line_crossing"] = "line_crossing"
    episodes: Episodes = Episodes(min_duration_s=0.0, end_after_s=0.0, cooldown_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoiteringRule(Rule):
    """Somebody stays in `zone` for `dwell_s`; a gap of up to `gap_s` in the track does not restart the clock."""

    zone: str
    dwell_s: float = 60.0
    gap_s: float = 2.0
    kind: Literal["loitering"] = "loitering"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdRule(Rule):
    """At least `count` stand in `zone`; over when fewer than `clear_below` do (None: four fifths of `count`). density:
    or that many persons a square metre, where the camera is calibrated."""

    zone: str | None = None
    count: int = 10
    clear_below: int | None = None
    density: float | None = None
    kind: Literal["crowd"] = "crowd"
    episodes: Episodes = Episodes(min_duration_s=3.0, end_after_s=10.0)
    limits: ClassVar[Mapping[str, tuple[float | None, float | None]]] = {
        "count": (1, 100_000),
        "clear_below": (1, 100_000),
        "density": (0.01, 20),
    }


@dataclass(frozen=True, slots=True)
class MotionSpec:
    """The gate before the detector: a pixel of the tiny luma has moved when it differs from the background by more than
    `threshold` grey levels; `min_area` is the share of such pixels that opens the gate, `hold_s` how long it stays
    open."""

    enabled: bool = True
    threshold: float = 12.0
    min_area: float = 0.001
    hold_s: float = 3.0
    refresh_s: float = 5.0
    """Even a still scene is looked at this often, unless it is the picture in which nobody was
    (edge_agent.core.motion.MOST_RARELY)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Four points on the ground: where the picture shows them (unit coordinates) and where they lie (metres, any
    origin, y at the left hand of x), in the same order."""

    image: tuple[Point, Point, Point, Point]
    ground: tuple[Point, Point, Point, Point]


CameraFault = Literal["covered", "defocused", "moved", "frozen"]
CAMERA_FAULTS: tuple[CameraFault, ...] = ("covered", "defocused", "moved", "frozen")


@dataclass(frozen=True, slots=True)
class TamperSpec:
    """When the camera itself is not to be trusted (edge_agent.core.camera_health).

    faults: which kinds are reported. ptz: an operator moves this camera, so `camera_moved` is only information.
    covered_share: of the view that shows nothing any more. sharpness: below this share of the usual one it is out of
    focus. shift: of the view, as a share of the picture's width. ..._after_s: how long it must be so.
    """

    enabled: bool = True
    faults: tuple[CameraFault, ...] = CAMERA_FAULTS
    ptz: bool = False
    covered_share: float = 0.35
    covered_after_s: float = 0.6
    sharpness: float = 0.7
    defocused_after_s: float = 3.0
    shift: float = 0.015
    moved_after_s: float = 1.0
    frozen_after_s: float = 6.0


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera. masks: privacy polygons in unit coordinates. fps: frames per second to analyse at most; under load
    not less than min_fps, but where even that is too much (edge_agent.core.fair_rate). substream: where it is watched
    live instead of `source`.

    loop: a finite source starts again when it ends (live only). stall_s: this long without a picture, a live stream
    counts as stalled. image_rate: frames per second of a folder of pictures whose names are no times.
    decode: "auto" decodes what is needed (edge_agent.core.decode_policy). keyframe_s: the longest keyframe interval at
    which a camera may rest. glance_s: how often it is looked at meanwhile, where its packets say that nothing has
    changed; 0: at each keyframe. crops: "auto" looks at parts of the picture where all rules allow it
    (edge_agent.core.crop_planner), "off" always at the whole.
    """

    id: str
    source: str
    name: str = ""
    location: Location | None = None
    fps: float = 5.0
    masks: tuple[tuple[Point, ...], ...] = ()
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    rules: tuple[Rule, ...] = ()
    motion: MotionSpec = field(default_factory=MotionSpec)
    tamper: TamperSpec = field(default_factory=TamperSpec)
    calibration: Calibration | None = None
    loop: bool = False
    stall_s: float = 10.0
    image_rate: float = 10.0
    min_fps: float = 1.0
    substream: str | None = None
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    decode: DecodePolicy = "auto"
    keyframe_s: float = 2.0
    glance_s: float = 4.0
    crops: Literal["auto", "off"] = "auto"

    @property
    def watched(self) -> str:
        """Where its pictures come from while it is watched live."""
        return self.substream or self.source


Runtime = Literal["auto", "openvino", "onnxruntime", "ultralytics"]
Precision = Literal["auto", "f32", "bf16", "int8"]
STRONG = 0.4
"""Score that begins a track, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """The detector of an agent's cameras.

    model: a name in models/manifest.toml. imgsz: the longer side the network sees, a multiple of 32; the shorter keeps
    the aspect, padded to one. confidence: detections below it are dropped. nms_iou: of two boxes of one class that
    overlap more than this, the weaker is dropped. classes: names to keep, None keeps all. threads: 0 lets the runtime
    choose. hint: "latency" answers one picture soonest, with all processors; "throughput" most pictures a second, each
    on a processor of its own; "auto" is throughput in a running agent, where many cameras ask, and latency elsewhere.
    precision: of the network's arithmetic; "auto" is bfloat16 with AMX, else 8-bit integers where the processor
    multiplies those natively and the model has such a network (what is no integer in it is then bfloat16 where that is
    native), else bfloat16 where it is native, else float32. For cameras with a rule that needs it
    (edge_agent.config_sections.EXACT), "auto" is float32, by a network of their own.
    """

    model: str = "yolov8n"
    runtime: Runtime = "auto"
    imgsz: int = 640
    confidence: float = STRONG
    nms_iou: float = 0.6
    classes: tuple[str, ...] | None = None
    threads: int = 0
    hint: Literal["auto", "latency", "throughput"] = "auto"
    precision: Precision = "auto"


@dataclass(frozen=True, slots=True)
class TrackerSpec:
    """How detections of one camera become tracks (ByteTrack, Zhang et al. 2022, arXiv:2110.06864).

    start: score from which a detection begins a track and is matched first; 0 takes the detector's confidence. floor:
    weaker detections, down to it, only continue a track; 0: none do. confirm: frames in a row before a track is
    reported (one frame alone never makes a track: 1 counts as 2). lost_s: how long an unseen track is remembered.
    min_iou: overlap of the predicted and the detected box that still joins them.
    """

    start: float = 0.0
    floor: float = 0.1
    confirm: int = 2
    lost_s: float = 1.5
    min_iou: float = 0.1


def for_tracking(detector: DetectorSpec, tracker: TrackerSpec) -> tuple[DetectorSpec, TrackerSpec]:
    """Both as they work together: the detector delivers down to the tracker's floor, and what `detector.confidence` was
    decides which detections begin a track."""
    start = tracker.start or detector.confidence
    floor = min(tracker.floor, start)
    return replace(detector, confidence=floor or start), replace(tracker, start=start, floor=floor)
