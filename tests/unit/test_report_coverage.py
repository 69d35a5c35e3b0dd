"""Coverage: what was watched, by the second."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.report import Districts, Span
from aggregator.core.report_coverage import WATCHING, cover, coverage_report
from aggregator.core.report_rows import Watch
from tests.courses import CALENDAR, T0, row, rows

HOUR = 3_600.0
SPAN = Span(T0, T0 + 4 * HOUR)
RUNS = [Span(T0 - 9 * HOUR, T0 + 9 * HOUR)]
A, B = ("monas", "a"), ("grogol", "b")


def test_gaps_begin_with_the_state_and_end_with_the_next() -> None:
    watches = [
        Watch(*A, T0 - HOUR, "online", ""),
        Watch(*A, T0 + HOUR, "stalled", "no picture"),
        Watch(*A, T0 + HOUR + 60, "reconnecting", ""),
        Watch(*A, T0 + 2 * HOUR, "idle", ""),
        Watch(*B, T0 - HOUR, "offline", "silent"),
    ]
    covered = cover(SPAN, watches, RUNS, [(A, "Gerbang"), (B, "Terminal")])
    found = coverage_report(SPAN, covered, Districts({"pusat": {"monas"}, "barat": {"grogol"}}), CALENDAR)
    assert row(found, "coverage_totals")["coverage"] == 0.375
    gaps = rows(found, "coverage_gaps")
    assert [(one["camera"], one["dark_for"], one["state"]) for one in gaps] == [
        ("b", 4 * HOUR, "offline"),
        ("a", HOUR - 60, "reconnecting"),
        ("a", 60.0, "stalled"),
    ]
    assert [one["coverage"] for one in rows(found, "coverage_over_time")] == [0.5, 0.0, 0.5, 0.5]
    assert row(found, "coverage_by_district", district="barat")["coverage"] == 0.0
    assert row(found, "coverage_by_district", district="pusat")["coverage"] == 0.75
    assert row(found, "coverage_cameras", camera="a")["coverage"] == 0.75


def test_while_no_aggregator_ran_nothing_was_watched() -> None:
    runs = [Span(T0 - HOUR, T0 + HOUR), Span(T0 + 2 * HOUR, T0 + 9 * HOUR)]
    covered = cover(SPAN, [Watch(*A, T0 - HOUR, "online", "")], runs, [(A, "")])
    assert covered.share == 0.75
    assert [(gap.camera, gap.state, gap.span.seconds) for gap in covered.gaps] == [
        ("", "aggregator", HOUR),
        ("a", "aggregator", HOUR),
    ]


def test_before_anything_was_noted_nothing_is_claimed() -> None:
    covered = cover(SPAN, [Watch(*A, T0 + 3 * HOUR, "online", "")], [Span(T0 + 3 * HOUR, T0 + 9 * HOUR)], [(A, "")])
    assert (covered.share, covered.gaps) == (1.0, ())
    assert cover(SPAN, [], [], [(A, "")]).share is None
    empty = coverage_report(SPAN, cover(SPAN, [], [], [(A, "")]), Districts(), CALENDAR)
    assert row(empty, "coverage_totals")["coverage"] is None


def test_a_camera_that_never_reported_never_watched() -> None:
    covered = cover(SPAN, [], RUNS, [(A, "Baru")])
    assert covered.share == 0.0
    assert [row_[3] for row_ in covered.dark(SPAN.until).rows] == ["unknown"]


def test_the_minute_between_two_notes_of_its_running_is_no_outage() -> None:
    covered = cover(SPAN, [Watch(*A, T0, "online", "")], [Span(T0, SPAN.until - 70)], [(A, "")])
    assert (covered.share, covered.gaps) == (1.0, ())


STATES = ("online", "idle", "stalled", "offline")
MOMENTS = st.integers(-600, 4 * 3_600)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([A, B]), MOMENTS, st.sampled_from(STATES)), max_size=12),
    st.lists(st.tuples(MOMENTS, st.integers(120, 4_000)), min_size=1, max_size=4),
)
def test_the_share_is_what_counting_minutes_gives(
    told: list[tuple[tuple[str, str], int, str]], ran: list[tuple[int, int]]
) -> None:
    """Everything on whole minutes, and each minute looked at by itself."""
    moments = sorted({(key, 60 * (at // 60)): state for key, at, state in told}.items())
    watches = [Watch(*key, T0 + at, state, "") for (key, at), state in moments]
    runs = [Span(T0 + 60 * (at // 60), T0 + 60 * (at // 60) + 60 * (length // 60)) for at, length in ran]
    covered = cover(SPAN, watches, runs, [(A, ""), (B, "")])
    touching = [run for run in runs if run.until > SPAN.since and run.since < SPAN.until]
    if not touching:
        assert covered.known is None
        return
    first = max(SPAN.since, min(run.since for run in touching))
    last = max(run.until for run in touching)
    watched = whole = 0
    for minute in range(int((SPAN.until - first) / 60)):
        t = first + 60 * minute
        up = any(run.since <= t < run.until for run in runs) or (t >= last and SPAN.until - last < 120)
        for key in (A, B):
            states = [one.state for one in watches if (one.site, one.camera) == key and one.time <= t]
            whole += 1
            watched += up and bool(states) and states[-1] in WATCHING
    assert covered.share == round(watched / whole, 4)
