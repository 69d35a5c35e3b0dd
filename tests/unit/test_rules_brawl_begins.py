"""When a brawl begins: the last two seconds say so, and the longer mean bears it out."""

import pytest

from edge_agent.core.rules.brawl import BORNE_OUT, CALM, LONG_S, WINDOW_S, Brawl, BrawlRule
from edge_agent.core.rules.brawl_model import probability
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, View
from tests.unit.test_rules_brawl import LEFT, TWO, Told, model, play


@pytest.mark.parametrize("quiet", [0.0, 5.0, 7.0])
@pytest.mark.parametrize("strong", [12.0, 14.0, 20.0])
@pytest.mark.parametrize("seconds", [2.4, 3.4, 4.4])
def test_a_brawl_begins_where_the_longer_mean_bears_it_out(quiet: float, strong: float, seconds: float) -> None:
    """Against both means worked out from the levels themselves; windows count alike, the strongest step is left out."""
    threshold = BrawlRule(id="b").threshold
    levels = [quiet] * 30 + [strong] * round(seconds * 5)
    looker = Told([0.0, 0.0])
    step = Brawl(BrawlRule(id="b"), WHOLE, model(), looker)

    def mean(n: int, span_s: float, least: float = -4.0) -> float:
        seen = sorted(max(level - 4.0, least) for level in levels[max(n - round(span_s * 5), 0) : n + 1])[:-1]
        return probability(sum(seen) / len(seen))

    begun = False
    for n, level in enumerate(levels):
        looker.levels = [level, level]
        found = step.step(View(n / 5, TWO, 1.0))
        if n < 5:
            continue
        assert step.score == pytest.approx(mean(n, WINDOW_S))
        begins = mean(n, WINDOW_S) >= threshold and mean(n, LONG_S, CALM) >= threshold * BORNE_OUT
        begun = begins or (begun and mean(n, WINDOW_S) >= threshold / 2)
        assert bool(found) == begun


def test_what_passes_in_two_seconds_begins_no_brawl_but_the_first_two_seconds_may() -> None:
    looker = Told([0.0, 0.0])
    step = Brawl(BrawlRule(id="b"), WHOLE, model(), looker)
    quiet = [step.step(View(n / 5, TWO, 1.0)) for n in range(30)]
    looker.levels = [8.0, 8.0]
    burst = [step.step(View(6.0 + n / 5, TWO, 1.0)) for n in range(10)]
    assert not any(quiet + burst)
    assert step.score is not None
    assert step.score >= BrawlRule(id="b").threshold
    assert any(step.step(View(8.0 + n / 5, TWO, 1.0)) for n in range(10))
    _, found = play(Told([20.0, 20.0]), seconds=2.0)
    assert found


def test_what_goes_on_outside_of_the_zone_bears_nothing_out() -> None:
    looker = Told([0.0, 20.0])
    step = Brawl(BrawlRule(id="b", zone="z"), LEFT, model(), looker)
    for n in range(30):
        step.step(View(n / 5, TWO, 1.0))
    looker.levels = [8.0, 20.0]
    assert not any(step.step(View(6.0 + n / 5, TWO, 1.0)) for n in range(10))


@pytest.mark.parametrize(("people", "steps"), [(TWO, 11), (TWO[:1], 12)])
def test_what_is_taken_off_for_too_few_people_is_taken_off_the_longer_mean_too(
    people: tuple[Figure, ...], steps: int
) -> None:
    """21 steps in four seconds, the strongest left out: (k - 1) times 4 and (21 - k) times CALM are in the mean 0.7,
    1.0 and 1.3 for k of 10, 11 and 12; 0.75 is asked for, and with one person 0.5 more."""
    looker = Told([0.0, 0.0])
    step = Brawl(BrawlRule(id="b"), WHOLE, model(), looker)
    for n in range(30):
        step.step(View(n / 5, people, 1.0))
    looker.levels = [8.0, 8.0]
    found = [bool(step.step(View(6.0 + n / 5, people, 1.0))) for n in range(15)]
    assert found.index(True) + 1 == steps
