"""The gate before the detector: is there anything worth a look?

A running background of the tiny luma. Each frame is first explained as gain x background + offset (a lamp, a cloud, the
camera's exposure), by whichever of four guesses fits most of the picture, and fitted once more by least squares to
that part; what remains beyond the threshold has moved.
"""

from dataclasses import dataclass, field
from math import exp, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.core.spec import MotionSpec
from edge_agent.core.timing import exceeded, reached
from edge_agent.core.types import Image

Reason = Literal["always", "first", "motion", "hold", "refresh", "confirm", "futile", "idle"]
BACKGROUND_S = 5.0
"""Time constant of the background: someone who stands still is part of it after about this long."""
MAX_GAIN = 2.0
"""Bounds of the change of light that is explained: so many times as bright, or as dark."""
PLAIN = 0.9
"""Where this share of the picture is as it was, no other light is looked for."""
NOISE = 5.0
"""A pixel must also differ by this many standard deviations of the picture's noise: of how what is left of one pixel
differs from that of another close by (median x 1.4826 / sqrt 2). Shadows of clouds are left over wide areas; taken for
noise they would hide whoever walks in them."""
NEAR = 4
"""Close by: so many pixels farther along the row and down the column, which is beyond most blocks and blotches of
coding and noise reduction."""
FUTILE_S, FUTILE_EVERY_S = 10.0, 1.0
"""Motion in which for so long nobody was found (rain, a tree, insects at the lamp), pauses of up to the same included,
is looked at this often only..."""
USUAL_S, UNUSUAL = 5.0, 4.0
"""... unless more moves than usual by this many standard deviations; time constant of mean and variance."""
SAME_PIXELS, SAME_SHARE = 3, 0.5
"""A picture is the same as another one, from which fewer pixels differ by this share of the threshold, and fewer than
open the gate. It is compared with the very one in which a look showed nobody, so whoever comes too slowly for the
background or too faintly to open the gate, or other light, makes it another."""
PROVEN_S = 2.0
"""Where looks have shown nobody in the same picture for so long, it is the background, and the gate closes: what has
left would otherwise seem to move until the background has followed, and is looked for until hold_s after that. Not
less than trackers remember whom they do not see."""
MOST_RARELY = 6
"""After each refreshing look at the same picture, in which nobody was, the next comes twice as late, up to so many
times refresh_s."""


@dataclass(frozen=True, slots=True)
class Decision:
    """always: the gate is switched off. first: nothing known yet. motion: something moves now. hold: something moved
    within hold_s. refresh: nobody has looked for refresh_s, or longer where the picture is the same and was empty.
    confirm: the last look was not settled. futile: what moves has long been nobody; looked at once in FUTILE_EVERY_S.
    idle: nothing to look at.

    area: share of the picture that moved. moved: which pixels of the luma; None where nobody compared. barren: the
    picture is the same as one in which a look has shown nobody."""

    detect: bool
    reason: Reason
    area: float = 0.0
    moved: NDArray[np.bool_] | None = field(default=None, compare=False)
    barren: bool = False


@dataclass(slots=True)
class _Empty:
    """A picture in which a look showed nobody. since: seconds. proven: see PROVEN_S. rarely: how many times refresh_s
    until the next look."""

    luma: Image
    since: float
    proven: bool = False
    rarely: int = 1


