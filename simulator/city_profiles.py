"""What kind of day it is: how often what happens, how much is false, and how well things travel."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Profile:
    """hour: of the day at the beginning, Jakarta. per_camera_h: true incidents. scripts: weights by name; names that
    are missing do not happen. crowding: share of the incidents that keep to a few districts. reports: how eager people
    are to tell. noise: times the cameras' usual false alarms. bursts, rains: per camera and hour, per district and
    hour. outages: per agent and hour. flapping: share of the cameras that come and go."""

    hour: int
    per_camera_h: float
    scripts: dict[str, float]
    crowding: float = 0.2
    reports: float = 1.0
    pranks: float = 0.1
    noise: float = 1.0
    bursts: float = 0.01
    rains: float = 0.0
    outages: float = 0.03
    flapping: float = 0.01
    false_kinds: dict[str, float] = field(default_factory=dict)


_FALSE = {
    "intrusion": 4.0,
    "loitering": 3.0,
    "crowd": 2.0,
    "scene_anomaly": 2.0,
    "stopped_vehicle": 2.0,
    "line_crossing": 2.0,
    "abandoned_object": 1.0,
    "brawl": 0.7,
    "smoke_fire": 0.5,
}

PROFILES: dict[str, Profile] = {
    "quiet-night": Profile(
        hour=1,
        per_camera_h=0.03,
        scripts={"intrusion": 4, "loitering": 3, "theft": 2, "sabotage": 2, "fire": 1, "stopped": 1, "fault": 1},
        reports=0.5,
        noise=1.5,
        bursts=0.03,
        false_kinds=_FALSE | {"intrusion": 9.0, "line_crossing": 5.0},
    ),
    "weekday": Profile(
        hour=15,
        per_camera_h=0.08,
        scripts={
            "jam": 3,
            "stopped": 3,
            "loitering": 2,
            "crowd": 2,
            "theft": 1.5,
            "brawl": 1,
            "object": 1,
            "fault": 1,
            "intrusion": 1,
            "wrong_way": 0.7,
            "fire": 0.5,
            "water": 0.5,
            "sabotage": 0.5,
            "twins": 0.3,
        },
        false_kinds=_FALSE,
    ),
    "market-day": Profile(
        hour=8,
        per_camera_h=0.1,
        scripts={"crowd": 4, "theft": 3, "object": 2, "loitering": 2, "brawl": 1, "stopped": 3, "fire": 0.7, "jam": 2},
        crowding=0.4,
        noise=1.3,
        false_kinds=_FALSE | {"crowd": 6.0, "abandoned_object": 3.0},
    ),
    "demonstration": Profile(
        hour=12,
        per_camera_h=0.1,
        scripts={"crowd": 5, "brawl": 4, "twins": 2, "jam": 2, "fire": 1, "sabotage": 1, "stopped": 1, "theft": 1},
        crowding=0.6,
        reports=1.5,
        noise=1.2,
        outages=0.06,
        false_kinds=_FALSE | {"crowd": 4.0, "brawl": 2.0},
    ),
    "rain": Profile(
        hour=16,
        per_camera_h=0.08,
        scripts={
            "water": 4,
            "jam": 4,
            "stopped": 3,
            "fault": 2,
            "wrong_way": 0.5,
            "crowd": 1,
            "brawl": 0.5,
            "theft": 1,
        },
        reports=1.5,
        noise=2.0,
        bursts=0.03,
        rains=0.25,
        outages=0.12,
        flapping=0.03,
        false_kinds=_FALSE | {"scene_anomaly": 7.0, "intrusion": 6.0},
    ),
    "new-year": Profile(
        hour=21,
        per_camera_h=0.15,
        scripts={
            "crowd": 6,
            "brawl": 4,
            "twins": 2,
            "fire": 3,
            "theft": 3,
            "jam": 3,
            "object": 1,
            "sabotage": 1,
            "stopped": 2,
            "intrusion": 1,
            "loitering": 1,
            "wrong_way": 0.5,
        },
        crowding=0.5,
        reports=2.0,
        pranks=0.5,
        noise=2.0,
        bursts=0.03,
        outages=0.06,
        flapping=0.02,
        false_kinds=_FALSE | {"smoke_fire": 3.0, "crowd": 5.0, "brawl": 2.0},
    ),
}
