"""scene_anomaly: silent until it has learned, then it names what is unlike all before, and why."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from msgspec.structs import replace

from edge_agent.core.rules.scene_anomaly import SceneAnomaly, SceneAnomalyRule
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure
from edge_agent.core.types import Finding
from tests.scenes import Scene, every, person
from tests.walks import Extra, Walkway, passing

LEARNED_S = 180.0
SEEN = Walkway()


def rule_of(**changed: object) -> SceneAnomaly:
    return SceneAnomaly(SceneAnomalyRule(id="anomaly", **changed), WHOLE)  # type: ignore[arg-type]


def play(
    step: SceneAnomaly, start: float, stop: float, extra: Extra = lambda t: (), rate: float = 5.0
) -> list[tuple[float, Finding]]:
    found = []
    for t in every(rate, start, stop):
        found += [(t, finding) for finding in step.step(SEEN.view(t, extra(t)))]
    return found


@pytest.fixture(scope="module")
def learned() -> dict[str, np.ndarray]:
    step = rule_of()
    assert play(step, 0.0, LEARNED_S) == []
    assert step.progress == 1.0
    return dict(step.memory())


def knowing(memory: dict[str, np.ndarray], **changed: object) -> SceneAnomaly:
    step = rule_of(**changed)
    step.recall(memory)
    return step


def test_it_says_nothing_and_scores_nothing_before_it_has_learned_enough() -> None:
    step = rule_of()
    progress = []
    for start in (0.0, 20.0, 40.0):
        assert play(step, start, start + 19.8, passing(999, start + 5.0, 1.5, cls="truck", height=0.5)) == []
        assert step.score is None
        progress.append(step.progress)
    assert 0.0 < progress[0] < progress[1] < progress[2] < 1.0
    assert float(step.memory()["progress"]) == progress[2]


def test_the_pipeline_tells_the_progress_in_place_of_a_score() -> None:
    scene = Scene(SceneAnomalyRule(id="anomaly"))
    step = scene.play(every(5, 0, 10), lambda t: [person(1, (0.1 + 0.1 * t, 0.6))] if t < 6 else []).steps[-1]
    assert step.scores == {}
    assert set(step.learning) == {"anomaly"}
    assert 0.0 < step.learning["anomaly"] < 1.0


def test_more_of_the_same_is_not_unusual(learned: dict[str, np.ndarray]) -> None:
    step = knowing(learned)
    assert play(step, LEARNED_S, LEARNED_S + 300.0) == []
    assert step.score is not None


@pytest.mark.parametrize(
    ("extra", "measure", "above"),
    [
        (passing(999, LEARNED_S + 5.0, 0.6), "speed", True),
        (passing(999, LEARNED_S + 5.0, 0.15, height=0.45), "height", True),
        (passing(999, LEARNED_S + 5.0, 0.15, height=0.08), "height", False),
        (passing(999, LEARNED_S + 5.0, 0.15, wide=1.6), "width_to_height", True),
    ],
    ids=["a runner", "a giant", "a child on a board", "a cart"],
)
def test_what_is_unusual_is_named_first(
    learned: dict[str, np.ndarray], extra: Extra, measure: str, above: bool
) -> None:
    found = play(knowing(learned), LEARNED_S, LEARNED_S + 15.0, extra)
    assert found
    finding = max((finding for _, finding in found), key=lambda finding: finding.measures[0].value)
    rarity, first = finding.measures[:2]
    assert (rarity.name, rarity.threshold, first.name) == ("rarity", 5.0, measure)
    assert first.threshold is not None
    assert (first.value > first.threshold) == above
    assert [(subject.cls, subject.count) for subject in finding.subjects] == [("person", 1)]


@pytest.mark.parametrize(("score", "told"), [(0.8, True), (0.2, False)])
def test_the_form_of_a_weak_box_is_nobodys(learned: dict[str, np.ndarray], score: float, told: bool) -> None:
    """By night or in rain a box holds half a body now and then."""
    half = passing(999, LEARNED_S + 5.0, 0.15, height=0.08, wide=0.9)
    weak: Extra = lambda t: [replace(one, score=score) for one in half(t)]  # noqa: E731
    assert bool(play(knowing(learned), LEARNED_S, LEARNED_S + 15.0, weak)) == told


def test_an_unknown_class_is_named_with_its_box(learned: dict[str, np.ndarray]) -> None:
    truck = passing(999, LEARNED_S + 5.0, 0.4, cls="truck", height=0.3, wide=1.5)
    found = play(knowing(learned), LEARNED_S, LEARNED_S + 12.0, truck)
    names = {measure.name for _, finding in found for measure in finding.measures}
    assert "rare_class" in names
    assert {subject.cls for _, finding in found for subject in finding.subjects} == {"truck"}


def test_it_is_told_soon(learned: dict[str, np.ndarray]) -> None:
    found = play(knowing(learned), LEARNED_S, LEARNED_S + 12.0, passing(999, LEARNED_S + 5.0, 0.6))
    assert found[0][0] - (LEARNED_S + 5.0) <= 1.5


def test_what_was_unusual_once_is_so_again(learned: dict[str, np.ndarray]) -> None:
    step = knowing(learned)
    assert play(step, LEARNED_S, LEARNED_S + 40.0, passing(998, LEARNED_S + 5.0, 0.6))
    assert play(step, LEARNED_S + 40.2, LEARNED_S + 80.0, passing(999, LEARNED_S + 45.0, 0.6))


def test_what_comes_again_and_again_becomes_usual(learned: dict[str, np.ndarray]) -> None:
    step = knowing(learned)

    def runners(t: float) -> Iterable[Figure]:
        return [f for n in range(60) for f in passing(2000 + n, LEARNED_S + 10.0 * n, 0.6)(t)]

    found = play(step, LEARNED_S, LEARNED_S + 600.0, runners)
    early = [t for t, _ in found if t < LEARNED_S + 60.0]
    late = [t for t, _ in found if t > LEARNED_S + 540.0]
    assert len(early) > 10
    assert len(late) < len(early) / 4


def test_frozen_it_judges_and_learns_nothing(learned: dict[str, np.ndarray]) -> None:
    step = knowing(learned, learn=False)
    assert play(step, LEARNED_S, LEARNED_S + 15.0, passing(999, LEARNED_S + 5.0, 0.6))
    after = step.memory()
    assert all(np.array_equal(after[name], learned[name]) for name in learned)


def test_saved_and_restored_it_goes_on_as_before(learned: dict[str, np.ndarray]) -> None:
    """Once everybody has left, so that nobody is being followed, and after a gap, as there is with a restart."""
    step = knowing(learned)
    quiet = LEARNED_S + 900.0
    play(step, quiet, quiet + 5.0)
    again = knowing(dict(step.memory()))
    for t in every(5.0, quiet + 10.0, quiet + 30.0):
        view = SEEN.view(t - quiet, passing(999, quiet + 13.0, 0.6)(t))
        view = type(view)(view.t + quiet, view.figures, view.aspect)
        assert step.step(view) == again.step(view)
        assert step.score == again.score
    assert all(np.array_equal(step.memory()[name], again.memory()[name]) for name in learned)


def test_memory_is_bounded_and_numbers_only(learned: dict[str, np.ndarray]) -> None:
    step = knowing(learned)
    play(step, LEARNED_S, LEARNED_S + 60.0, lambda t: passing(int(t), t, 0.3, cls=f"thing {int(t * 10)}")(t))
    memory = step.memory()
    assert {name: array.shape for name, array in memory.items()} == {n: a.shape for n, a in learned.items()}
    assert sum(array.nbytes for array in memory.values()) < 1_000_000
    assert all(array.dtype.kind in "fiub" for array in memory.values())


def spoil_version(memory: dict[str, np.ndarray]) -> None:
    memory["version"] = memory["version"] + 1


def spoil_shape(memory: dict[str, np.ndarray]) -> None:
    memory["sums"] = memory["sums"][:, :-1]


def spoil_numbers(memory: dict[str, np.ndarray]) -> None:
    memory["picture"] = np.full_like(memory["picture"], np.nan)


def spoil_part(memory: dict[str, np.ndarray]) -> None:
    del memory["rarity"]


@pytest.mark.parametrize("spoil", [spoil_version, spoil_shape, spoil_numbers, spoil_part])
def test_a_memory_that_does_not_fit_is_refused_and_changes_nothing(
    learned: dict[str, np.ndarray], spoil: Callable[[dict[str, np.ndarray]], None]
) -> None:
    step = knowing(learned)
    wrong = dict(learned)
    spoil(wrong)
    with pytest.raises(ValueError, match=r"version|shape|numbers|times"):
        step.recall(wrong)
    assert all(np.array_equal(step.memory()[name], learned[name]) for name in learned)


def test_outside_of_its_zone_nothing_is_looked_at(learned: dict[str, np.ndarray]) -> None:
    step = SceneAnomaly(SceneAnomalyRule(id="anomaly", zone="sky"), ((0.0, 0.0), (1.0, 0.0), (1.0, 0.2), (0.0, 0.2)))
    step.recall(learned)
    assert play(step, LEARNED_S, LEARNED_S + 15.0, passing(999, LEARNED_S + 5.0, 0.6)) == []
    assert step.score == 0.0


def test_a_gap_in_the_stream_is_no_leap(learned: dict[str, np.ndarray]) -> None:
    """Everybody is somewhere else after it, under the same names."""
    step = knowing(learned)
    found = []
    for block in range(20):
        start = LEARNED_S + 10.0 * block
        found += play(step, start, start + 6.0)
    assert found == []
