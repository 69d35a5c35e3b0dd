"""A rule that judges pixels is silent while its camera cannot be trusted, and begins anew in another view."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.core.pipeline import CameraPipeline, Step
from edge_agent.core.rules.table import RULES, Entry
from edge_agent.core.spec import CameraSpec, Episodes, Rule, TamperSpec
from edge_agent.core.tracks import View
from edge_agent.core.types import Finding, Image
from tests.cameras import HEIGHT, WIDTH, frames, view
from tests.scenes import AGENT, CLOCK, T0, ToldTracker, every, ids

CHANGE = 8.0
AT_ONCE = Episodes(min_duration_s=0.0, end_after_s=0.5, cooldown_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Eager(Rule):
    """Finds something in every picture."""

    kind: Literal["scene_change"] = "scene_change"


class Looks:
    """Remembers when it was asked, seconds after T0."""

    needs_view: ClassVar[bool] = True
    made: ClassVar[list["Looks"]] = []

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.score: float | None = 1.0
        self.made.append(self)

    def step(self, view: View) -> tuple[Finding, ...]:
        self.asked.append(view.t - T0)
        return (Finding("", 1.0, (), (), view.t),)


class Everywhere(Looks):
    needs_view: ClassVar[bool] = False


class Learned(Looks):
    def memory(self) -> Mapping[str, NDArray[np.generic]]:
        return {}

    def recall(self, memory: Mapping[str, NDArray[np.generic]]) -> None: ...


def moved(t: float) -> Image:
    return view(t) if t < CHANGE else view(t, x=250, y=150)


def covered(t: float) -> Image:
    return np.full((HEIGHT, WIDTH, 3), 40, np.uint8) if CHANGE <= t < 14 else view(t)


def run(
    monkeypatch: pytest.MonkeyPatch, step: type[Looks], picture: Callable[[float], Image], tamper: TamperSpec
) -> list[Step]:
    monkeypatch.setattr(Looks, "made", [])
    monkeypatch.setitem(RULES, "scene_change", Entry(Eager, lambda rule, site: step()))
    camera = CameraSpec(id="gate", source="test", rules=(Eager(id="eager", episodes=AT_ONCE),), tamper=tamper)
    pipeline = CameraPipeline(camera, AGENT, ToldTracker(), ids, "test")
    return [pipeline.step(frame, None, CLOCK) for frame in frames(every(5, 0, 20), picture)]


ON = TamperSpec()


def test_it_is_not_asked_while_covered_and_goes_on_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = run(monkeypatch, Looks, covered, ON)
    (only,) = (one for one in Looks.made if one.asked)
    silent = [t for t in every(5, 0, 20) if not any(abs(t - asked) < 0.01 for asked in only.asked)]
    assert CHANGE < silent[0] <= CHANGE + 3.0
    assert 14.0 < silent[-1] <= 15.5
    assert len(silent) == round((silent[-1] - silent[0]) * 5) + 1
    phases = [e.data.phase for step in steps for e in step.events if e.data.kind == "scene_change"]
    assert [phase for phase in phases if phase != "update"] == ["begin", "end", "begin"]
    assert [bool(step.scores) for step in steps].count(False) == len(silent)


def test_another_view_silences_it_at_once_and_makes_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, Looks, moved, ON)
    first, second = (one for one in Looks.made if one.asked)
    assert first.asked[-1] <= CHANGE + 0.4
    assert CHANGE + 3.0 <= second.asked[0] <= CHANGE + 8.0
    assert second.asked[-1] == pytest.approx(20.0, abs=0.01)


def test_a_learner_keeps_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, Learned, moved, ON)
    (only,) = (one for one in Looks.made if one.asked)
    assert not [t for t in only.asked if CHANGE + 0.5 < t < CHANGE + 3]


@pytest.mark.parametrize("picture", [moved, covered])
def test_others_and_unwatched_cameras_are_asked_always(
    monkeypatch: pytest.MonkeyPatch, picture: Callable[[float], Image]
) -> None:
    for step, tamper in ((Everywhere, ON), (Looks, TamperSpec(enabled=False))):
        run(monkeypatch, step, picture, tamper)
        (only,) = (one for one in Looks.made if one.asked)
        assert len(only.asked) == 101
