"""What health tells of the machine: plausible numbers, and the kernel's word on the clock."""

from pathlib import Path

import pytest

from contract.events import Clock
from edge_agent.adapters.clock_system import clock_quality, reading
from edge_agent.adapters.host_psutil import HostProbe


def test_host_numbers_are_shares() -> None:
    health = HostProbe(Path.cwd()).read(7, 9, Clock(offset_ms=1.5, synchronised=True))
    assert 0 <= health.cpu <= 1
    assert 0 < health.memory < 1
    assert 0 < health.disk <= 1
    assert (health.spool_depth, health.clock_offset_ms, health.clock_synchronised) == (7, 1.5, True)


@pytest.mark.parametrize(
    ("state", "status", "offset", "told"),
    [
        (0, 0x2001, 1_500_000, Clock(offset_ms=1.5, synchronised=True)),
        (0, 0x0001, -250, Clock(offset_ms=-0.25, synchronised=True)),
        (5, 0x0040, 0, Clock(offset_ms=0.0, synchronised=False)),
        (0, 0x0041, 10, Clock(offset_ms=0.01, synchronised=False)),
        (-1, 0, 999, Clock(offset_ms=0.0, synchronised=False)),
    ],
)
def test_what_adjtimex_says(state: int, status: int, offset: int, told: Clock) -> None:
    assert reading(state, status, offset) == told


def test_the_kernel_answers() -> None:
    assert abs(clock_quality().offset_ms) < 10_000
