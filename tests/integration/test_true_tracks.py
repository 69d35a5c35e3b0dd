"""On the true tracks of real pedestrians, the core equals the naive reference exactly (python -m benchmarks.true_tracks
compares on more places)."""

import pytest

from benchmarks import true_tracks
from tests.reference import naive_rules as naive

pytestmark = pytest.mark.data


@pytest.mark.parametrize("name", true_tracks.RECORDINGS)
@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "with gaps"])
def test_entries_dwells_counts_and_crossings_equal_the_reference(name: str, gaps: bool) -> None:
    recording = true_tracks.load(name)
    if gaps:
        recording = true_tracks.with_gaps(recording, seed=7)
    score = true_tracks.Score()
    true_tracks.compare(score, name, recording, *true_tracks.places(seed=11, zones=8, lines=15))
    assert score.differing == []
    floor = {
        "zone entries and dwell times": 100,
        "people counted in zones": 2000,
        "people counted as dwelling": 300,
        "intrusion episodes": 10,
        "loitering episodes": 4,
        "crowd episodes": 4,
        "line crossings": 40,
    }
    assert {what: score.compared[what] for what in floor if score.compared[what] < floor[what]} == {}


def test_the_comparison_notices_a_different_margin_and_a_different_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = true_tracks.load("MOT16-02.txt")
    monkeypatch.setattr(true_tracks, "MARGIN_PERCENT", 30)
    monkeypatch.setattr(true_tracks, "GAP_S", 0.3)
    stays = true_tracks.visits(recording, true_tracks.HAND_ZONES[2])
    monkeypatch.setattr(true_tracks, "GAP_S", 1.0)
    assert stays != naive.visits(naive.present(recording, true_tracks.HAND_ZONES[2], true_tracks.SIZE), 10)
    score = true_tracks.Score()
    true_tracks.compare(score, "margin", recording, [], true_tracks.HAND_LINES)
    assert any(line.startswith("line crossings") for line in score.differing)


@pytest.mark.parametrize("name", true_tracks.RECORDINGS)
def test_most_broken_tracks_are_mended_and_few_wrongly(name: str) -> None:
    count = dict.fromkeys(("right", "missed", "wrong"), 0)
    for seed in range(4):
        for what, number in true_tracks.mending(true_tracks.with_gaps(true_tracks.load(name), seed)).items():
            count[what] += number
    assert count["right"] > 100
    assert count["right"] > 1.5 * (count["missed"] + count["wrong"]), count
    assert count["wrong"] < 0.3 * count["right"], count
