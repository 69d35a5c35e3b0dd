"""`jaga correlate` as people call it."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec
import pytest

from contract.events import Event
from tests.data import ROOT
from tests.timeline import make_event, place

CAMERAS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [106.8, -6.2]},
            "properties": {"id": "gate", "site": "site-1"},
        }
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cameras.geojson").write_text(json.dumps(CAMERAS))
    return tmp_path


def write(folder: Path, *lines: bytes) -> Path:
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def wire(*events: Event) -> list[bytes]:
    return [msgspec.json.encode(event) for event in events]


def run(folder: Path, *more: str, language: str = "en") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "jaga", "correlate", "events.jsonl", "--cameras", "cameras.geojson", *more]
    environment = {"PATH": "", "JAGA_LANG": language}
    return subprocess.run(
        command, cwd=folder, capture_output=True, env=environment | {"PYTHONPATH": str(ROOT)}, timeout=60, check=False
    )


def brawl() -> list[Event]:
    """Seen by two cameras, the first of which does not say where it is; and an intrusion far away."""
    return [
        make_event(0, "gate", "brawl", confidence=0.5),
        make_event(30, "gate", "brawl", "end", started=0, confidence=0.6),
        make_event(10, "market", "brawl", location=place(50, 0), site="site-2", confidence=0.5),
        make_event(40, "market", "brawl", "end", location=place(50, 0), site="site-2", started=10, confidence=0.5),
        make_event(5, "far", "intrusion", location=place(9000, 0), site="site-3", confidence=0.4),
    ]


def test_incidents_of_a_file(folder: Path) -> None:
    events = brawl()
    write(folder, *wire(*events, events[0]))
    done = run(folder)
    assert done.returncode == 0
    one, two = (json.loads(line) for line in done.stdout.splitlines())
    assert set(one) == {
        "id",
        "events",
        "kind",
        "started",
        "ended",
        "confidence",
        "severity",
        "location",
        "sources",
        "state",
        "opened",
        "delayed",
    }
    assert set(one["events"]) == {event.id for event in events[:4]}
    assert (one["kind"], one["sources"], one["state"], one["confidence"]) == ("brawl", 2, "open", 0.8)
    assert (one["started"], one["ended"]) == ("2026-05-17T12:00:00.000Z", "2026-05-17T12:00:40.000Z")
    assert (two["kind"], two["state"], two["ended"]) == ("intrusion", "suspected", None)
    assert done.stderr.decode().strip() == "5 events, 1 duplicates, 0 refused: 2 incidents"


def test_the_same_bytes_whatever_the_order_of_lines(folder: Path) -> None:
    lines = wire(*brawl())
    write(folder, *lines)
    first = run(folder).stdout
    Random(5).shuffle(lines)
    write(folder, *lines)
    assert run(folder, "--out", "incidents.jsonl").returncode == 0
    assert (folder / "incidents.jsonl").read_bytes() == first


def test_an_unreadable_line_is_named_and_the_others_go_on(folder: Path) -> None:
    good = wire(*brawl())
    wrong = good[0].replace(b'"confidence":0.5', b'"confidence":5')
    write(folder, good[0], b"{oops", good[1], b"", wrong)
    done = run(folder)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    said = done.stderr.decode().splitlines()
    assert said[0].startswith("events.jsonl, line 2: $: not valid JSON")
    assert said[1].startswith("events.jsonl, line 5: $.data.confidence:")
    assert said[2] == "2 events, 0 duplicates, 2 refused: 1 incidents"


@pytest.mark.parametrize(("language", "said"), [("en", "cannot be read"), ("id", "tidak dapat dibaca")])
def test_an_absent_file_is_a_sentence(folder: Path, language: str, said: str) -> None:
    done = run(folder, language=language)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
