"""Somebody on the hard shoulder of a motorway: one intrusion, inside the labelled frames, and nothing else."""

import sys

from benchmarks.data import MOTORWAY
from benchmarks.report import Outcome, command, equal, holds
from benchmarks.runs import measured, seconds
from benchmarks.scorers import episodes_of, inside

FRAMES = (95, 430)
"""When the person is on the shoulder (labelled by eye, within ten frames)."""

RATE = 25.0


def measure() -> Outcome:
    """Episodes found, and the frames of the intrusion."""
    episodes = episodes_of(measured(MOTORWAY, "motorway.toml"))
    found = [one for one in episodes if one.kind == "intrusion"]
    figures = [
        equal("intrusions", len(found), 1),
        equal("anything else", len(episodes) - len(found), 0),
    ]
    for episode in found:
        begin = round(seconds(episode.started) * RATE)
        end = -1 if episode.ended is None else round(seconds(episode.ended) * RATE)
        within = inside((begin, end), FRAMES)
        figures.append(holds("frames", f"{begin}..{end}", f"within {FRAMES[0]}..{FRAMES[1]}", within))
    return Outcome("intrusion_motorway", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure))
