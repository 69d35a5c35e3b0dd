"""Training of the brawl model: the arithmetic, and that it finds what was planted."""

import numpy as np
import pytest

from edge_agent.core.rules import brawl_weights
from edge_agent.core.rules.brawl_features import MOTION
from edge_agent.core.rules.brawl_model import shipped
from edge_agent.zoo.brawl_fit import Clip, auc, fit, leave_sources_out, logistic, recall_at, score, weights_of, written

DEEP, COARSE = 12, 8


def planted(seed: int, sources: int = 8) -> list[Clip]:
    """In a fight, one window of twenty is unlike the rest in both maps; each source has a look of its own."""
    chance = np.random.default_rng(seed)
    clips = []
    for source in range(sources):
        look = chance.normal(size=DEEP + len(MOTION))
        for n in range(6):
            rows = chance.normal(size=(20, DEEP + len(MOTION))) + look
            if n % 2:
                rows[chance.integers(20), [0, 1, 2, COARSE, COARSE + 1, COARSE + 2]] += 6.0
            clips.append(Clip(f"{source}-{n}", f"s{source}", bool(n % 2), rows.astype(np.float32)))
    return clips


def test_the_slope_vanishes_where_it_stops() -> None:
    chance = np.random.default_rng(2)
    x, y, weight = chance.normal(size=(30, 50)), chance.integers(0, 2, 30).astype(float), chance.uniform(0.5, 2, 30)
    coefficients, bias = logistic(x, y, weight, 0.3)
    p = 1 / (1 + np.exp(-(x @ coefficients + bias)))
    np.testing.assert_allclose(coefficients + 0.3 * x.T @ (weight * (p - y)), 0, atol=1e-6)
    assert 0.3 * weight @ (p - y) == pytest.approx(0, abs=1e-5)


def test_sources_that_were_left_out_are_told_apart() -> None:
    clips = planted(1)
    scores = {
        clip.name: score(model, clip.windows)
        for source, model in leave_sources_out(clips, coarse=COARSE)
        for clip in clips
        if clip.source == source
    }
    truth = np.array([clip.fight for clip in clips])
    assert auc(truth, np.array([scores[clip.name] for clip in clips])) > 0.9


def test_shuffled_labels_teach_nothing() -> None:
    """The same figures where nothing was planted to find: what was left out is not known by any other way."""
    chance = np.random.default_rng(3)
    clips = [
        Clip(f"{n}", f"s{n // 6}", bool(chance.integers(2)), chance.normal(size=(20, DEEP + 7)).astype(np.float32))
        for n in range(60)
    ]
    scores = np.zeros(len(clips))
    for source, model in leave_sources_out(clips, coarse=COARSE):
        for n, clip in enumerate(clips):
            if clip.source == source:
                scores[n] = score(model, clip.windows)
    assert 0.25 < auc(np.array([clip.fight for clip in clips]), scores) < 0.75


def test_a_source_that_is_left_out_does_not_change_its_model() -> None:
    clips = planted(1, 4)
    changed = [Clip(c.name, c.source, not c.fight, c.windows * 3) if c.source == "s2" else c for c in clips]
    one = dict(leave_sources_out(clips, coarse=COARSE))["s2"]
    other = dict(leave_sources_out(changed, coarse=COARSE))["s2"]
    np.testing.assert_array_equal(one.weights, other.weights)


def test_training_is_without_chance() -> None:
    assert written(fit(planted(5), coarse=COARSE), "") == written(fit(planted(5), coarse=COARSE), "")


def test_both_classes_weigh_the_same_and_many_clips_of_a_source_less() -> None:
    rows = np.zeros((1, 8), np.float32)
    clips = [Clip("a", "x", False, rows)] * 9 + [Clip("b", "y", False, rows), Clip("c", "x", True, rows)]
    weight = weights_of(clips)
    assert weight[:10].sum() == pytest.approx(weight[10])
    assert weight[9] == pytest.approx(3 * weight[0])


def test_auc_and_recall_by_hand() -> None:
    truth = np.array([True, True, False, False])
    assert auc(truth, np.array([3.0, 1.0, 2.0, 0.0])) == 0.75
    assert auc(truth, np.array([1.0, 1.0, 1.0, 1.0])) == 0.5
    assert recall_at(truth, np.array([3.0, 1.0, 2.0, 0.0]), 0.0) == (0.5, 2.0)
    assert recall_at(truth, np.array([3.0, 1.0, 2.0, 0.0]), 0.5) == (1.0, 0.0)


def test_what_is_written_is_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fit(planted(4), coarse=COARSE)
    names: dict[str, object] = {}
    exec(written(made, "a note"), names)
    for name in ("MEAN", "SCALE", "WEIGHTS", "BIAS", "USUAL"):
        monkeypatch.setattr(brawl_weights, name, names[name])
    read = shipped()
    clip = planted(4)[1]
    assert score(read, clip.windows) == pytest.approx(score(made, clip.windows), abs=0.01)
    np.testing.assert_allclose(read.usual, made.usual, rtol=1e-3)
