"""What a resting camera's keyframes are decoded for, whatever sizes its packets have and however they come."""

import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import av.error
import pytest

from edge_agent.adapters.source_decode import FrameSampler
from edge_agent.adapters.source_selective import DecodeControl, SelectiveDecoder
from edge_agent.core.decode_policy import REMEMBERED_GAPS, DecodeTarget
from edge_agent.core.packet_sizes import FORETOLD, GROUPS, KNOWN

FPS, GOP, GLANCE_S = 25, 25, 4.0
KEY, STILL, MOVING = 120_000, 600, 750


@dataclass(frozen=True, slots=True)
class Packet:
    number: int
    size: int
    is_keyframe: bool
    broken: bool = False


@dataclass(slots=True)
class Decoder:
    """Gives each packet back as its picture."""

    skip_frame: str = "DEFAULT"

    def decode(self, packet: Packet | None) -> list[Packet]:
        if packet is not None and packet.broken:
            raise av.error.InvalidDataError(0, "broken")
        return [] if packet is None else [packet]

    def flush_buffers(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Camera:
    """Keyframes and what follows them through a SelectiveDecoder. `moves`: whether the camera wakes once it is shown a
    packet of now or later; it rests again when nothing moves."""

    glance_s: float = GLANCE_S
    t: float = 0.0
    number: int = 0
    moving_since: int | None = None
    shown: list[tuple[float, int]] = field(default_factory=list)
    """When, and of which packet, while it rested."""
    control: DecodeControl = field(default_factory=lambda: DecodeControl("auto"))
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    decoder: Any = None

    def __post_init__(self) -> None:
        self.control.target = DecodeTarget(0.0, 2.0, self.glance_s)
        self.decoder = SelectiveDecoder(Decoder(), self.control, lambda _: True, 1 / FPS, lambda: self.t)

    def packet(self, size: float, key: bool = False, *, apart: float = 1 / FPS, broken: bool = False) -> None:
        rests = self.control.target.rest_s > 0
        try:
            pictures = self.decoder.feed(Packet(self.number, round(size), key, broken), 0.03) or []
        except av.error.InvalidDataError:
            pictures = []
        for picture in pictures:
            if rests:
                self.shown.append((self.t, picture.number))
            moves = self.moving_since is not None and picture.number >= self.moving_since
            self.control.target = DecodeTarget(0.0, 0.0 if moves else 2.0, self.glance_s)
        self.number += 1
        self.t += apart

    def group(self, packets: float = STILL, count: int = GOP, key: float = KEY) -> None:
        self.packet(key, key=True)
        for _ in range(count - 1):
            self.packet(packets * self.chance.uniform(0.97, 1.03))

    def walk(self, packets: float = MOVING) -> None:
        self.moving_since = self.number
        for _ in range(4):
            self.group(packets)
        self.moving_since = None

    def still(self, seconds: int) -> int:
        """So many seconds; how many pictures it was shown."""
        before = len(self.shown)
        for _ in range(seconds):
            self.group()
        return len(self.shown) - before


@pytest.fixture
def taught() -> Camera:
    camera = Camera()
    teach(camera)
    assert camera.still(40) == 10
    return camera


def teach(camera: Camera) -> None:
    camera.still(KNOWN + 5)
    for _ in range(FORETOLD):
        camera.walk()
        camera.still(5)


def test_a_keyframe_that_could_not_be_decoded_has_shown_nothing(taught: Camera) -> None:
    taught.group(MOVING)
    taught.packet(KEY, key=True, broken=True)
    for _ in range(GOP - 1):
        taught.packet(STILL)
    before = len(taught.shown)
    taught.packet(KEY, key=True)
    assert len(taught.shown) == before + 1


def test_who_came_after_a_keyframe_that_was_looked_at_late_is_shown_by_the_next(taught: Camera) -> None:
    """He comes with packets 4 to 7 and stands still from then on: the group as a whole is nearly as ever."""
    taught.still(1)
    before = len(taught.shown)
    first = taught.number
    taught.packet(KEY, key=True)
    for number in range(1, GOP):
        taught.packet(1.141 * STILL if 4 <= number < 8 else STILL)
    assert [number for _, number in taught.shown[before:]] == [first]
    taught.packet(KEY, key=True)
    assert [number for _, number in taught.shown[before:]] == [first, first + GOP]


@pytest.mark.parametrize("count", [1, 2])
def test_of_a_few_groups_cut_short_the_others_are_still_compared_as_a_whole(taught: Camera, count: int) -> None:
    """Another viewer asks the camera for a keyframe, or a lamp is switched on."""
    taught.still(5)
    taught.group(count=count)
    taught.still(3)
    assert taught.still(20) == 5
    while not taught.still(1):
        pass
    taught.packet(KEY, key=True)
    for number in range(1, GOP):
        taught.packet(MOVING if number >= 12 else STILL)
    before = len(taught.shown)
    taught.packet(KEY, key=True)
    assert len(taught.shown) == before + 1


def test_who_wakes_a_camera_of_which_all_is_decoded_was_not_foretold() -> None:
    """Keyframes have become too far apart to rest at; what the last that was decoded by itself foretold was not him."""
    camera = Camera()
    camera.still(KNOWN + 5)
    camera.group(MOVING)
    for _ in range(FORETOLD):
        camera.group(count=4 * GOP)
        camera.moving_since = camera.number + GOP
        camera.group(count=4 * GOP)
        camera.moving_since = None
    camera.group(count=4 * GOP)
    camera.still(REMEMBERED_GAPS)
    assert camera.still(40) == 40


@pytest.mark.parametrize("seconds", [0.36, 0.52, 1.0, 1.6, 1.96])
def test_the_keyframe_nearest_to_a_glance_is_looked_at_however_unevenly_packets_come(
    taught: Camera, seconds: float
) -> None:
    """Of a stream whose sizes say that nothing ever changes."""
    count = round(seconds * FPS)
    for _ in range(3 * GROUPS):
        taught.group(count=count)
    before = len(taught.shown)
    for _ in range(100):
        taught.packet(KEY, key=True, apart=(1 + taught.chance.uniform(-1, 1)) / FPS)
        for _ in range(count - 1):
            taught.packet(STILL)
    gaps = [late - soon for (soon, _), (late, _) in pairwise(taught.shown[before:])]
    assert max(gaps) <= GLANCE_S + seconds / 2 + 0.1
    assert min(gaps) >= GLANCE_S - seconds / 2 - 0.1


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_a_resting_camera_is_looked_at_and_no_keyframe_is_lost_count_of(
    taught: Camera, seed: int
) -> None:
    """Groups of any length that lets it rest, packets of any size or as ever, broken keyframes, bursts and stalls."""
    chance = random.Random(seed)
    for _ in range(300):
        usual, broken = chance.random() < 0.8, chance.random() < 0.02
        count = GOP if chance.random() < 0.7 else chance.randint(1, 50)
        apart = chance.choice((0.0, 0.5, 1.0, 1.0, 1.0)) / FPS
        keys, shown, spared = taught.number, len(taught.shown), taught.control.spared
        taught.packet(KEY if usual else chance.randint(1, 10**6), key=True, apart=apart, broken=broken)
        for _ in range(count - 1):
            size = STILL * chance.uniform(0.97, 1.03) if usual else chance.randint(1, 2_000)
            taught.packet(size, apart=apart)
        new = taught.shown[shown:]
        assert [number for _, number in new] in ([], [keys])
        assert taught.control.spared - spared in (0, 1)
    gaps = [late - soon for (soon, _), (late, _) in pairwise(taught.shown)]
    assert max(gaps) <= GLANCE_S + 2 * 2.0
    assert taught.control.spared > 30


def test_each_keyframe_that_is_decoded_is_delivered_to_a_host_with_little_time(taught: Camera) -> None:
    """Every other keyframe: what is decoded and not delivered would count as shown."""
    sampler = FrameSampler(0.5, 0.5)
    taught.glance_s, taught.control.target = 0.0, DecodeTarget(0.5, 2.0)
    taught.decoder = SelectiveDecoder(
        Decoder(), taught.control, lambda within: sampler.would_take(taught.t + within), 1 / FPS, lambda: taught.t
    )
    delivered = []
    for _ in range(100):
        before = len(taught.shown)
        taught.packet(KEY, key=True, apart=(1 + taught.chance.uniform(-0.5, 0.5)) / FPS)
        delivered += [sampler.take(t) for t, _ in taught.shown[before:]]
        for _ in range(GOP - 1):
            taught.packet(STILL)
    assert len(delivered) > 20
    assert all(delivered)
