"""How the camera host does: processor, memory, disk."""

from pathlib import Path

import psutil

from contract.events import Clock
from contract.messages import HostHealth


class HostProbe:
    """Reads the host; cpu is the share since the last reading. One thread. folder: whose disk counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        psutil.cpu_percent()

    def read(self, spool_depth: int, last_sequence: int, clock: Clock) -> HostHealth:
        return HostHealth(
            cpu=_share(psutil.cpu_percent()),
            memory=_share(psutil.virtual_memory().percent),
            disk=_share(psutil.disk_usage(str(self._folder)).percent),
            spool_depth=spool_depth,
            last_sequence=last_sequence,
            clock_offset_ms=clock.offset_ms,
            clock_synchronised=clock.synchronised,
        )


def _share(percent: float) -> float:
    return round(min(max(percent / 100, 0.0), 1.0), 4)
