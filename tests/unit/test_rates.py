"""What `benchmarks.rates` tells of the clips at each rate."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import rates
from benchmarks.accuracy import Told
from benchmarks.truth import Clip, Truth

CLIP = Clip("a.mp4", Path("/nowhere/a.mp4"), 60.0, 25.0, 640, 360)


def said(clip: Clip, rate: float) -> Sequence[Told]:
    """Right at all rates but 2, wrong at 3."""
    right = [Told(clip.name, "smoke_fire", at_s, (), "why") for at_s in (14.0, 12.5)]
    wrong = [Told(clip.name, "camera_moved", 20.0, (), "why")]
    return {2.0: [], 3.0: [*right, *wrong]}.get(rate, right)


def test_what_is_found_at_each_rate_and_what_is_false(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "truths", lambda: {CLIP.name: (Truth("smoke_fire", 10.0, 20.0, 0.4),)})
    monkeypatch.setattr(rates, "told", said)
    found = list(rates.figures([CLIP]))
    assert [figure.value for figure in found] == ["-", *["2.5"] * (len(rates.RATES) - 1), 1.0]
    assert [figure.ok for figure in found] == [*[None] * len(rates.RATES), False]


def test_no_clip_is_nothing_that_has_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rates, "DATA", tmp_path)
    monkeypatch.setattr(rates, "clips", lambda: (CLIP,))
    with pytest.raises(SystemExit) as ended:
        rates.main(["--clips", "b.mp4"])
    assert ended.value.code == 2
