"""[[camera]] with its zones, lines, rules and schedules, as edge_agent.core.spec wants them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any, cast

from contract.events import Location
from contract.ids import is_name
from edge_agent.config_reader import (
    BAD,
    Problems,
    Table,
    check_unknown,
    convert,
    join,
    read_fields,
    read_section,
    show,
    table_of,
    tables_of,
)
from edge_agent.config_sections import UNIT, limit
from edge_agent.core.calibration import CalibrationError, Ground
from edge_agent.core.geometry import crossing_edges
from edge_agent.core.rules.table import RULES
from edge_agent.core.spec import (
    WEEKDAYS,
    Calibration,
    CameraSpec,
    CrowdRule,
    Episodes,
    Line,
    MotionSpec,
    Rule,
    Schedule,
    TamperSpec,
    Weekday,
    Window,
    Zone,
)
from edge_agent.core.types import Point

MANY = {"zones", "lines", "rules"}
NAME = "a-z 0-9 - _ (1-64)"
SCHEDULE = '"mon-fri 22:00-05:00", "sat,sun", "06:00-18:00"'

_DAYS = "|".join(WEEKDAYS)
_WINDOW = re.compile(
    rf"^\s*(?:(?P<days>(?:{_DAYS})(?:\s*[-,]\s*(?:{_DAYS}))*)|(?P<daily>daily))?\s*"
    r"(?:(?P<h1>[0-2]?[0-9]):(?P<m1>[0-5][0-9])\s*-\s*(?P<h2>[0-2]?[0-9]):(?P<m2>[0-5][0-9]))?\s*$",
    re.IGNORECASE | re.ASCII,
)


def read_camera(table: Table, at: str, zone: tzinfo, base: Path, problems: Problems) -> CameraSpec | None:
    """One camera; relative file sources are taken from folder `base`. None where it cannot be used."""
    special = {"masks", "zone", "line", "rule", "motion", "tamper", "calibration", "location", *MANY}
    keys = {item.name for item in fields(CameraSpec)} - MANY
    check_unknown(table, keys | {"zone", "line", "rule"}, at, problems)
    values = read_fields(CameraSpec, table, at, problems, skip=special)
    check_name(table.get("id"), join(at, "id"), problems)
    masks = _polygons(table.get("masks", []), join(at, "masks"), problems)
    zones = _unique(table, "zone", at, problems, _zone)
    lines = _unique(table, "line", at, problems, _line)
    named = {"zone": _ids(table, "zone"), "line": _ids(table, "line")}
    rules = _unique(table, "rule", at, problems, lambda item, path, found: _rule(item, path, named, zone, found))
    motion = read_section(MotionSpec, table.get("motion", {}), join(at, "motion"), problems)
    tamper = read_section(TamperSpec, table.get("tamper", {}), join(at, "tamper"), problems)
    location = _location(table["location"], join(at, "location"), problems) if "location" in table else None
    calibration = (
        _calibration(table["calibration"], join(at, "calibration"), problems) if "calibration" in table else None
    )
    if "calibration" not in table:
        for index, rule in enumerate(rules):
            if isinstance(rule, CrowdRule) and rule.density is not None:
                problems.add("no_calibration", f"{join(at, 'rule')}[{index}].density")
    if values is None or motion is None or tamper is None:
        return None
    empty = [key for key in ("source", "substream") if not values.get(key, "-").strip()]
    for key in empty:
        allowed = '"rtsp://...", "http://...", "/dev/video0", "webcam:0", "file.mp4"'
        problems.add("empty", join(at, key), allowed=allowed)
    if empty:
        return None
    values["source"] = resolve_source(values["source"], base)
    if values.get("substream"):
        values["substream"] = resolve_source(values["substream"], base)
    return CameraSpec(
        **values,
        masks=masks,
        zones=zones,
        lines=lines,
        rules=rules,
        motion=motion,
        tamper=tamper,
        calibration=calibration,
        location=location,
    )


def resolve_source(source: str, base: Path) -> str:
    """A path relative to the config's folder made absolute; addresses and devices as they are."""
    if "://" in source or source.startswith(("webcam:", "/")):
        return source
    return str(base / source)


