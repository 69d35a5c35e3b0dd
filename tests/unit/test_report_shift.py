"""The shift report, told as shifts."""

from aggregator.core.load import LoadPolicy
from aggregator.core.report import Districts, Report, Span
from aggregator.core.report_coverage import cover
from aggregator.core.report_rows import Acted, Course, Watch
from aggregator.core.report_shift import ShiftFacts, shift_report
from aggregator.core.response import ResponseTargets
from aggregator.core.silences import Silence
from tests.courses import CALENDAR, SHIFT, T0, course, row, rows


def told(*courses: Course, span: Span = SHIFT, **more: object) -> Report:
    facts: dict[str, object] = {"acted": None, "suppressed": (), "silences": (), "covered": cover(span, (), (), ())}
    return shift_report(
        span,
        ShiftFacts(courses=courses, **{**facts, **more}),  # type: ignore[arg-type]
        ResponseTargets(),
        LoadPolicy(operators=2),
        Districts({"pusat": {"monas"}}),
        CALENDAR,
    )


def test_a_shift_from_its_beginning_to_its_end() -> None:
    found = told(
        course(-600, (-500, "dewi", "acknowledged"), (1_200, "rina", "resolved", "Sudah aman"), name="carried"),
        course(60, (90, "rina", "acknowledged"), (700, "rina", "dispatched"), name="running"),
        course(120, (400, "budi", "false_alarm", "Hujan di lensa"), kind="smoke_fire", name="false"),
        course(8_000, (9_000, "system", "resolved"), kind="crowd", severity="minor", name="by itself"),
        course(28_000, kind="intrusion", severity="minor", sites=("priok",), name="waiting"),
    )
    assert row(found, "totals") | {"coverage": None} == {
        "opened": 4,
        "carried": 1,
        "closed": 3,
        "false_alarm": 1,
        "left": 2,
        "overdue": 1,  # it should have been resolved within half an hour
        "ack_within": round(1 / 3, 4),
        "peak": 2,
        "budget": 2.0,
        "suppressed": 0,
        "dark": 0,
        "coverage": None,
    }
    assert {one["outcome"]: one["count"] for one in rows(found, "by_outcome")} == {
        "resolved": 1,
        "dispatched": 1,
        "false_alarm": 1,
        "ended_by_itself": 1,
        "open": 1,
    }
    assert row(found, "by_district", district="pusat")["opened"] == 3
    assert row(found, "by_district", district="")["left"] == 1
    assert row(found, "people", actor="rina") == {
        "actor": "rina",
        "acknowledged": 1,
        "dispatched": 1,
        "resolved": 1,
        "false_alarm": 0,
        "other": 0,
    }
    assert [(one["actor"], one["words"]) for one in rows(found, "notes")] == [
        ("rina", "Sudah aman"),
        ("budi", "Hujan di lensa"),
    ]
    late = row(found, "overdue")
    assert (late["incident"], late["step"]) == ("running", "resolve")
    assert late["overdue_for"] == 8 * 3_600 - 60 - 1_800


def test_who_opened_ten_minutes_before_the_shift_counts_for_its_first_peak() -> None:
    found = told(course(-300, name="before"), course(10, name="a"), course(20, name="b"), course(4_000, name="c"))
    assert row(found, "totals")["peak"] == 3
    load = rows(found, "load")
    assert [(one["opened"], one["peak"]) for one in load[:2]] == [(2, 3), (1, 1)]


def test_a_note_that_moves_nothing_is_no_acknowledgement() -> None:
    found = told(course(0, (60, "rina", "open", "Menunggu radio")))
    assert row(found, "people", actor="rina")["other"] == 1
    note = row(found, "notes")
    assert (note["words"], note["action"]) == ("Menunggu radio", "incident.transition")
    assert row(found, "totals")["ack_within"] == 0.0


def test_silences_suppressed_dark_cameras_and_the_audit_log() -> None:
    silence = Silence(
        id="s", created=T0, actor="agus", reason="Konser", starts=T0, expires=T0 + 9e5, maintenance=False, site="monas",
        camera=None, kind="crowd", zone=None,
    )  # fmt: skip
    watches = [Watch("monas", "a", T0 - 50, "online", ""), Watch("monas", "a", T0 + 3_600, "stalled", "no picture")]
    found = told(
        acted=[Acted("rina", "evidence.read", 4, T0, T0 + 5)],
        suppressed=[("duplicate", 3), ("silence", 40)],
        silences=[silence],
        covered=cover(SHIFT, watches, [Span(T0 - 60, T0 + 9e5)], [(("monas", "a"), "Gerbang")]),
    )
    assert row(found, "silences")["end"] == T0 + 9e5
    assert [one["reason"] for one in rows(found, "suppressed")] == ["silence", "duplicate"]
    dark = row(found, "dark")
    assert (dark["name"], dark["dark_since"], dark["dark_for"]) == ("Gerbang", T0 + 3_600, 7 * 3_600)
    assert row(found, "acted")["times"] == 4
    assert row(found, "totals")["coverage"] == 0.125
    assert not any(table.key == "acted" for table in told().tables)
