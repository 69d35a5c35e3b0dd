"""The table of anomaly kinds. A new kind is one entry here and its title in catalogue/kinds.json."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Severity = Literal["info", "minor", "major", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "minor", "major", "critical")


class Kind(StrEnum):
    INTRUSION = "intrusion"
    LINE_CROSSING = "line_crossing"
    LOITERING = "loitering"
    CROWD = "crowd"
    BRAWL = "brawl"
    CROWD_RUSH = "crowd_rush"
    ABANDONED_OBJECT = "abandoned_object"
    STOPPED_VEHICLE = "stopped_vehicle"
    WRONG_WAY = "wrong_way"
    CONGESTION = "congestion"
    SMOKE_FIRE = "smoke_fire"
    SCENE_CHANGE = "scene_change"
    SCENE_ANOMALY = "scene_anomaly"
    CAMERA_COVERED = "camera_covered"
    CAMERA_DEFOCUSED = "camera_defocused"
    CAMERA_MOVED = "camera_moved"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_LOST = "camera_lost"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class KindInfo:
    """What holds for a kind where nobody configured otherwise.

    window_s: seconds of event time that two events of one incident may lie apart; of two kinds the longer holds.
    radius_m: metres on the ground, from which a kind that aggregator.core.kinship does not know takes its extent; 0 for
    a camera's own faults. family: kinds of one family can tell of one incident.
    """

    severity: Severity
    radius_m: float
    window_s: float
    family: str

    @staticmethod
    def title_key(kind: Kind) -> str:
        return f"kind.{kind}"


KINDS: dict[Kind, KindInfo] = {
    Kind.INTRUSION: KindInfo("minor", 150, 120, "trespass"),
    Kind.LINE_CROSSING: KindInfo("info", 100, 60, "trespass"),
    Kind.LOITERING: KindInfo("minor", 100, 300, "trespass"),
    Kind.CROWD: KindInfo("minor", 300, 600, "people"),
    Kind.BRAWL: KindInfo("critical", 300, 300, "people"),
    Kind.CROWD_RUSH: KindInfo("major", 400, 300, "people"),
    Kind.ABANDONED_OBJECT: KindInfo("major", 50, 600, "object"),
    Kind.STOPPED_VEHICLE: KindInfo("minor", 150, 600, "traffic"),
    Kind.WRONG_WAY: KindInfo("major", 500, 120, "traffic"),
    Kind.CONGESTION: KindInfo("info", 500, 900, "traffic"),
    Kind.SMOKE_FIRE: KindInfo("critical", 300, 600, "fire"),
    Kind.SCENE_CHANGE: KindInfo("minor", 50, 600, "object"),
    Kind.SCENE_ANOMALY: KindInfo("info", 100, 120, "scene"),
    Kind.CAMERA_COVERED: KindInfo("major", 0, 600, "camera"),
    Kind.CAMERA_DEFOCUSED: KindInfo("minor", 0, 600, "camera"),
    Kind.CAMERA_MOVED: KindInfo("minor", 0, 600, "camera"),
    Kind.CAMERA_FROZEN: KindInfo("minor", 0, 600, "camera"),
    Kind.CAMERA_LOST: KindInfo("minor", 0, 600, "camera"),
    Kind.REPORT: KindInfo("minor", 300, 900, "report"),
}
