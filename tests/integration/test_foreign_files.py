"""What others wrote, through `jaga correlate` and `jaga score incidents` as people call them: each line that cannot be
used is named with what is wrong and what is allowed, and everything else counts."""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.data import ROOT
from tests.timeline import make_event, place

NO_CAMERAS = '{"type": "FeatureCollection", "features": []}'
FIGHT = [
    msgspec.json.encode(make_event(0, "gate", "brawl", location=place(0, 0))),
    msgspec.json.encode(make_event(10, "market", "brawl", location=place(20, 0))),
    msgspec.json.encode(make_event(30, "gate", "brawl", "end", location=place(0, 0), started=0)),
]
TIME = "2026-05-17T12:00:00Z"


def jaga(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    environment = {"PATH": "", "JAGA_LANG": "en", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jaga", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, env=environment, timeout=120, check=False)


def correlate(folder: Path, content: bytes) -> "subprocess.CompletedProcess[bytes]":
    (folder / "events").write_bytes(content)
    (folder / "cameras.geojson").write_text(NO_CAMERAS)
    return jaga(folder, "correlate", "events", "--cameras", "cameras.geojson")


def changed(path: str, value: object, *, event: bytes = FIGHT[0]) -> bytes:
    """value ...: it is left out."""
    told = json.loads(event)
    *way, last = path.split(".")
    at: Any = told
    for name in way:
        at = at[name]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "pack",
    [
        lambda lines: b"\r\n".join(lines) + b"\r\n",
        lambda lines: b"\xef\xbb\xbf" + b"\n".join(lines),
        lambda lines: gzip.compress(b"\n".join(lines)),
        lambda lines: b"\n\n \n".join([*lines[::-1], lines[0], lines[1]]),
    ],
    ids=["windows", "byte order mark", "gzip", "other order, twice, empty lines"],
)
def test_however_the_lines_are_packed_the_incidents_are_the_same(
    tmp_path: Path, pack: Callable[[list[bytes]], bytes]
) -> None:
    plain, packed = correlate(tmp_path, b"\n".join(FIGHT)), correlate(tmp_path, pack(FIGHT))
    assert (plain.returncode, packed.returncode) == (0, 0)
    assert json.loads(plain.stdout)["sources"] == 2
    assert packed.stdout == plain.stdout


def test_what_is_optional_may_be_left_out_and_times_may_be_of_any_zone(tmp_path: Path) -> None:
    sparse = FIGHT[0]
    for name in ("location", "zone", "ended", "subjects", "evidence", "delayed"):
        sparse = changed(f"data.{name}", ..., event=sparse)
    sparse = changed("datacontenttype", ..., event=sparse)
    for name in ("time", "data.started"):
        sparse = changed(name, "2026-05-17T19:00:00+07:00", event=sparse)
    done = correlate(tmp_path, sparse)
    assert (done.returncode, json.loads(done.stdout)["started"]) == (0, "2026-05-17T12:00:00.000Z")


GUIDE = (ROOT / "docs/guide/files.md").read_text("utf-8")


def test_the_guides_least_event_can_be_correlated_and_the_guide_names_what_comes_of_it(tmp_path: Path) -> None:
    least = json.loads(GUIDE.split("```json\n")[1].split("```")[0])
    told = correlate(tmp_path, json.dumps(least).encode())
    assert (told.returncode, json.loads(told.stdout)["events"]) == (0, [least["id"]])
    assert set(json.loads(told.stdout)) <= named("incidents.jsonl")
    figures = json.loads(score(tmp_path, told.stdout, lines(TRUE | {"events": [least["id"]]})).stdout)
    assert set(figures) == named("The score")


def named(section: str) -> set[str]:
    """What the first column of a section's table names."""
    rows = re.findall(r"^\| (.*?) \|", GUIDE.split(f"## {section}\n")[1].split("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_a_file_without_a_line_is_no_incident(tmp_path: Path) -> None:
    done = correlate(tmp_path, b"")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().strip() == "0 events, 0 duplicates, 0 refused: 0 incidents"


WRONG: list[tuple[bytes, str]] = [
    (changed("data.kind", "kebakaran"), "unknown kind (Invalid enum value 'kebakaran'); allowed: intrusion"),
    (changed("data.phase", "middle"), "allowed: begin, update, end"),
    (changed("data.severity", "grave"), "allowed: info, minor, major, critical"),
    (changed("specversion", "0.3"), "$.specversion: value not allowed (Invalid enum value '0.3'); allowed: 1.0"),
    (changed("data.confidence", 10**400), "$.data.confidence: type or value not allowed: Number out of range"),
    (FIGHT[0].replace(b'"confidence":0.6', b'"confidence":NaN'), "$: not valid JSON"),
    (changed("data.location.lat", 106.8), "$.data.location.lat: type or value not allowed: Expected `float` <= 90"),
    (changed("sequence", "9" * 30), "$.sequence"),
    (changed("time", "2026-05-17T12:00:00"), "$.time: type or value not allowed: Expected `datetime` with a timezone"),
    (changed("time", "9999-12-31T23:59:59.999999Z"), "the latest allowed is 2100-01-01"),
    (changed("time", "0001-01-01T00:00:00+14:00"), "the earliest allowed is 2020-01-01"),
    (changed("data.started", ...), "$.data.started: required but missing"),
    (changed("data.confidence", 0.9), "was in line 1 and said something else"),
    (b"[" + FIGHT[0] + b"]", "Expected `object`, got `array`"),
    (b"\x00\xff", "$: not valid JSON"),
    (FIGHT[0][:80], "$: not valid JSON"),
]  # fmt: skip


def test_each_line_that_is_no_event_is_named_and_the_others_count(tmp_path: Path) -> None:
    done = correlate(tmp_path, b"\n".join([FIGHT[0], *(line for line, _ in WRONG), *FIGHT[1:]]))
    assert done.returncode == 1
    said = done.stderr.decode().splitlines()
    for number, ((_, wanted), sentence) in enumerate(zip(WRONG, said, strict=False), 2):
        assert sentence.startswith(f"events, line {number}: "), sentence
        assert wanted in sentence
    assert said[len(WRONG) :] == [f"3 events, 0 duplicates, {len(WRONG)} refused: 1 incidents"]
    assert len(json.loads(done.stdout)["events"]) == 3


def test_what_an_agent_had_kept_and_sends_again_is_the_same_event(tmp_path: Path) -> None:
    done = correlate(tmp_path, FIGHT[0] + b"\n" + changed("data.delayed", True))
    assert (done.returncode, done.stderr.decode().split(":")[0]) == (0, "1 events, 1 duplicates, 0 refused")


def test_a_clock_that_is_known_to_be_minutes_ahead_makes_no_event_late(tmp_path: Path) -> None:
    """What comes late in a file says so itself; nobody saw it come."""
    ahead = changed("data.clock.offset_ms", 590_000, event=changed("data.confidence", 0.9))
    told = [json.loads(correlate(tmp_path, one).stdout) for one in (ahead, changed("data.delayed", True, event=ahead))]
    assert [(one["state"], one["delayed"]) for one in told] == [("open", False), ("suspected", True)]


def test_a_packed_file_that_was_cut_off_is_one_sentence(tmp_path: Path) -> None:
    done = correlate(tmp_path, gzip.compress(b"\n".join(FIGHT))[:-12])
    assert (done.returncode, done.stdout) == (2, b"")
    assert "cannot be read (gzip: " in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def score(folder: Path, incidents: bytes, truth: bytes) -> "subprocess.CompletedProcess[bytes]":
    (folder / "incidents.jsonl").write_bytes(incidents)
    (folder / "truth.jsonl").write_bytes(truth)
    return jaga(folder, "score", "incidents", "incidents.jsonl", "--truth", "truth.jsonl")


def lines(*records: dict[str, object]) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


FOUND: dict[str, object] = {"id": "i", "events": ["e", "f"], "started": TIME, "opened": None}
TRUE: dict[str, object] = {"incident": "t", "events": ["e", "f"], "started": TIME, "kind": "brawl"}


@pytest.mark.parametrize(
    ("incidents", "truth", "figures"),
    [
        (b"\xef\xbb\xbf" + lines(FOUND) + b"\r\n", gzip.compress(lines(TRUE)), {"f1": 1.0, "missing_major": 1}),
        (lines(FOUND | {"delayed": True, "size": 10**30}), lines(TRUE), {"f1": 1.0, "missing_major": 0}),
        (lines(FOUND), lines(TRUE | {"started": "2026-05-17T19:00:00+07:00"}), {"delay_median_s": 0.0}),
        (b"", lines(TRUE), {"f1": 0.0, "recall": 0.0, "true_incidents": 1, "missing_major": 1}),
        (lines(FOUND), b"", {"true_incidents": 0, "incidents": 1, "delay_median_s": None}),
        (b"", b"", {"true_incidents": 0, "incidents": 0}),
    ],
    ids=["packed", "more fields", "other zone", "none found", "no truth", "nothing at all"],
)
def test_what_can_be_scored_is(tmp_path: Path, incidents: bytes, truth: bytes, figures: dict[str, object]) -> None:
    done = score(tmp_path, incidents, truth)
    assert (done.returncode, done.stderr) == (0, b"")
    told = json.loads(done.stdout)
    assert {name: told[name] for name in figures} == figures


def test_every_line_that_cannot_be_scored_is_named(tmp_path: Path) -> None:
    wrong = lines(FOUND | {"events": "e"}, {"id": "j"}, FOUND | {"id": "k", "started": "0001-01-01T00:00:00"}, FOUND)
    done = score(tmp_path, lines(FOUND) + b"\n" + wrong, lines(TRUE))
    assert (done.returncode, done.stdout) == (2, b"")
    said = done.stderr.decode().splitlines()
    wanted = ("Expected `array`", "missing required field `events`", "timezone", "incident i was in line 1 already")
    assert len(said) == len(wanted)
    for number, (words, sentence) in enumerate(zip(wanted, said, strict=True), 2):
        assert f"incidents.jsonl, line {number}: " in sentence
        assert words in sentence


def test_an_event_that_two_incidents_hold_is_named_by_file_and_lines(tmp_path: Path) -> None:
    twice = lines(FOUND, FOUND | {"id": "j", "events": ["g", "f"]})
    done = score(tmp_path, twice, lines(TRUE))
    assert (done.returncode, done.stdout) == (2, b"")
    assert "incidents.jsonl, line 2: event f is in incident i (line 1) already" in done.stderr.decode()
    done = score(tmp_path, lines(FOUND | {"events": ["e", "e", "f"]}), lines(TRUE))
    assert (done.returncode, json.loads(done.stdout)["events"]) == (0, 2)


def test_a_kind_that_nobody_knows_is_named_and_its_incident_counts(tmp_path: Path) -> None:
    done = score(tmp_path, lines(FOUND), lines(TRUE | {"kind": "kebakaran"}))
    assert (done.returncode, json.loads(done.stdout)["f1"], json.loads(done.stdout)["missing_major"]) == (0, 1.0, 0)
    assert "unknown kinds: kebakaran. " in done.stderr.decode()
    assert "smoke_fire" in done.stderr.decode()


def test_no_truth_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "incidents.jsonl").write_bytes(lines(FOUND))
    done = jaga(tmp_path, "score", "incidents", "incidents.jsonl", "--truth", "truth.jsonl")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "truth.jsonl cannot be read" in done.stderr.decode()
