"""What lights up for one look, and what a brawl rule makes of a picture full of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from edge_agent.core.rules.brawl import COMMON, LIT, MOST_COMMON, MOST_LIT, STEEP, Brawl, BrawlRule
from edge_agent.core.rules.brawl_features import MOTION, Evidence
from edge_agent.core.rules.brawl_flashes import FAINT, Flash, Flashes
from edge_agent.core.rules.brawl_model import PARTS, BrawlModel, probability
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.tracks import Figure, FigureId, View
from edge_agent.core.types import Image

SIZE = 90, 160
GROUND = 60


def ground() -> Image:
    return np.full(SIZE, GROUND, np.uint8)


def with_block(level: int, x: int, y: int = 40, wide: int = 8) -> Image:
    picture = ground()
    picture[y : y + wide, x : x + wide] = level
    return picture


def seen(pictures: Sequence[Image]) -> list[Flash]:
    flashes = Flashes()
    return [flashes.see(one) for one in pictures]


def shares(pictures: Sequence[Image]) -> tuple[float, float]:
    """Of what changes: lit for one look, and gone one way."""
    lit, common, change = np.array(seen(pictures)).sum(axis=0)
    return float(lit / change), float(common / change)


def test_a_streak_that_is_there_for_one_look_lights_up() -> None:
    """8 x 8 pixels, 150 levels brighter; it goes as it came, and the change of the look after it counts."""
    lit, _, change = seen([ground(), with_block(GROUND + 150, 20), ground()])[2]
    assert lit == pytest.approx(150 * 64 / ground().size)
    assert change == pytest.approx(lit)


def test_what_is_darker_for_one_look_counts_against_it() -> None:
    lit, *_ = seen([ground(), with_block(GROUND - 50, 20), ground()])[2]
    assert lit == pytest.approx(-50 * 64 / ground().size)


def test_what_comes_to_stay_or_goes_changes_and_does_not_light_up() -> None:
    came = [ground(), ground(), with_block(200, 20), with_block(200, 20), ground(), ground()]
    told = seen(came)
    assert [one.lit for one in told] == [0.0] * 6
    assert sum(one.change for one in told) > 0


def test_who_sways_before_the_ground_is_as_often_darker_as_brighter() -> None:
    """Light and dark clothes, by turns here and there."""
    pictures = []
    for n in range(20):
        picture = with_block(120, 20 + 8 * (n % 2))
        picture[10:18, 60 + 8 * (n % 2) :][:, :8] = 0
        pictures.append(picture)
    lit, common = shares(pictures)
    assert abs(lit) < LIT
    assert common < COMMON


def test_swarming_insects_are_above_the_usual() -> None:
    chance = np.random.default_rng(3)
    night = [with_block(230, int(chance.integers(0, 150)), int(chance.integers(0, 80)), 4) for _ in range(20)]
    lit, common = shares(night)
    assert lit == pytest.approx(0.5, abs=0.02)
    assert common < COMMON


def test_a_lamp_that_flashes_lights_all_of_it_up_one_way() -> None:
    """For several looks each time, so that little of it is lit for one look only."""
    levels = [0, 80, 60, 40, 20, 0, 0, 90, 70, 50, 30, 10, 0, 0]
    lit, common = shares([with_block(20, 10 * n) + np.uint8(level) for n, level in enumerate(levels)])
    assert lit < 0.5
    assert common > 0.9


def test_noise_and_another_size_are_nothing() -> None:
    chance = np.random.default_rng(1)
    noisy = [(ground() + chance.integers(0, FAINT + 1, SIZE)).astype(np.uint8) for _ in range(6)]
    assert seen(noisy) == [Flash()] * 6
    flashes = Flashes()
    for one in (ground(), with_block(200, 20), ground()[:, :80], with_block(200, 20)[:, :80]):
        assert flashes.see(one) == Flash()


def test_what_was_forgotten_is_compared_with_nothing() -> None:
    flashes = Flashes()
    flashes.see(ground())
    flashes.see(with_block(200, 20))
    flashes.forget()
    assert flashes.see(ground()) == Flash()


DEEP = 3
BOXES = np.array([[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]])
TWO = tuple(
    Figure(FigureId(n), "person", (x, 0.2, x + 0.1, 0.6), 0.9, (x, 0.6), (x, 0.6)) for n, x in enumerate((0.1, 0.2))
)


@dataclass
class Told:
    """A looker that always answers with the same evidence in the first window."""

    flash: Flash
    odds: float = 14.0

    def look(self, view: View, people: Sequence[Figure]) -> Evidence | None:
        rows = np.zeros((2, DEEP + len(MOTION)), np.float32)
        rows[0, 0] = self.odds
        return Evidence(view.t, rows, BOXES, self.flash)

    def forget(self) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize(
    ("flash", "doubt"),
    [
        (Flash(), 0.0),
        (Flash(-1.0, 0.0, 4.0), 0.0),
        (Flash(LIT, COMMON, 1.0), 0.0),
        (Flash(LIT + 0.05, 0.0, 1.0), STEEP * 0.05),
        (Flash(0.0, 2 * COMMON + 0.1, 2.0), STEEP * 0.05),
        (Flash(4.0, 0.0, 10.0), MOST_LIT),
        (Flash(4.0, 9.0, 10.0), MOST_LIT + MOST_COMMON),
    ],
)
def test_a_picture_in_which_much_lights_up_tells_less(flash: Flash, doubt: float) -> None:
    ones = np.ones(DEEP + len(MOTION), np.float32)
    model = BrawlModel(0 * ones, ones, ones, -4.0, np.zeros(len(PARTS), np.float32))
    step = Brawl(BrawlRule(id="b", threshold=0.99), WHOLE, model, Told(flash))  # so that none begins
    for n in range(10):
        step.step(View(n / 5, TWO, 1.0))
    assert step.score == pytest.approx(probability(14.0 / 2 - 4.0 - doubt), abs=1e-5)


def test_a_brawl_that_goes_on_is_not_over_when_the_police_come_and_none_begins_under_their_lights() -> None:
    ones = np.ones(DEEP + len(MOTION), np.float32)
    model = BrawlModel(0 * ones, ones, ones, -4.0, np.zeros(len(PARTS), np.float32))
    dark, flashing = Flash(), Flash(0.0, 8.0, 10.0)
    told: dict[bool, list[bool]] = {}
    for fought_before in (True, False):
        looker = Told(dark, 14.0 if fought_before else 0.0)
        step = Brawl(BrawlRule(id="b"), WHOLE, model, looker)
        said = []
        for n in range(60):
            if n == 20:
                looker.flash, looker.odds = flashing, 14.0
            said.append(bool(step.step(View(n / 5, TWO, 1.0))))
        told[fought_before] = said
    assert any(told[True][:20])
    assert all(told[True][20:])
    assert not any(told[False])
