"""What rules learn outlives their pipeline, and what they measure is told with each step."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from edge_agent.core.rules import table
from edge_agent.core.rules.base import Memory
from edge_agent.core.rules.table import Entry
from edge_agent.core.spec import Rule
from edge_agent.core.tracks import View
from edge_agent.core.types import Finding
from tests.scenes import Scene, person


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingRule(Rule):
    kind: Literal["scene_anomaly"] = "scene_anomaly"


class Counting:
    """Learns how many looks there were."""

    def __init__(self) -> None:
        self.looks = 0

    @property
    def score(self) -> float | None:
        return self.looks / 10 if self.looks > 1 else None

    def step(self, view: View) -> tuple[Finding, ...]:
        self.looks += 1
        return ()

    def memory(self) -> Memory:
        return {"looks": np.array(self.looks)}

    def recall(self, memory: Memory) -> None:
        if memory["looks"].shape:
            raise ValueError("looks is one number")
        self.looks = int(memory["looks"])


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry(CountingRule, lambda rule, site: Counting())
    monkeypatch.setattr(table, "RULES", {**table.RULES, "scene_anomaly": entry})


def scene(*names: str) -> Scene:
    return Scene(*(CountingRule(id=name) for name in names))


def test_memory_is_kept_by_rule_and_taken_up_by_another_pipeline() -> None:
    first = scene("a", "b")
    for n in range(3):
        first.see(n / 5, person(1, (0.5, 0.5)))
    memory = first.pipeline.memory()
    assert {name: int(array) for name, array in memory.items()} == {"a/looks": 3, "b/looks": 3}
    second = scene("b", "c")
    assert second.pipeline.recall(memory) == ()
    second.see(0.0)
    assert {name: int(array) for name, array in second.pipeline.memory().items()} == {"b/looks": 4, "c/looks": 1}


def test_a_memory_that_does_not_fit_is_named_and_the_rule_begins_anew() -> None:
    second = scene("a", "b")
    refused = second.pipeline.recall({"a/looks": np.zeros(3), "b/looks": np.array(7)})
    assert refused == ("a",)
    assert {name: int(array) for name, array in second.pipeline.memory().items()} == {"a/looks": 0, "b/looks": 7}


def test_a_clock_that_is_set_back_takes_nothing_learned() -> None:
    watched = scene("a")
    watched.see(100.0)
    watched.see(100.2)
    watched.see(10.0)
    assert int(watched.pipeline.memory()["a/looks"]) == 3


def test_scores_are_told_by_rule_once_there_are_any() -> None:
    watched = scene("a", "b")
    assert watched.see(0.0).scores == {}
    assert watched.see(0.2).scores == {"a": 0.2, "b": 0.2}
