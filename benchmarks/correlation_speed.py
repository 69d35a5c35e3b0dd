"""What one event costs the correlation core, as events a second and as ratios over the size of the city.

    python -m benchmarks.correlation_speed

Processor time of this process, which collects cycles as the aggregator does (`steady`), in batches of 500 as it stores
them; making the events is not counted. Each figure is the best of ROUNDS, which other work on the machine disturbs
least.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from time import process_time

from aggregator.adapters.spatial_h3 import H3Cells
from aggregator.core.correlation import Correlator
from aggregator.core.space import METRES_PER_DEGREE
from aggregator.runtime import steady
from benchmarks.cities import case
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from contract.events import Clock, Event, EventData, Location, Why, event_source, event_type, sequence_text
from contract.ids import derived_uuid7
from contract.kinds import Kind

BATCH = 500
ROUNDS = 3
PER_S, GROWTH = 30_000.0, 1.5
EVENTS = 40_000
CITIES = ((1_000, 8.0), (10_000, 1.0), (100_000, 0.1))
"""Cameras and hours: about as many events each."""
OPEN = (10, 100, 1_000, 10_000)


def per_event(correlator: Correlator, arrivals: Sequence[tuple[float, Event]]) -> float:
    """Seconds of processor time an event, taken in batches in order of arrival."""
    steady()
    began = process_time()
    for start in range(0, len(arrivals), BATCH):
        batch = arrivals[start : start + BATCH]
        correlator.step([event for _, event in batch], batch[-1][0])
        correlator.tick(batch[-1][0])
    return (process_time() - began) / len(arrivals)


def by_city(cameras: int, hours: float) -> float:
    one = case(1, "weekday", cameras, hours)
    return min(per_event(one.correlator(), one.arrivals[:EVENTS]) for _ in range(ROUNDS))


def by_open(count: int) -> float:
    """Events of a hundred busy cameras while `count` incidents are open elsewhere in the city."""
    others = [
        _event(number * 1e-3, f"far-{number}", 4_000.0 + number % 100 * 900, number // 100 * 900.0, number)
        for number in range(count)
    ]
    busy = [
        _event(
            60.0 + number * 0.05,
            f"near-{number % 100}",
            number % 10 * 300.0,
            number % 100 // 10 * 300.0 - 5_000,
            1_000_000 + number,
        )
        for number in range(5_000)
    ]
    times = []
    for _ in range(ROUNDS):
        correlator = Correlator(cells=H3Cells())
        correlator.step(others, START + 20.0)
        correlator.tick(START + 40.0)
        times.append(per_event(correlator, [(event.time.timestamp(), event) for event in busy]))
    return min(times)


START = 1_767_600_000.0


def _event(t: float, camera: str, east: float, north: float, number: int) -> Event:
    time = datetime.fromtimestamp(round(START + t, 3), UTC)
    where = Location(lat=-6.2 + north / METRES_PER_DEGREE, lon=106.8 + east / METRES_PER_DEGREE, radius_m=30.0)
    identity = derived_uuid7(int((START + t) * 1000), "speed", str(number))
    data = EventData(
        camera=camera,
        site="site",
        kind=Kind.BRAWL,
        phase="begin",
        episode=identity,
        started=time,
        confidence=0.8,
        severity="critical",
        location=where,
        why=Why(rule="brawl", measures=(), model="none", config_hash="00000000"),
        clock=Clock(offset_ms=0.0, synchronised=True),
    )
    return Event(
        id=identity,
        source=event_source("site", "edge", camera),
        type=event_type(Kind.BRAWL, "begin"),
        time=time,
        sequence=sequence_text(number),
        data=data,
    )


def measure() -> Outcome:
    """Events a second at 10,000 cameras, and how the cost grows."""
    cities = {cameras: by_city(cameras, hours) for cameras, hours in CITIES}
    opened = {count: by_open(count) for count in OPEN}
    figures = [Figure(f"{cameras:,} cameras: µs an event", cost * 1e6) for cameras, cost in cities.items()]
    figures += [Figure(f"{count:,} open incidents: µs an event", cost * 1e6) for count, cost in opened.items()]
    figures += [
        at_least("events/s on one core, 10,000 cameras", 1 / cities[10_000], PER_S),
        at_most("cost, 100,000 cameras / 1,000", cities[100_000] / cities[1_000], GROWTH),
        at_most("cost, 10,000 open incidents / 10", opened[10_000] / opened[10], GROWTH),
    ]
    return Outcome("correlation_speed", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure, footage=False))
