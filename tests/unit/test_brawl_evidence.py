"""What is kept of a recording is what the rule would see of it today."""

from pathlib import Path

import numpy as np
import pytest

from edge_agent import brawl_evidence
from edge_agent.brawl_evidence import MIRRORED, PLAIN, Seen, kept
from edge_agent.core.spec import TrackerSpec
from tests.agents import BrightnessDetector


def test_it_is_looked_at_again_only_by_other_code_or_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"a recording")
    nothing = Seen(np.array([0.2]), np.ones((1, 4, 3), np.float32), np.zeros((4, 4)), ((),), 1.5, np.zeros((1, 3)))
    looks: list[Path] = []

    def see(path: Path, *_: object) -> Seen:
        looks.append(path)
        return nothing

    monkeypatch.setattr(brawl_evidence, "see", see)
    detector, tracker = BrightnessDetector(), TrackerSpec()
    for variant in (PLAIN, PLAIN, MIRRORED, PLAIN):
        seen = kept(video, tmp_path / "kept", detector, tracker, variant)
        assert seen is not None
        assert np.array_equal(seen.rows, nothing.rows)
    assert len(looks) == 2
    before = brawl_evidence._seeing()
    monkeypatch.setattr(brawl_evidence, "_seeing", lambda: before + b"a flow of other numbers")
    kept(video, tmp_path / "kept", detector, tracker)
    assert len(looks) == 3


def test_the_code_that_sees_holds_what_finds_and_follows_people_the_flow_and_the_features() -> None:
    named = (b"DISOpticalFlow", b"class Looker", b"class ByteTrack", b"def _reaching", b"def suppress", b"def correct")
    assert all(name in brawl_evidence._seeing() for name in named)
