"""Sizes of packets are believed only of streams that have shown what they say, and then spare keyframes, no motion."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.packet_sizes import DISTRUST_S, FORETOLD, KNOWN, PacketSizes

GOP = 25
GLANCE_S = 4.0
KEY, STILL, MOVING = 120_000.0, 600.0, 750.0
"""Bytes of a keyframe and of what follows it where a coder works to a quality, as measured with somebody 40 pixels
high in a 720p picture."""


class Camera:
    """One second a group of pictures; wakes up with the keyframe that shows what moves, decoded when it came or when a
    packet after it said that something has changed."""

    def __init__(self, swing: float = 0.0, noise: float = 0.0, seed: int = 1) -> None:
        """swing: by which share of it all packets of a group vary together. noise: bytes of a sensor's noise in
        packets from the fifth on, varying by a half from group to group."""
        self.sizes = PacketSizes()
        self.t = 0.0
        self.resting = True
        self.chance = random.Random(seed)
        self.swing = swing
        self.noise = noise
        self.before = False
        self.looked: int | None = None
        """After how many packets of its group the last keyframe was decoded."""

    def second(self, packet: float, key: float = KEY, *, moves: bool = False) -> bool:
        """A keyframe, which shows what moved in the second before, and what follows it; whether it was decoded."""
        self.sizes.see(round(key), True, self.resting)
        decoded = not (self.resting and self.sizes.nothing_new(self.t, GLANCE_S))
        if decoded:
            self._look()
        self.looked = 0 if decoded else None
        packet *= 1 + self.chance.uniform(-1, 1) * self.swing
        noise = self.noise * self.chance.uniform(0.5, 1.5)
        for number in range(1, GOP):
            size = packet * self.chance.uniform(0.97, 1.03) + noise * (number > 4)
            self.sizes.see(round(size), False, self.resting)
            if self.looked is None and self.sizes.another:
                self.looked = number
                self._look()
        self.t += 1.0
        self.before = moves
        return self.looked is not None

    def _look(self) -> None:
        self.sizes.decoded(self.t)
        if self.before and self.resting:
            self.sizes.woke(self.t)
        self.resting = not self.before

    def still(self, seconds: int, packet: float = STILL) -> list[bool]:
        return [self.second(packet) for _ in range(seconds)]

    def walk(self, seconds: int = 4, packet: float = MOVING) -> list[bool]:
        return [self.second(packet, moves=True) for _ in range(seconds)]


def taught(walks: int = FORETOLD, noise: float = 0.0) -> Camera:
    camera = Camera(noise=noise)
    camera.still(KNOWN + 2)
    for _ in range(walks):
        camera.walk()
        camera.still(3)
    return camera


def shares(decoded: Iterable[bool]) -> float:
    told = list(decoded)
    return sum(told) / len(told)


def test_of_a_stream_that_has_foretold_motion_one_keyframe_in_glance_s_is_decoded() -> None:
    assert shares(taught().still(80)) == pytest.approx(1 / GLANCE_S)


def test_where_only_the_first_packets_are_free_of_noise_they_are_believed() -> None:
    camera = taught(noise=6_000.0)
    assert shares(camera.still(80)) == pytest.approx(1 / GLANCE_S)
    for _ in range(10):
        camera.still(21)
        camera.before = True  # came unnoticed among noisy packets
        assert camera.second(MOVING, moves=True)
        assert camera.looked is not None
        assert camera.looked <= 3
        assert not camera.resting
        camera.still(3)


def test_it_wakes_with_the_next_keyframe_all_the_same() -> None:
    camera = taught()
    for pause in range(20, 30):
        camera.still(pause)
        camera.second(MOVING, moves=True)
        assert camera.second(MOVING, moves=True)
        assert not camera.resting
        camera.still(3)


def test_who_comes_just_before_a_keyframe_is_seen_in_it_a_few_packets_later() -> None:
    camera = taught()
    for _ in range(3):
        camera.still(20)
        camera.before = True
        assert camera.second(MOVING, moves=True)
        assert camera.looked is not None
        assert camera.looked <= 7
        assert not camera.resting
        camera.still(3)
    assert shares(camera.still(80)) == pytest.approx(1 / GLANCE_S)


def test_every_keyframe_is_decoded_until_enough_motion_was_foretold() -> None:
    assert shares(taught(FORETOLD - 1).still(40)) == 1.0


def test_who_was_woken_without_notice_is_not_believed_for_long_and_must_foretell_anew() -> None:
    camera = taught()
    camera.walk(packet=STILL)
    camera.still(3)
    assert shares(camera.still(round(DISTRUST_S))) == 1.0
    assert shares(camera.still(40)) == 1.0
    for _ in range(FORETOLD):
        camera.walk()
        camera.still(3)
    assert shares(camera.still(80)) < 0.3


@pytest.mark.parametrize(
    ("still", "moving", "swing"), [(4_000.0, 4_000.0, 0.0), (3_000.0, 4_000.0, 0.0), (600.0, 1_200.0, 0.4)]
)
def test_coders_that_work_to_a_rate_or_whose_sizes_jump_are_not_believed(
    still: float, moving: float, swing: float
) -> None:
    camera = Camera(swing)
    for _ in range(10):
        camera.still(20, still)
        camera.walk(packet=moving)
    assert shares(camera.still(40, still)) > 0.9


def test_streams_of_keyframes_only_are_not_believed() -> None:
    sizes = PacketSizes()
    for n in range(200):
        sizes.see(50_000, True, True)
        assert not sizes.nothing_new(n / 25, GLANCE_S)
        sizes.decoded(n / 25)


@pytest.mark.parametrize(("packet", "key"), [(STILL / 3, KEY), (STILL, 0.8 * KEY), (STILL, 1.2 * KEY)])
def test_a_covered_lens_a_repeated_picture_and_another_light_are_looked_at_at_once(packet: float, key: float) -> None:
    camera = taught()
    camera.still(11)
    camera.second(packet, key)
    assert camera.second(packet, key)


def test_of_a_camera_whose_usual_sizes_change_the_new_ones_become_usual() -> None:
    camera = taught()
    assert shares(camera.still(10, 1.5 * STILL)) >= 0.9
    camera.still(30, 1.5 * STILL)
    assert shares(camera.still(40, 1.5 * STILL)) == pytest.approx(1 / GLANCE_S)


def test_all_are_decoded_where_the_config_says_so() -> None:
    camera = taught()
    camera.still(5)
    assert not camera.sizes.nothing_new(camera.t, 0.0)


def test_groups_of_other_lengths_are_compared_place_by_place() -> None:
    sizes, chance, decoded = PacketSizes(), random.Random(3), 0
    for second in range(300):
        walks = second > 20 and second % 40 < 4
        sizes.see(round(KEY), True, not walks)
        if walks and second % 40 == 1:
            sizes.woke(float(second))
        new = not sizes.nothing_new(float(second), GLANCE_S)
        if new:
            sizes.decoded(float(second))
        decoded += new and second > 200 and second % 40 >= 15
        for _ in range(chance.randint(GOP - 10, GOP + 10)):
            sizes.see(round((MOVING if walks else STILL) * chance.uniform(0.97, 1.03)), False, not walks)
    assert decoded == pytest.approx(55 / GLANCE_S, abs=3)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.booleans(), st.booleans()), max_size=400))
def test_whatever_comes_each_keyframe_is_decoded_until_motion_was_foretold(
    packets: list[tuple[int, bool, bool]],
) -> None:
    sizes = PacketSizes()
    for n, (size, key, rests) in enumerate(packets * 3):
        sizes.see(size, key, rests)
        if key:
            assert not sizes.nothing_new(n / GOP, GLANCE_S)
            sizes.decoded(n / GOP)
