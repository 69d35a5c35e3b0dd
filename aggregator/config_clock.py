"""The section of the aggregator's config about the site's own time: see aggregator.config."""

from datetime import datetime, time, timedelta, timezone, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from aggregator.config_people import Wrong
from aggregator.core.report import Calendar
from contract.sentence import sentence

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
        raise wrong("clock.shifts", ", ".join(section.shifts), sentence("aggregator.allowed.once"))
    zone: tzinfo
    if section.time_zone in INDONESIA:
        hours, label = INDONESIA[section.time_zone]
        zone = timezone(timedelta(hours=hours), label)
    else:
        try:
            zone = ZoneInfo(section.time_zone)
        except (KeyError, ValueError, OSError) as error:
            allowed = sentence("aggregator.allowed.time_zone", zones=", ".join(INDONESIA))
            raise wrong("clock.time_zone", section.time_zone, allowed) from error
        label = zone.tzname(_A_DAY) or section.time_zone
    shifts = tuple(sorted(time.fromisoformat(one) for one in section.shifts))
    return Calendar(zone, shifts, section.time_zone, label)


def utc_offset_h(known: Calendar) -> float:
    """Of the zone's standard time."""
    return (_A_DAY.replace(tzinfo=known.zone).utcoffset() or timedelta()).total_seconds() / 3_600
