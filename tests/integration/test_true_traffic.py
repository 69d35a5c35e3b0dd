"""On the true tracks of real pedestrians, the rules about vehicles equal the naive reference exactly (python -m
benchmarks.true_traffic compares on more places)."""

import pytest

from benchmarks import true_tracks, true_traffic

pytestmark = pytest.mark.data


@pytest.mark.parametrize("name", true_tracks.RECORDINGS)
def test_wrong_ways_stands_and_congestion_equal_the_reference(name: str) -> None:
    score = true_tracks.Score()
    zones = true_tracks.places(seed=11, zones=1, lines=0)[0][:3]
    recording = true_tracks.load(name)
    true_traffic.compare(score, name, recording, zones)
    true_traffic.compare(score, f"{name} with stands", true_traffic.frozen(recording, seed=5), [])
    assert score.differing == []
    assert score.compared["wrong_way episodes"] >= 30
    assert score.compared["stopped_vehicle episodes"] >= 2
    assert "congestion episodes" in score.compared


def test_the_comparison_notices_another_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = true_traffic.frozen(true_tracks.load("MOT16-02.txt"), seed=5)
    monkeypatch.setattr(true_traffic, "STAND_S", 4.0)
    events = true_traffic.run(recording, [])
    monkeypatch.setattr(true_traffic, "STAND_S", 3.0)
    assert events != true_traffic.run(recording, [])
