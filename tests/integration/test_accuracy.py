"""The bars of the measurements on real footage, held by the commands of benchmarks/ themselves."""

from collections.abc import Callable

import pytest

from benchmarks import (
    detector_accuracy,
    intrusion_motorway,
    line_crossings,
    loitering,
    robustness,
    zone_counts,
)
from benchmarks.data import GATHERING
from benchmarks.report import Outcome, table
from benchmarks.runs import measured

pytestmark = [pytest.mark.data, pytest.mark.timeout(600)]

MEASURES: tuple[Callable[[], Outcome], ...] = (
    detector_accuracy.measure,
    zone_counts.measure,
    intrusion_motorway.measure,
    loitering.measure,
    line_crossings.measure,
    robustness.measure,
)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__module__.rpartition(".")[2])
def test_every_bar_is_reached(measure: Callable[[], Outcome]) -> None:
    outcome = measure()
    assert any(figure.ok is not None for figure in outcome.figures)
    assert outcome.ok, table(outcome)


def test_two_runs_over_real_footage_give_the_same_events() -> None:
    """The first came with the measurement of loitering; threads of the network must not show in the second."""
    first = measured(GATHERING, "gathering.toml")
    measured.cache_clear()
    assert first
    assert measured(GATHERING, "gathering.toml") == first
