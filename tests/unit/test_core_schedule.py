"""Schedules: local windows, past midnight, over a clock change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from edge_agent.core.schedule import armed
from edge_agent.core.spec import WEEKDAYS, Schedule, Window

JAKARTA = ZoneInfo("Asia/Jakarta")
WORKDAYS = frozenset(WEEKDAYS[:5])
NIGHT = Schedule((Window(WORKDAYS, 22 * 60, 5 * 60),), JAKARTA)
DAY = Schedule((Window(WORKDAYS, 8 * 60, 17 * 60),), JAKARTA)


def at(text: str, zone: ZoneInfo = JAKARTA) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def test_without_windows_a_rule_is_always_armed() -> None:
    assert armed(Schedule(), 0.0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-01T07:59:59", False),
        ("2026-01-01T08:00:00", True),
        ("2026-01-01T16:59:59", True),
        ("2026-01-01T17:00:00", False),
        ("2026-01-03T12:00:00", False),
    ],
)
def test_a_window_holds_its_first_minute_and_not_its_last(text: str, wanted: bool) -> None:
    assert armed(DAY, at(text)) is wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-02T21:59:00", False),
        ("2026-01-02T22:00:00", True),
        ("2026-01-03T04:59:00", True),
        ("2026-01-03T05:00:00", False),
        ("2026-01-03T23:00:00", False),
        ("2026-01-05T02:00:00", False),
        ("2026-01-05T22:30:00", True),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_begins_on(text: str, wanted: bool) -> None:
    assert armed(NIGHT, at(text)) is wanted


def test_equal_ends_are_the_whole_day() -> None:
    sundays = Schedule((Window(frozenset({"sun"}), 0, 0),), JAKARTA)
    assert armed(sundays, at("2026-01-04T00:00:00"))
    assert armed(sundays, at("2026-01-04T23:59:59"))
    assert not armed(sundays, at("2026-01-05T00:00:00"))


def test_without_a_zone_windows_are_utc() -> None:
    utc = Schedule(DAY.windows)
    assert armed(utc, at("2026-01-01T08:00:00", ZoneInfo("UTC")))
    assert not armed(utc, at("2026-01-01T08:00:00"))


def test_a_window_keeps_its_wall_clock_over_a_clock_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    early = Schedule((Window(frozenset(WEEKDAYS), 6 * 60, 7 * 60),), berlin)
    for day in ("2026-03-28", "2026-03-30"):
        assert armed(early, at(f"{day}T06:30:00", berlin))
        assert not armed(early, at(f"{day}T07:30:00", berlin))
