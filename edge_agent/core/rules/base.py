"""What every rule is, and what they share: whom a rule counts, and how figures become an event's subjects."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from contract.events import Subject
from edge_agent.core.spec import RuleBase
from edge_agent.core.tracks import Figure, View
from edge_agent.core.types import Box, Finding

MAX_BOXES = 64
DIGITS = 4


class RuleStep(Protocol):
    """One rule of one camera. `step` says what is so at this moment; it never goes back in time and keeps no
    episodes."""

    def step(self, view: View) -> tuple[Finding, ...]: ...


def counted(rule: RuleBase, figures: Iterable[Figure]) -> list[Figure]:
    """The figures this rule is about; a box without height is nobody."""
    return [
        figure
        for figure in figures
        if figure.cls in rule.classes
        and figure.score >= rule.min_score
        and figure.height >= rule.min_height
        and figure.height > 0
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
    return _unit(x1), _unit(y1), _unit(x2), _unit(y2)


def _unit(value: float) -> float:
    return round(0.0 if value < 0.0 else 1.0 if value > 1.0 else float(value), DIGITS)
