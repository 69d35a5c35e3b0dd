"""What every rule is, and what they share: whom a rule counts, and how figures become an event's subjects."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from contract.events import Subject
from edge_agent.core.spec import Rule
from edge_agent.core.tracks import Figure, View
from edge_agent.core.types import Box, Finding

MAX_BOXES = 64
DIGITS = 4


class RuleStep(Protocol):
    """One rule of one camera. `step` says what is so at this moment; it never goes back in time and keeps no
    episodes.

    A class that sets `needs_view = True` judges pixels against what this camera usually shows. Where the camera itself
    is watched ([camera.tamper]), it is not stepped while that finds fault with the view (to the rule: a gap in the
    stream; to its episodes: it is not so), and a new one is made once another view has become the known one, unless it
    is a Learner: what that has learned is not thrown away for one knock at the camera.

    A class that sets `needs_features = True` looks at the detector's feature maps (View.features), which are there only
    where one of the camera's rules does.
    """

    def step(self, view: View) -> tuple[Finding, ...]: ...


def needs_view(step: RuleStep) -> bool:
    """Whether this rule is to be silent while the camera cannot be trusted."""
    return bool(getattr(step, "needs_view", False))


def needs_features(step: RuleStep) -> bool:
    """Whether this rule looks at the detector's feature maps."""
    return bool(getattr(step, "needs_features", False))


Memory = Mapping[str, NDArray[np.generic]]
"""What a rule has learned, as named arrays of bounded size; numbers and booleans only, so that a file of them holds
nothing that runs."""


Trained = Mapping[str, Memory]
"""Numbers that were trained beforehand and ship with the agent, by the name of the model."""


@runtime_checkable
class Learner(Protocol):
    """A rule that learns what is usual at its camera. What it knows outlives a restart."""

    def memory(self) -> Memory:
        """All that has been learned, as it is at this step."""
        ...

    def recall(self, memory: Memory) -> None:
        """Takes up what `memory` gave before. Raises ValueError where it is not of this rule's shape or version; the
        rule then goes on with what it knew."""
        ...


@runtime_checkable
class Scored(Protocol):
    """A rule with a number behind its findings, for whoever tunes its threshold."""

    @property
    def score(self) -> float | None:
        """Of the latest step; None where it could not tell."""
        ...


@runtime_checkable
class Ripening(Protocol):
    """A scored rule that says nothing before it has learned enough."""

    @property
    def progress(self) -> float:
        """How much of what is needed has been learned, 0..1."""
        ...


def counted(rule: Rule, figures: Iterable[Figure]) -> list[Figure]:
    """The figures this rule is about; a box without height is nobody."""
    return [
        figure
        for figure in figures
        if figure.cls in rule.classes
        and figure.score >= rule.min_score
        and (height := figure.height) > 0
        and height >= rule.min_height
    ]


def subjects(figures: Iterable[Figure]) -> tuple[Subject, ...]:
    """By class; where there are more than MAX_BOXES boxes in all the surest are kept, ordered left to right."""
    everyone = list(figures)
    counts = Counter(figure.cls for figure in everyone)
    surest = sorted(everyone, key=lambda figure: (-figure.score, figure.box))[:MAX_BOXES]
    return tuple(
        Subject(cls=cls, count=counts[cls], boxes=tuple(sorted(unit_box(f.box) for f in surest if f.cls == cls)))
        for cls in sorted(counts)
    )


def unit_box(box: Box) -> Box:
    """Within the frame and rounded, as the wire wants it."""
    x1, y1, x2, y2 = box
    if not (x1 >= 0.0 and y1 >= 0.0 and x2 <= 1.0 and y2 <= 1.0 and x1 <= x2 and y1 <= y2):
        x1, y1, x2, y2 = (min(max(value, 0.0), 1.0) for value in box)
    return round(float(x1), DIGITS), round(float(y1), DIGITS), round(float(x2), DIGITS), round(float(y2), DIGITS)
