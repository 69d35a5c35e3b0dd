"""Ranges on the site's clock, and the figures that all reports share."""

from datetime import datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.report import (
    Calendar,
    Districts,
    Preset,
    ReportRefused,
    Span,
    checked,
    quantile,
    ratio,
    table,
    wilson,
    within,
)
from tests.courses import CALENDAR, T0, WIB

HOUR = 3_600.0


@pytest.mark.parametrize(
    ("name", "now", "since", "until"),
    [
        ("shift", T0 + HOUR, T0, T0 + HOUR),
        ("shift", T0 - HOUR, T0 - 8 * HOUR, T0 - HOUR),  # 06:00: the night's
        ("shift", T0, T0, T0),  # it has just begun
        ("previous_shift", T0 + HOUR, T0 - 8 * HOUR, T0),
        ("today", T0 + HOUR, T0 - 7 * HOUR, T0 + HOUR),
        ("yesterday", T0 + HOUR, T0 - 31 * HOUR, T0 - 7 * HOUR),
        ("week", T0 + HOUR, T0 - 7 * HOUR - 6 * 24 * HOUR, T0 + HOUR),
        ("month", T0 + HOUR, T0 - 7 * HOUR - 29 * 24 * HOUR, T0 + HOUR),
    ],
)
def test_a_range_by_its_name_follows_the_sites_clock(name: Preset, now: float, since: float, until: float) -> None:
    assert CALENDAR.preset(name, now) == Span(since, until)


def test_one_shift_a_day_begins_where_it_ended() -> None:
    daily = Calendar(WIB, (time(7),))
    assert daily.preset("previous_shift", T0 + HOUR) == Span(T0 - 24 * HOUR, T0)


def test_buckets_are_hours_for_days_and_days_for_weeks_and_cover_the_range() -> None:
    hours = CALENDAR.buckets(Span(T0 - 900, T0 + 2 * HOUR + 60))
    assert [(one.since - T0, one.until - T0) for one in hours] == [(-900, 0), (0, 3600), (3600, 7200), (7200, 7260)]
    days = CALENDAR.buckets(Span(T0, T0 + 5 * 24 * HOUR))
    assert [CALENDAR.local(one.since).strftime("%a %H") for one in days] == [
        *("Mon 07", "Tue 00", "Wed 00", "Thu 00", "Fri 00", "Sat 00"),
    ]


def test_a_day_of_a_zone_that_changes_its_clocks_has_23_or_25_hours() -> None:
    berlin = Calendar(ZoneInfo("Europe/Berlin"))
    since = datetime(2026, 3, 26, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    lengths = {round(one.seconds / HOUR) for one in berlin.buckets(Span(since, since + 6 * 24 * HOUR))}
    assert 23 in lengths


@given(st.floats(-1e6, 1e6), st.floats(1, 20 * 86_400))
def test_buckets_join_without_a_gap_and_each_moment_lies_in_one(start: float, length: float) -> None:
    span = Span(T0 + start, T0 + start + length)
    buckets = CALENDAR.buckets(span)
    assert (buckets[0].since, buckets[-1].until) == (span.since, span.until)
    assert all(a.until == b.since for a, b in pairwise(buckets))
    for t in (span.since, (span.since + span.until) / 2):
        at = within(buckets, t)
        assert at is not None
        assert buckets[at].holds(t)
    assert within(buckets, span.until) is None


@pytest.mark.parametrize(
    ("since", "until", "key"),
    [
        (T0, T0, "reports.range_empty"),
        (T0 + 9, T0 + 8, "reports.range_empty"),
        (T0 + 100, T0 + 200, "reports.range_future"),
        (T0 - 93 * 86_400, T0, "reports.range_long"),
    ],
)
def test_a_range_that_makes_no_report_says_why(since: float, until: float, key: str) -> None:
    with pytest.raises(ReportRefused) as refused:
        checked(since, until, T0 + 50)
    assert refused.value.key == key
    assert refused.value.render("id") != refused.value.render("en")


def test_a_range_ends_now_at_the_latest() -> None:
    assert checked(T0, T0 + 100, T0 + 50) == Span(T0, T0 + 50)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_value_that_did_occur_and_enough_do_not_exceed(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_nothing_has_no_quantile_no_ratio_and_no_interval() -> None:
    assert (quantile([], 0.5), ratio(0, 0), wilson(0, 0)) == (None, None, None)


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I: 81 of 263 and 15 of 148."""
    assert wilson(81, 263 - 81) == (0.2553, 0.3662)
    assert wilson(15, 148 - 15) == (0.0624, 0.1605)
    assert wilson(0, 20) == (0.0, 0.1611)


def test_places_are_districts_and_without_districts_sites() -> None:
    some = Districts({"pusat": {"monas", "senen"}, "barat": {"grogol"}})
    assert some.of(("monas", "senen")) == ("pusat",)
    assert some.of(("monas", "grogol")) == ("pusat", "barat")
    assert some.of(("priok",)) == ("",)
    assert Districts().of(("monas", "priok", "monas")) == ("monas", "priok")
    limited = Districts({"pusat": {"monas"}, "barat": {"grogol"}}, frozenset({"monas"}))
    assert limited.of(("monas", "grogol")) == ("pusat",)
    assert not limited.counts(("grogol",))


def test_a_long_table_is_cut_and_says_so() -> None:
    made = table("notes", "time words:text", [(float(n), "x") for n in range(1_500)])
    assert (len(made.rows), made.total) == (1_000, 1_500)
