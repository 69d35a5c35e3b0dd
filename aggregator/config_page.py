"""Sections of the aggregator's config about what the page and reports show: see aggregator.config."""

from datetime import datetime, time, timedelta, timezone, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from aggregator.config_people import Wrong
from aggregator.core.report import Calendar
from aggregator.core.response import ResponseTargets, Targets
from contract.kinds import SEVERITIES

Seconds = Annotated[float, Meta(gt=0)]


class AcknowledgeSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.response.ResponseTargets."""

    critical: Seconds = 60.0
    major: Seconds = 180.0
    minor: Seconds = 900.0
    info: Seconds = 3_600.0


class ResolveSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.response.ResponseTargets."""

    critical: Seconds = 1_800.0
    major: Seconds = 3_600.0
    minor: Seconds = 7_200.0
    info: Seconds = 14_400.0


class ResponseSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How soon somebody has to act."""

    acknowledge_s: AcknowledgeSection = AcknowledgeSection()
    resolve_s: ResolveSection = ResolveSection()


ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
INDONESIA = {"Asia/Jakarta": (7, "WIB"), "Asia/Makassar": (8, "WITA"), "Asia/Jayapura": (9, "WIT")}
"""Hours ahead of UTC, and what people call it: known also where the machine has no time zone database."""
_A_DAY = datetime(2026, 1, 1)


class ClockSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The site's own time. time_zone: an IANA name. shifts: when each begins."""

    time_zone: Annotated[str, Meta(min_length=1, max_length=64)] = "Asia/Jakarta"
    shifts: Annotated[tuple[ClockTime, ...], Meta(min_length=1, max_length=24)] = ("07:00", "15:00", "23:00")


def calendar(section: ClockSection, wrong: Wrong) -> Calendar:
    """Raises ConfigError for a time zone that nobody knows, or a shift that is there twice."""
    if len(set(section.shifts)) < len(section.shifts):
        raise wrong("clock.shifts", ", ".join(section.shifts), "each time once")
    zone: tzinfo
    if section.time_zone in INDONESIA:
        hours, label = INDONESIA[section.time_zone]
        zone = timezone(timedelta(hours=hours), label)
    else:
        try:
            zone = ZoneInfo(section.time_zone)
        except (KeyError, ValueError, OSError) as error:
            allowed = f"{', '.join(INDONESIA)}, or another name of the IANA time zone database"
            raise wrong("clock.time_zone", section.time_zone, allowed) from error
        label = zone.tzname(_A_DAY) or section.time_zone
    shifts = tuple(sorted(time.fromisoformat(one) for one in section.shifts))
    return Calendar(zone, shifts, section.time_zone, label)


def utc_offset_h(known: Calendar) -> float:
    """Of the zone's standard time."""
    return (_A_DAY.replace(tzinfo=known.zone).utcoffset() or timedelta()).total_seconds() / 3_600


def response(section: ResponseSection, wrong: Wrong) -> ResponseTargets:
    """Raises ConfigError where an incident would have to be resolved before it has to be acknowledged."""
    acknowledge = Targets(**msgspec.structs.asdict(section.acknowledge_s))
    resolve = Targets(**msgspec.structs.asdict(section.resolve_s))
    for severity in SEVERITIES:
        first, last = acknowledge.of(severity), resolve.of(severity)
        if last < first:
            raise wrong(
                f"response.resolve_s.{severity}", f"{last:g}", f">= response.acknowledge_s.{severity} ({first:g})"
            )
    return ResponseTargets(acknowledge, resolve)