class MotionGate:
    """One camera's gate. `t` must not go back. patient: whether it may look less often at what moves for nothing."""

    def __init__(self, spec: MotionSpec, *, patient: bool = True) -> None:
        self._spec = spec
        self._patient = patient
        self._background: NDArray[np.float32] | None = None
        self._t = 0.0
        self._moved = float("-inf")
        self._looked = float("-inf")
        self._unsettled = float("-inf")
        self._futile: float | None = None
        self._usual = self._variance = 0.0
        self._luma: Image | None = None
        self._empty: _Empty | None = None
        self._compared = float("-inf")

    def decide(self, luma: Image, t: float, patience: float = 1.0) -> Decision:
        """Whether to look at the frame whose luma (h, w) this is; takes it into the background either way. patience:
        above 1 where there is too much to do: looks for refreshment come so many times later than refresh_s, and where
        one look has shown nobody, the same picture is not looked at again."""
        if not self._spec.enabled:
            return Decision(True, "always")
        first = self._background is None or self._background.shape != luma.shape
        moved = None if first else self._advance(luma, t)
        area = 0.0 if moved is None else float(np.mean(moved))
        if first:
            self._background = luma.astype(np.float32)
        self._luma = luma
        detect, reason = self._reason(area, t, first, patience)
        decision = Decision(detect, reason, area, moved, reason in ("motion", "hold") and self._empty is not None)
        self._t = t
        if decision.detect:
            self._looked = self._compared = t
        return decision

    def unsettled(self, until: float) -> None:
        """Keep looking until then, though nothing moves: the last look contradicted what was known."""
        self._unsettled = until

    def showed(self, *, nobody: bool, whole: bool) -> None:
        """What a look at the latest frame, or at the whole of it, has shown. nobody: not even doubtfully."""
        if not nobody or self._luma is None:
            self._empty = None
        elif (empty := self._unchanged()) is not None:
            if not empty.proven and reached(self._t - empty.since, PROVEN_S):
                empty.proven, self._background = True, self._luma.astype(np.float32)
        elif whole and self._patient:
            self._empty = _Empty(self._luma, self._t)

    def _reason(self, area: float, t: float, first: bool, patience: float) -> tuple[bool, Reason]:
        if first:
            self._moved = t
            return True, "first"
        moves = area >= self._spec.min_area
        if moves:
            self._moved = t
        if moves or not exceeded(t - self._moved, self._spec.hold_s):
            self._empty = self._unchanged()
            if self._empty is not None and (self._empty.proven or patience > 1.0):
                return False, "idle"
            return self._worth(area, t, "motion" if moves else "hold")
        if exceeded(t - self._moved, self._spec.hold_s + FUTILE_S):
            self._futile = None
        if t <= self._unsettled:
            return True, "confirm"
        if reached(t - self._compared, patience * self._spec.refresh_s):
            self._compared = t
            empty = self._unchanged()
            if empty is None:
                return True, "refresh"
            if reached(t - self._looked, empty.rarely * self._spec.refresh_s):
                empty.rarely = min(2 * empty.rarely, MOST_RARELY)
                return True, "refresh"
        return False, "idle"

    def _unchanged(self) -> _Empty | None:
        """The picture in which nobody was, while the latest is the same."""
        empty = self._empty
        if empty is None or self._luma is None or empty.luma.shape != self._luma.shape:
            return None
        apart = np.abs(self._luma.astype(np.int16) - empty.luma)
        differing = int(np.count_nonzero(apart > SAME_SHARE * self._spec.threshold))
        same = differing < SAME_PIXELS and differing / apart.size < self._spec.min_area
        return empty if same else None

    def found(self) -> None:
        """A look has shown somebody: whatever moves is worth looking at."""
        self._futile = None

    def _worth(self, area: float, t: float, reason: Reason) -> tuple[bool, Reason]:
        """Whether to look at something that moves."""
        if self._futile is None:
            self._futile, self._usual, self._variance = t, area, 0.0
        apart = area - self._usual
        unusual = apart > UNUSUAL * sqrt(self._variance) + self._spec.min_area
        weight = 1.0 - exp(-max(t - self._t, 0.0) / USUAL_S)
        self._usual += weight * apart
        self._variance = (1.0 - weight) * (self._variance + weight * apart * apart)
        if not self._patient or unusual or t <= self._unsettled or not reached(t - self._futile, FUTILE_S):
            return True, reason
        return reached(t - self._looked, FUTILE_EVERY_S), "futile"

    def _advance(self, luma: Image, t: float) -> NDArray[np.bool_]:
        """The pixels that moved. The background follows at a speed that does not depend on the frame rate."""
        assert self._background is not None
        now = luma.astype(np.float32)
        explained = _relit(self._background, now, self._spec.threshold)
        rest = now - explained
        apart = np.abs(rest)
        moved: NDArray[np.bool_] = apart > self._spec.threshold
        if moved.any():
            moved &= apart > NOISE * _noise(rest)
        weight = np.float32(1.0 - np.exp(-max(t - self._t, 0.0) / BACKGROUND_S))
        self._background = explained + weight * (now - explained)
        return moved


def _noise(rest: NDArray[np.float32]) -> float:
    """Standard deviation, in grey levels, of the noise in a picture (h, w) of differences."""
    apart = rest[NEAR:, NEAR:] - rest[:-NEAR, :-NEAR]
    return 1.4826 / sqrt(2) * float(np.median(np.abs(apart))) if apart.size else 0.0


def _relit(background: NDArray[np.float32], now: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    """The background under the light of `now`: of four explanations the one that fits most pixels (as of RANSAC's
    samples, Fischler and Bolles 1981), fitted once more to those. A large object spoils the fit to all pixels; it
    leaves the light as it was, or the median of the differences or of the ratios."""
    few, seen = background[::2, ::2], now[::2, ::2]
    gain, offset = 1.0, 0.0
    unchanged = _fitting(few, seen, (gain, offset), threshold)
    if unchanged < PLAIN * few.size:
        ratio = float(np.median(seen / np.maximum(few, 1.0)))
        guesses = (
            (1.0, 0.0),
            (1.0, float(np.median(seen - few))),
            (min(max(ratio, 1 / MAX_GAIN), MAX_GAIN), 0.0),
            _line(background, now),
        )
        gain, offset = max(guesses, key=lambda guess: _fitting(few, seen, guess, threshold))
    lit = background if (gain, offset) == (1.0, 0.0) else np.asarray(gain * background + offset, np.float32)
    fits = np.abs(now - lit) <= threshold
    if 0.5 <= float(np.count_nonzero(fits)) / fits.size < 1.0:
        gain, offset = _line(background[fits], now[fits])
        lit = np.asarray(gain * background + offset, np.float32)
    return lit


def _fitting(
    background: NDArray[np.float32], now: NDArray[np.float32], light: tuple[float, float], threshold: float
) -> int:
    """How many pixels a gain and offset explain."""
    gain, offset = light
    return int(np.count_nonzero(np.abs(now - (gain * background + offset)) <= threshold))


def _line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float]:
    """Gain and offset by least squares."""
    mean_x, mean_y = float(x.mean()), float(y.mean())
    spread = float(((x - mean_x) ** 2).mean())
    gain = float(((x - mean_x) * (y - mean_y)).mean()) / spread if spread > 1.0 else 1.0
    gain = min(max(gain, 1 / MAX_GAIN), MAX_GAIN)
    return gain, mean_y - gain * mean_x
