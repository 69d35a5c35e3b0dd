"""The scenes of the demo: seven cameras at three places, all of one length, so that their loops stay in step.

What happens, in seconds of the loop:

- Old town: a group of eight walks past the first camera (3-22), then the second (20-39), and gathers before the third
  (38-64): a crowd in three cameras within a minute.
- Market yard at dusk: somebody crosses the gate's yard (8-22) and then stands at the store behind it (26-46).
- Terminal: somebody waits at the bus stop (6-50) while buses pass; people cross the road at the zebra crossing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simulator.ground import Ground
from simulator.scene import Actor, Scene, Waypoint
from simulator.sprites import PEOPLE, TINTS, Look
from simulator.street import Light, Street

DURATION = 70.0
FPS = 6
WALK = 1.0
"""Metres a second of a group that strolls."""
GROUND = Ground()
SQUARE = Street(road=None, facade=36.0)
Path = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """Actors with ids in order. Grows by returning a new value."""

    seed: int
    actors: tuple[Actor, ...] = ()

    def add(self, path: Path, look: Look | None = None) -> "Cast":
        """One actor along (t, x, z) points; without a look, a person in clothes that follow from seed and number."""
        number = len(self.actors)
        if look is None:
            rng = np.random.default_rng([self.seed, number])
            look = Look(
                PEOPLE[int(rng.integers(len(PEOPLE)))],
                height_m=round(float(rng.uniform(1.58, 1.86)), 2),
                tint=int(rng.integers(TINTS)),
            )
        return Cast(self.seed, (*self.actors, Actor(number, look, tuple(Waypoint(*point) for point in path))))

    def passers_by(self, count: int, depths: Iterable[float]) -> "Cast":
        """People who walk across the whole picture at one of `depths` (z), in either direction, somewhen."""
        rng = np.random.default_rng([self.seed, 99])
        choices = tuple(depths)
        cast = self
        for number in range(count):
            z = choices[number % len(choices)] + float(rng.uniform(-0.6, 0.6))
            edge = reach(z)
            side = 1.0 if rng.random() < 0.5 else -1.0
            begin = float(rng.uniform(0, DURATION - 15))
            walk = 2 * edge / float(rng.uniform(1.1, 1.5))
            cast = cast.add(((begin, -side * edge, z), (begin + walk, side * edge, z)))
        return cast

    def bus(self, begin: float, z: float, left: bool = False) -> "Cast":
        edge = reach(z) + 4
        side = -1.0 if left else 1.0
        return self.add(
            ((begin, -side * edge, z), (begin + 2 * edge / 6.0, side * edge, z)),
            Look("bus", "bus", 2.9, tint=self.seed % 3),
        )

    def scene(self, name: str, street: Street) -> Scene:
        return Scene(name, self.seed, self.actors, DURATION, FPS, GROUND, street)


def reach(z: float) -> float:
    """How far from the axis (metres) a person at distance z has just left the picture."""
    return GROUND.width / 2 / GROUND.scale(z) + 0.6


def demo_scenes(seed: int = 1) -> tuple[Scene, ...]:
    """The seven scenes, by camera name; the same for the same seed."""
    return (
        _group_passes(seed * 100 + 1, "kota-1", 3.0, Street(road=(18.0, 25.0), crossing=-6.0)),
        _group_passes(seed * 100 + 2, "kota-2", 20.0, Street(road=(19.0, 26.0), crossing=None, facade=35.0)),
        _group_gathers(seed * 100 + 3, "kota-3"),
        _trespass_at_gate(seed * 100 + 4, "gerbang"),
        _trespass_at_store(seed * 100 + 5, "gudang"),
        _bus_stop(seed * 100 + 6, "halte"),
        _crossing(seed * 100 + 7, "zebra"),
    )


def _spots(seed: int, count: int, width: float, depth: float) -> list[tuple[float, float]]:
    """Offsets (x, z) of a group's members, spread so that few hide each other."""
    rng = np.random.default_rng([seed, 7])
    columns = (count + 1) // 2
    return [
        (
            (number % columns) * width / columns + (0.45 if number >= columns else 0.0) + float(rng.uniform(-0.1, 0.1)),
            (number // columns) * depth + float(rng.uniform(-0.3, 0.3)),
        )
        for number in range(count)
    ]


def _group_passes(seed: int, name: str, begin: float, street: Street) -> Scene:
    cast = Cast(seed)
    for x, z in _spots(seed, 8, 5.2, 2.2):
        depth = 12.0 + z
        edge = reach(depth)
        cast = cast.add(((begin, -edge - x, depth), (begin + (2 * edge + 5.2) / WALK, edge + 5.2 - x, depth)))
    return cast.passers_by(2, (16.0,)).bus(50.0, 22.5).scene(name, street)


def _group_gathers(seed: int, name: str) -> Scene:
    cast = Cast(seed)
    for x, z in _spots(seed, 8, 7.0, 2.6):
        depth, place, edge = 12.5 + z, x - 3.3, reach(12.5 + z)
        arrive = 38.0 + (place + edge) / WALK
        cast = cast.add(
            (
                (38.0, -edge, depth),
                (arrive, place, depth),
                (58.0, place, depth),
                (58.0 + (edge - place) / 1.4, edge, depth),
            )
        )
    return cast.passers_by(3, (18.0, 22.0)).scene(name, SQUARE)


def _dusk(street: Street) -> Street:
    light: Light = "dusk"
    return Street(street.road, street.crossing, street.facade, light)


def _trespass_at_gate(seed: int, name: str) -> Scene:
    cast = Cast(seed).add(((8.0, -reach(17.0), 17.0), (15.0, -1.0, 15.0), (22.0, reach(15.5), 15.5)))
    return cast.passers_by(2, (9.5,)).scene(name, _dusk(SQUARE))


def _trespass_at_store(seed: int, name: str) -> Scene:
    cast = Cast(seed).add(
        ((26.0, -reach(14.0), 14.0), (32.0, 1.5, 16.0), (42.0, 1.5, 16.0), (47.0, -reach(14.0), 14.0))
    )
    return cast.passers_by(1, (9.5,)).scene(name, _dusk(Street(road=None, facade=26.0)))


def _bus_stop(seed: int, name: str) -> Scene:
    cast = Cast(seed).add(((6.0, -reach(13.0), 13.0), (11.0, 2.0, 13.0), (50.0, 2.0, 13.0), (55.0, reach(13.0), 13.0)))
    cast = cast.bus(14.0, 21.0).bus(38.0, 21.0)
    return cast.passers_by(3, (11.0, 15.0)).scene(name, Street(road=(17.0, 25.0), crossing=None))


def _crossing(seed: int, name: str) -> Scene:
    cast = Cast(seed)
    for begin, x in ((4.0, 0.9), (10.0, -0.9), (32.0, 0.2)):
        cast = cast.add(((begin, x, 5.0), (begin + 16, x, 25.0), (begin + 22, 8.0, 28.0)))
    return cast.passers_by(2, (28.0,)).bus(28.0, 19.5, left=True).scene(name, Street(road=(15.0, 23.5), crossing=0.0))