def check_name(value: object, at: str, problems: Problems) -> None:
    if isinstance(value, str) and not is_name(value):
        problems.add("name", at, value=show(value), allowed=NAME)


def parse_window(value: str) -> Window | None:
    """A schedule's window such as "mon-fri 22:00-05:00"; None where it is none."""
    found = _WINDOW.match(value)
    if found is None or not value.strip():
        return None
    days = _days(found["days"].lower()) if found["days"] else frozenset(WEEKDAYS)
    if found["h1"] is None:
        return Window(days, 0, 0)
    begin, end = (int(found[f"h{i}"]) * 60 + int(found[f"m{i}"]) for i in (1, 2))
    if begin >= 1440 or end > 1440:
        return None
    return Window(days, begin, end % 1440)


def _days(value: str) -> frozenset[Weekday]:
    named: set[Weekday] = set()
    for part in re.split(r"\s*,\s*", value):
        ends = [WEEKDAYS.index(cast(Weekday, name)) for name in re.split(r"\s*-\s*", part)]
        for first, last in zip(ends, ends[1:] or ends, strict=False):
            named.update(WEEKDAYS[day % 7] for day in range(first, first + (last - first) % 7 + 1))
    return frozenset(named)


def _ids(table: Table, key: str) -> list[str]:
    entries = table.get(key, [])
    items = entries if isinstance(entries, list) else []
    return [item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]


def _unique(
    table: Table, key: str, at: str, problems: Problems, read: Callable[[Table, str, Problems], Any | None]
) -> tuple[Any, ...]:
    """The entries of [[camera.key]], each id once."""
    found: list[Any] = []
    first: dict[str, str] = {}
    for path, item in tables_of(table.get(key, []), join(at, key), problems):
        entry = read(item, path, problems)
        if entry is None:
            continue
        if entry.id in first:
            problems.add("duplicate", join(path, "id"), value=show(entry.id), first=first[entry.id])
            continue
        first[entry.id] = path
        found.append(entry)
    return tuple(found)


def _location(value: object, at: str, problems: Problems) -> Location | None:
    table = table_of(value, at, problems)
    if table is None:
        return None
    check_unknown(table, ("lat", "lon", "radius_m"), at, problems)
    values: dict[str, float] = {}
    for key in ("lat", "lon", "radius_m"):
        if key in table:
            values[key] = convert(float, table[key], join(at, key), problems, limit(Location, key))
        elif key != "radius_m":
            problems.add("missing", join(at, key))
            return None
    return None if BAD in values.values() else Location(**values)


def _points(value: object, at: str, problems: Problems, least: int) -> tuple[Point, ...] | None:
    before = len(problems.found)
    points = convert(tuple[Point, ...], value, at, problems, UNIT)
    if points is BAD:
        if any(one.key == "edge.config.range" for one in problems.found[before:]):
            problems.add("shares", at)  # pixels or percent, for the most part
        return None
    if len(points) < least:
        problems.add("points", at, value=len(points), allowed=least)
        return None
    return cast(tuple[Point, ...], points)


def _polygon(value: object, at: str, problems: Problems) -> tuple[Point, ...] | None:
    points = _points(value, at, problems, least=3)
    if points is None:
        return None
    crossing = crossing_edges(points)
    if crossing is not None:
        problems.add("crossing", at, first=_edge(points, crossing[0]), second=_edge(points, crossing[1]))
        return None
    return points


def _edge(points: tuple[Point, ...], index: int) -> str:
    start, end = points[index], points[(index + 1) % len(points)]
    return f"[{start[0]:g}, {start[1]:g}]-[{end[0]:g}, {end[1]:g}]"


