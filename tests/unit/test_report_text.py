"""Reports in words: CSV that no spreadsheet runs, PDF with whatever letters, both languages."""

import csv
import io
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import report_text
from aggregator.adapters.report_pdf_fpdf2 import pdf, printable
from aggregator.core.load import LoadPolicy
from aggregator.core.report import Column, Districts, Report, Table, table
from aggregator.core.report_coverage import cover, coverage_report
from aggregator.core.report_precision import precision_report
from aggregator.core.report_response import response_report
from aggregator.core.report_shift import ShiftFacts, shift_report
from aggregator.core.response import ResponseTargets
from contract.sentence import sentence
from contract.texts import LANGUAGES, Language, catalogue
from tests.courses import CALENDAR, SHIFT, T0, course

FORMULAS = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


def every() -> list[Report]:
    """Each report, with something in it."""
    courses = [course(0, (30, "rina", "acknowledged", "Menuju lokasi")), course(99, kind="crowd", severity="minor")]
    covered = cover(SHIFT, (), (), ())
    facts = ShiftFacts(courses=courses, acted=(), suppressed=(), silences=(), covered=covered)
    return [
        shift_report(SHIFT, facts, ResponseTargets(), LoadPolicy(), Districts(), CALENDAR),
        response_report(SHIFT, courses, ResponseTargets(), Districts(), CALENDAR),
        precision_report(SHIFT, [], [], Districts(), CALENDAR),
        coverage_report(SHIFT, covered, Districts(), CALENDAR),
    ]


def noted(*words: str) -> tuple[Report, Table]:
    made = table("notes", "time actor incident kind state words:text", [
        (T0, "rina", "0190aaaa-aaaa-7aaa-8aaa-aaaaaadeadbe", "brawl", "resolved", one) for one in words
    ])  # fmt: skip
    return Report("shift", SHIFT, (made,)), made


def read(words: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(words.removeprefix(report_text.BOM), newline="")))


def test_each_report_and_table_and_column_has_its_words() -> None:
    for report in every():
        for one in report.tables:
            for language in LANGUAGES:
                assert report_text.title(one, language)
                assert all(report_text.heading(column, language) for column in one.columns)


