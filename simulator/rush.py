"""Scenes of a square where people stroll, and then run one way or asunder, or only seem to: synthetic cases for
`crowd_rush`, each from its seed."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from simulator.scene import Scene
from simulator.scenes import GROUND, SQUARE, Cast

Rush = Literal["one_way", "asunder"]
Calm = Literal["stroll", "depart", "one_runner", "bus"]
RUSHES: tuple[Rush, ...] = get_args(Rush)
CALMS: tuple[Calm, ...] = get_args(Calm)
"""depart: everybody stands, then walks off one way (a light turns green). one_runner: one of them runs. bus: it drives
past close behind them."""

STROLL, RUN = 1.2, 4.0
"""Metres a second."""
STEP_S = 0.5
NEAR, FAR, SIDE = 9.0, 20.0, 5.0
"""Where they stroll: metres from the camera, and to each side."""


def rush_scene(kind: Rush | Calm, seed: int, people: int = 12, begin: float = 14.0, fps: int = 5) -> Scene:
    """`kind` happens at second `begin`; the scene goes on for 8 s."""
    rng = np.random.default_rng([seed, 41])
    places = np.column_stack((rng.uniform(-SIDE, SIDE, people), rng.uniform(NEAR, FAR, people)))
    heading = rng.uniform(0, 2 * np.pi, people)
    times = np.arange(0, begin + 8.0 + STEP_S, STEP_S)
    way = float(rng.choice([-1.0, 1.0]))
    paths = [places.copy()]
    for t in times[1:]:
        velocity, heading = _velocity(kind, float(t) - begin, paths[-1], heading, way, rng)
        paths.append(paths[-1] + STEP_S * velocity)
    cast = Cast(seed)
    for number in range(people):
        track = [
            (float(t), float(p[number, 0]), max(float(p[number, 1]), 4.0)) for t, p in zip(times, paths, strict=True)
        ]
        cast = cast.add(tuple(track))
    if kind == "bus":
        cast = cast.bus(begin - 1.0, 21.5)
    return Scene(f"rush-{kind}", seed, cast.actors, begin + 8.0, fps, GROUND, SQUARE)


def _velocity(
    kind: Rush | Calm,
    since: float,
    places: NDArray[np.float64],
    heading: NDArray[np.float64],
    way: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, 2) metres a second (x, z) and the headings, `since` seconds after it begins. They need a second to get up to
    speed; strollers turn back at the square's edge."""
    heading = heading + rng.normal(0, 0.25, len(heading))
    home = np.arctan2((NEAR + FAR) / 2 - places[:, 1], -places[:, 0])
    out = (abs(places[:, 0]) > SIDE) | (places[:, 1] < NEAR) | (places[:, 1] > FAR)
    heading = np.where(out, home, heading)
    stroll = STROLL * np.column_stack((np.cos(heading), np.sin(heading)))
    share = float(np.clip(since, 0, 1))
    if kind == "depart":
        return share * STROLL * np.tile([way, 0.0], (len(heading), 1)), heading
    if since < 0 or kind in ("stroll", "bus"):
        return stroll, heading
    speed = STROLL + share * (RUN - STROLL)
    if kind == "one_way":
        return speed * np.tile([way, 0.0], (len(heading), 1)) + rng.normal(0, 0.3, stroll.shape), heading
    if kind == "asunder":
        from_middle = places - places.mean(axis=0)
        return speed * from_middle / np.hypot(*from_middle.T)[:, None].clip(0.1), heading
    stroll[0] = speed * np.array([way, 0.0])
    return stroll, heading