def _polygons(value: object, at: str, problems: Problems) -> tuple[tuple[Point, ...], ...]:
    if not isinstance(value, list):
        problems.add("type", at, value=show(value), allowed="[[[x, y], [x, y], [x, y]], ...]")
        return ()
    found = [_polygon(item, f"{at}[{index}]", problems) for index, item in enumerate(value)]
    return tuple(points for points in found if points is not None)


def _zone(table: Table, at: str, problems: Problems) -> Zone | None:
    check_unknown(table, ("id", "polygon"), at, problems)
    values = read_fields(Zone, table, at, problems, skip=("polygon",))
    check_name(table.get("id"), join(at, "id"), problems)
    if "polygon" not in table:
        problems.add("missing", join(at, "polygon"))
        return None
    polygon = _polygon(table["polygon"], join(at, "polygon"), problems)
    return None if values is None or polygon is None else Zone(**values, polygon=polygon)


def _calibration(value: object, at: str, problems: Problems) -> Calibration | None:
    calibration = read_section(Calibration, value, at, problems)
    if calibration is None:
        return None
    try:
        Ground(calibration)
    except CalibrationError as error:
        problems.add(error.reason, at)
        return None
    return calibration


def _line(table: Table, at: str, problems: Problems) -> Line | None:
    check_unknown(table, ("id", "start", "end"), at, problems)
    check_name(table.get("id"), join(at, "id"), problems)
    values = read_fields(Line, table, at, problems, skip=("start", "end"))
    ends = []
    for key in ("start", "end"):
        if key not in table:
            problems.add("missing", join(at, key))
            return None
        ends.append(convert(Point, table[key], join(at, key), problems, UNIT))
    if values is None or BAD in ends:
        return None
    if ends[0] == ends[1]:
        problems.add("no_length", at, value=show(list(ends[0])))
        return None
    return Line(**values, start=ends[0], end=ends[1])


def _rule(table: Table, at: str, named: Mapping[str, list[str]], zone: tzinfo, problems: Problems) -> Rule | None:
    if "kind" not in table:
        problems.add("missing", join(at, "kind"))
        return None
    kind = table["kind"]
    entry = RULES.get(kind) if isinstance(kind, str) else None
    if entry is None:
        problems.add("choice", join(at, "kind"), value=show(kind), allowed=", ".join(f'"{name}"' for name in RULES))
        return None
    cls = entry.spec
    own = {item.name for item in fields(cls)} - {"episodes"}
    timing = {item.name for item in fields(Episodes)}
    check_unknown(table, own | timing, at, problems)
    place = "line" if "line" in own else "zone"
    target = table.get(place)
    if isinstance(target, str) and target not in named[place]:
        problems.add(f"no_{place}", join(at, place), value=show(target), allowed=", ".join(named[place]) or "-")
    name = kind if target is None else f"{kind}-{target}"
    values = read_fields(cls, {"id": name.replace("_", "-"), **table}, at, problems, {"episodes", "schedule"})
    if values is not None:
        check_name(values["id"], join(at, "id"), problems)
    schedule = _schedule(table.get("schedule", []), join(at, "schedule"), zone, problems)
    changed = read_fields(Episodes, table, at, problems)
    if values is None or schedule is None or changed is None or (target is not None and target not in named[place]):
        return None
    return cls(**values, schedule=schedule, episodes=replace(_default_episodes(cls), **changed))


def _default_episodes(cls: type[Rule]) -> Episodes:
    item = next(item for item in fields(cls) if item.name == "episodes")
    return cast(Episodes, item.default if item.default is not MISSING else Episodes())


def _schedule(value: object, at: str, zone: tzinfo, problems: Problems) -> Schedule | None:
    texts = convert(tuple[str, ...], value, at, problems)
    if texts is BAD:
        return None
    windows = []
    for index, written in enumerate(texts):
        window = parse_window(written)
        if window is None:
            problems.add("schedule", f"{at}[{index}]", value=show(written), allowed=SCHEDULE)
            continue
        windows.append(window)
    return Schedule(tuple(windows), zone)