@pytest.mark.parametrize("language", LANGUAGES)
def test_csv_is_one_rectangle_with_numbers_as_numbers(language: Language) -> None:
    for report in every():
        for one in report.tables:
            lines = read(report_text.csv_of(report, one, CALENDAR, language))
            assert {len(line) for line in lines} == {len(one.columns)}
            assert len(lines) == 1 + len(one.rows)
    response = every()[1]
    lines = read(report_text.csv_of(response, response.table("response_by_kind"), CALENDAR, language))
    brawl = next(line for line in lines if line[0] in ("Tawuran", "Brawl"))
    assert brawl[1:6] == ["1", "1", "30.0", "30.0", "1.0"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_csv_is_a_formula(formula: str) -> None:
    report, notes = noted(formula, f"safe {formula}")
    lines = read(report_text.csv_of(report, notes, CALENDAR, "en"))
    assert lines[1][-1] == f"'{formula}"
    assert lines[2][-1] == f"safe {formula}"


@given(st.text(max_size=40))
def test_whatever_people_write_stays_in_its_cell(words: str) -> None:
    report, notes = noted(words.replace("\x00", ""))
    lines = read(report_text.csv_of(report, notes, CALENDAR, "id"))
    assert len(lines) == 2
    assert lines[1][-1].removeprefix("'") == words.replace("\x00", "").removeprefix("'")
    assert not lines[1][-1].startswith(("=", "+", "-", "@"))


def test_times_are_local_with_their_offset() -> None:
    report, notes = noted("x")
    assert read(report_text.csv_of(report, notes, CALENDAR, "en"))[1][0] == "2026-03-02T07:00:00+07:00"


@pytest.mark.parametrize(
    ("kind", "value", "indonesian", "english"),
    [
        ("time", T0, "2 Mar 2026 07:00", "2 Mar 2026 07:00"),
        ("share", 0.594, "59,4 %", "59.4 %"),
        ("share", 1.0, "100 %", "100 %"),
        ("number", 1234.5, "1.234,5", "1,234.5"),
        ("count", 12345, "12.345", "12,345"),
        ("seconds", 95.0, "1 mnt 35 dtk", "1 min 35 s"),
        ("seconds", 90_061.0, "1 hari 1 jam", "1 d 1 h"),
        ("bin", 60, "<= 1 mnt", "<= 1 min"),
        ("bin", None, "lebih lama", "longer"),
        ("kind", "brawl", "Tawuran", "Brawl"),
        ("kind", "ufo", "ufo", "ufo"),
        ("place", "tanah-abang", "Tanah Abang", "Tanah Abang"),
        ("incident", "0190aaaa-aaaa-7aaa-8aaa-aaaaaadeadbe", "DEADBE", "DEADBE"),
        ("camera_reason", sentence("camera.silent"), "agen tidak memberi kabar", "the agent is silent"),
        (
            "camera_reason",
            sentence("camera.no_picture", silent_s=95.2),
            "tidak ada gambar selama 1 mnt 35 dtk",
            "no picture for 1 min 35 s",
        ),
        (
            "camera_reason",
            sentence("camera.rarely", rate=0.5, rules="rush, brawl"),
            "mesin kamera terlalu sibuk: dianalisis 0,5 kali per detik, terlalu jarang untuk rush, brawl",
            "its host is too busy: analysed 0.5 times a second, too rarely for rush, brawl",
        ),
        ("camera_reason", "End of file", "End of file", "End of file"),
        ("text", None, "", ""),
    ],
)
def test_values_in_both_languages(kind: str, value: object, indonesian: str, english: str) -> None:
    column = Column("words", kind)  # type: ignore[arg-type]
    assert report_text.word(column, value, CALENDAR, "id") == indonesian  # type: ignore[arg-type]
    assert report_text.word(column, value, CALENDAR, "en") == english  # type: ignore[arg-type]


def test_a_file_is_called_by_what_it_holds() -> None:
    report, notes = noted("x")
    assert report_text.filename(report, CALENDAR, "pdf") == "jaga-shift_20260302-0700_20260302-1500.pdf"
    assert (
        report_text.filename(report, CALENDAR, "csv", notes.key) == "jaga-shift-notes_20260302-0700_20260302-1500.csv"
    )


def streams_of(document: bytes) -> list[str]:
    """The pages' commands, as fpdf2 writes them: words are parenthesised strings of Latin-1."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", document, re.DOTALL)
    shown = []
    for stream in streams:
        try:
            shown.append(zlib.decompress(stream).decode("latin-1"))
        except zlib.error:
            continue
    return shown


def text_of(document: bytes) -> str:
    return "\n".join(streams_of(document))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_report_prints(language: Language) -> None:
    for report in every():
        paper = report_text.paper(report, CALENDAR, language, T0, "agus", "")
        document = pdf(paper)
        assert document.startswith(b"%PDF-")
        shown = text_of(document)
        assert catalogue()[f"reports.name.{report.name}"][language] in shown
        assert "WIB" in shown


def test_names_in_any_script_print_as_far_as_the_font_goes() -> None:
    words = ["Pasar “Baru” – José", "ᬩᬮᬶ 相机 كاميرا 🎥", "Łódź", "a\u202eb\x07c", "x" * 3_000]
    report, _ = noted(*words)
    shown = text_of(pdf(report_text.paper(report, CALENDAR, "id", T0, "相", "")))
    assert "Jos\xe9" in shown
    assert "?" in printable(words[1])
    assert printable("Łódź –") == "?\xf3dz -"


@given(st.text(max_size=80))
def test_whatever_there_is_can_be_printed(words: str) -> None:
    printable(words).encode("latin-1")


def test_a_long_table_is_cut_on_paper_and_says_so() -> None:
    report, _ = noted(*("x" for _ in range(300)))
    (sheet,) = report_text.paper(report, CALENDAR, "en", T0, "agus", "").sheets
    assert len(sheet.rows) == 200
    assert "200 of 300" in sheet.note
