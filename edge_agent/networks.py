"""The networks that look at an agent's cameras: one for each precision that a camera needs
(`EdgeConfig.network_of`), shared by all that need it.

One is opened, and made ready for parts of pictures, before the first camera that needs it is there, and closed after
the last one has gone.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from weakref import WeakSet

import numpy as np
import structlog

from edge_agent.adapters.detectors import chosen, cpu_flags, open_detector
from edge_agent.core.crops import SIZES
from edge_agent.core.ports import Detector
from edge_agent.core.spec import DetectorSpec

log = structlog.get_logger()


class Networks:
    """One thread at a time, but `prepare` and `names`, which may run beside the rest. given: looks at all cameras
    instead. many: several threads ask at once, so each gets an answer of its own processor where the config leaves that
    open."""

    def __init__(self, given: Detector | None = None, *, many: bool = False) -> None:
        self._given = given
        self._many = many
        self._opened: dict[DetectorSpec, Detector] = {}
        self._ready: WeakSet[Detector] = WeakSet()
        self._preparing = threading.Lock()
        self._taken = cache(self._here)

    @property
    def names(self) -> str:
        opened = [*self._opened.values()] if self._given is None else [self._given]
        return ", ".join(sorted(detector.name for detector in opened))

    def of(self, asked: DetectorSpec) -> Detector:
        """The network that computes as `asked`, opened where it is not yet. Where the processor leaves no choice, all
        that is asked for is one. Raises what `open_detector` raises."""
        if self._given is not None:
            return self._given
        spec = self._taken(asked)
        if spec not in self._opened:
            self._opened[spec] = open_detector(spec)
        return self._opened[spec]

    def prepare(self, asked: Iterable[DetectorSpec], stopping: Callable[[], bool]) -> None:
        """Makes what these need for parts of pictures: who walks in first waits for none of it. Who comes while another
        thread is at it waits: what follows may close what that one makes ready."""
        if self._given is not None:
            return
        with self._preparing:
            for detector in {self.of(one) for one in asked}.difference(self._ready):
                try:
                    for width, height in SIZES:
                        if stopping():
                            return
                        detector.detect([np.zeros((height, width, 3), np.uint8)], exact=True)
                except Exception:  # the first picture that needs one tries again, and says so for its camera
                    log.exception("detector_not_prepared", detector=detector.name)
                else:
                    self._ready.add(detector)

    def keep(self, asked: Iterable[DetectorSpec]) -> None:
        """Closes all that compute otherwise."""
        kept = {self._taken(one) for one in asked}
        for spec in [spec for spec in self._opened if spec not in kept]:
            self._opened.pop(spec).close()

    def close(self) -> None:
        self.keep(())
        if self._given is not None:
            self._given.close()

    def _here(self, asked: DetectorSpec) -> DetectorSpec:
        """With what is taken on this processor, so that two that come to the same are one."""
        hint = "throughput" if self._many and asked.hint == "auto" else asked.hint
        return chosen(replace(asked, hint=hint), cpu_flags())
