"""Response times against targets: what counts, what does not count yet, and what was missed."""

from dataclasses import replace

from aggregator.core.report import Districts, Span
from aggregator.core.report_response import response_report
from aggregator.core.report_rows import Course, Step
from aggregator.core.response import ResponseTargets, Targets
from tests.courses import CALENDAR, SHIFT, T0, course, row, rows

FLAT = Targets(critical=60, major=60, minor=60, info=60)
TARGETS = ResponseTargets(FLAT, Targets(critical=600, major=600, minor=600, info=600))


def totals(*courses: Course, span: Span = SHIFT) -> dict[str, object]:
    return row(response_report(span, courses, TARGETS, Districts(), CALENDAR), "response_totals")


def test_answer_and_end_are_measured_from_the_opening() -> None:
    found = totals(
        course(0, (30, "rina", "acknowledged"), (300, "rina", "resolved")),
        course(100, (190, "budi", "dispatched"), (900, "budi", "false_alarm")),
        course(200, (240, "sari", "acknowledged")),
    )
    assert found == {
        "opened": 3,
        "answered": 3,
        "ack_median": 40.0,
        "ack_p90": 90.0,
        "ack_within": round(2 / 3, 4),
        "ended": 2,
        "end_median": 300.0,
        "end_p90": 800.0,
        "end_within": round(1 / 3, 4),  # the third still runs, and its target has passed
    }


def test_who_still_waits_within_the_target_says_nothing_yet() -> None:
    until = Span(T0, T0 + 100)
    assert totals(course(50), span=until)["ack_within"] is None
    assert totals(course(30), span=until)["ack_within"] == 0.0  # 70 s, and nobody answered


def test_what_ended_by_itself_before_anybody_could_answer_is_no_miss() -> None:
    assert totals(course(0, (40, "system", "resolved")))["ack_within"] is None
    late = totals(course(0, (400, "system", "resolved")))
    assert (late["answered"], late["ack_within"]) == (0, 0.0)


def test_a_direct_closing_is_an_answer() -> None:
    found = totals(course(0, (20, "rina", "false_alarm")))
    assert (found["ack_median"], found["end_median"], found["ack_within"]) == (20.0, 20.0, 1.0)


def test_an_undone_closing_is_no_end() -> None:
    reopened = course(0, (20, "rina", "resolved"), (40, "rina", "acknowledged"), (500, "rina", "resolved"))
    assert totals(reopened)["end_median"] == 500.0


def test_what_was_taken_back_was_no_answer() -> None:
    one = course(0, (10, "rina", "acknowledged"), (15, "rina", "open"), (50, "budi", "acknowledged"))
    begin, opened, acknowledged, back, again = one.steps
    undone = (replace(acknowledged, undone=True), replace(back, action="undo"))
    found = totals(replace(one, steps=(begin, opened, *undone, again)))
    assert (found["ack_median"], found["ack_within"]) == (50.0, 1.0)


def test_a_note_on_what_is_in_hand_is_no_answer() -> None:
    taken = course(0, (10, "rina", "open"))
    noted = Step(T0 + 70, "rina", "acknowledged", "acknowledged", "Menuju lokasi", "note")
    assert totals(replace(taken, steps=(*taken.steps, noted)))["answered"] == 0


def test_a_report_of_the_past_stays_as_it_was() -> None:
    early = Span(T0, T0 + 100)
    one = course(0, (150, "rina", "acknowledged"))
    assert totals(one, span=early)["answered"] == 0
    assert totals(one)["answered"] == 1


def test_by_kind_severity_and_district() -> None:
    found = response_report(
        SHIFT,
        [
            course(0, (30, "rina", "acknowledged")),
            course(10, (100, "rina", "acknowledged"), kind="crowd", severity="minor", sites=("monas", "grogol")),
        ],
        TARGETS,
        Districts({"pusat": {"monas"}, "barat": {"grogol"}}),
        CALENDAR,
    )
    assert row(found, "response_by_kind", kind="brawl")["ack_median"] == 30.0
    assert row(found, "response_by_district", district="pusat")["opened"] == 2
    assert row(found, "response_by_district", district="barat")["opened"] == 1
    severe = row(found, "response_by_severity", severity="critical")
    assert (severe["opened"], severe["ack_target"]) == (1, 60.0)
    assert [one["severity"] for one in rows(found, "response_by_severity")] == ["critical", "major", "minor", "info"]


def test_the_distribution_holds_each_answer_once() -> None:
    times = [0.0, 15.0, 15.1, 59.0, 600.0, 99_999.0]
    courses = [course(at, (at + took, "rina", "acknowledged"), name=str(at)) for at, took in enumerate(times)]
    day = Span(T0, T0 + 2 * 86_400)
    found = rows(response_report(day, courses, TARGETS, Districts(), CALENDAR), "response_distribution")
    counts = {one["up_to"]: one["answered"] for one in found}
    assert counts[15] == 2
    assert (counts[30], counts[60], counts[600], counts[None]) == (1, 1, 1, 1)
    assert sum(counts.values()) == len(times)  # type: ignore[arg-type]


def test_over_time_has_every_hour_also_the_quiet_ones() -> None:
    found = rows(
        response_report(SHIFT, [course(3_700, (3_730, "rina", "acknowledged"))], TARGETS, Districts(), CALENDAR),
        "response_over_time",
    )
    assert [one["opened"] for one in found] == [0, 1, 0, 0, 0, 0, 0, 0]
    assert found[1]["ack_within"] == 1.0
