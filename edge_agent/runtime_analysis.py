"""The threads that analyse: cameras in turn, each by one thread at a time, as often as there is time for all of them.

There are as many as the detector may use processors. What takes long in a picture (the network, scaling, coding, the
disk) lets go of Python's lock, so that they run beside each other; docs/design/perception.md has the profile.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable

import structlog

from edge_agent.core.fair_rate import FairRate
from edge_agent.fair_queue import FairQueue
from edge_agent.runtime_camera import LiveCamera

log = structlog.get_logger()

TEND_S = 0.5
"""How often every camera is looked after, also one that says nothing."""


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


class Analysis:
    """serve: one turn of a camera, which says whether it analysed a picture; never in two threads for one camera.
    finish: ends a camera that is watched no more. tend: called about every TEND_S. serve and finish may not raise."""

    def __init__(
        self,
        serve: Callable[[LiveCamera], bool],
        finish: Callable[[LiveCamera], None],
        tend: Callable[[], None],
        workers: int,
    ) -> None:
        self._serve, self._finish, self._tend = serve, finish, tend
        self._queue: FairQueue[LiveCamera] = FairQueue()
        self._fair, self._costs = FairRate(workers, processors()), threading.Lock()
        self._cameras: tuple[LiveCamera, ...] = ()
        self._stopping = threading.Event()
        self._poked = threading.Event()
        self._hurry = False
        """Whether rates are to be made anew at once."""
        self._threads = [threading.Thread(target=self._work, name=f"analysis-{n}", daemon=True) for n in range(workers)]
        self._threads.append(threading.Thread(target=self._look_after, name="analysis", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finishes every camera, in this thread."""
        self._stopping.set()
        self._queue.close()
        self._poked.set()
        for thread in self._threads:
            thread.join()
        for camera in self._cameras:
            self._finish(camera)

    def watch(self, cameras: Iterable[LiveCamera]) -> None:
        """These and no others from now on; the others are finished when it returns."""
        before, self._cameras = self._cameras, tuple(cameras)
        for camera in before:
            if camera not in self._cameras:
                self._queue.remove(camera)
                self._finish(camera)
        for camera in self._cameras:
            self._queue.add(camera)
            self._queue.call(camera)
        self._poked.set()

    def call(self, camera: LiveCamera) -> None:
        """There is news of this camera; any thread."""
        self._queue.call(camera)

    def _work(self) -> None:
        while (camera := self._queue.next()) is not None:
            began, before, begun = time.monotonic(), camera.eager, camera.begun
            analysed = self._serve(camera)
            now = time.monotonic()
            self._queue.done(camera, analysed)
            if analysed:
                with self._costs:
                    self._fair.spent(camera.spec.id, now, now - began, camera.eager)
                    if camera.begun > begun:
                        self._fair.told(camera.spec.id, now)
            if camera.eager and not before:
                self._hurry = True
                self._poked.set()

    def _look_after(self) -> None:
        while not self._stopping.is_set():
            self._poked.wait(TEND_S)
            self._poked.clear()
            try:
                self._round()
            except Exception:  # without it cameras would run on at a pace that nobody sets
                log.exception("analysis_upkeep_failed")

    def _round(self) -> None:
        for camera in self._cameras:
            self._queue.call(camera)
        self._share_out()
        self._tend()

    def _share_out(self) -> None:
        """Tells each camera how often it is analysed now."""
        cameras = self._cameras
        now = time.monotonic()
        demands = {camera.spec.id: camera.demand for camera in cameras}
        with self._costs:
            if not (self._hurry or self._fair.due(now)):
                return
            self._hurry = False
            rates = self._fair.rates(now, demands)
        for camera in cameras:
            camera.allow(rates[camera.spec.id])
