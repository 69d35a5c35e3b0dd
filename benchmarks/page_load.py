"""The page at its limit: 5,000 open incidents and 200 changes a second, in a real Chromium.

    python -m benchmarks.page_load                 # one minute under load
    python -m benchmarks.page_load --seconds 600   # as long as the bar for memory asks

A real mosquitto, the aggregator as it runs, and Chromium with the map on (WebGL in software). Changes are updates of
running episodes, published as events: each goes the whole way. Meanwhile keys are pressed, as an operator moves through
the queue. Measured in the browser: how long a key waits before the page takes it (Event Timing), how long until it is
painted, the longest time between two frames, the heap after collecting garbage, and from publishing a critical event
to its row on the screen. In the first seconds the map opens, unseen, and WebGL's programs are made; what comes after
is told apart. What other work on the machine adds is in these figures, so that the load average is printed beside them,
and what the page's own thread takes of a processor.
"""

import argparse
import gzip
import os
import random
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path
from statistics import mean, median
from typing import Any

import msgspec
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.data import ROOT
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from contract.events import Event, Phase
from contract.kinds import Kind
from simulator.score import quantile
from tests.brokers import wait_until
from tests.e2e.feed import Place, report
from tests.e2e.page_rig import WEBGL, Rig, chromium

OPEN, RATE, SECONDS = 5_000, 200, 60
KINDS = (Kind.INTRUSION, Kind.ABANDONED_OBJECT)
"""Nothing that one is taken for another of at the same place."""
CAMERAS = OPEN // len(KINDS)
INPUT_MS, FRAME_MS, PAINTED_MS, FIRST_MS, SCRIPT_KB = 100.0, 200.0, 300.0, 1_500.0, 600.0
OPENING_S = 5.0
"""The map is open after so long."""
TRACED_S = 10.0
GROWTH = 0.10
"""What the heap may grow by from the first third to the last, as a share: noise of the collector."""
KEY_EVERY_S, EVENT_EVERY_S, HEAP_EVERY_S, REPORT_S, WARM_S = 0.25, 2.0, 5.0, 10.0, 5.0
STATIC = ROOT / "aggregator" / "static" / "assets"

WATCH = """
() => {
  const seen = (window.jagaSeen = { waits: [], shown: [], frames: [], rows: {}, skip: 2 });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.name !== 'keydown') continue;
      seen.waits.push(entry.processingStart - entry.startTime);
      seen.shown.push(entry.duration);
    }
  }).observe({ type: 'event', durationThreshold: 16 });
  let last = performance.now();
  const frame = (now) => {
    if (seen.skip > 0) seen.skip -= 1; else seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const found = () => requestAnimationFrame(() => setTimeout(() => {
    for (const row of document.querySelectorAll('[data-id]')) seen.rows[row.dataset.id] ??= Date.now();
  }));
  new MutationObserver(found).observe(document.querySelector('[role=listbox]'), { childList: true, subtree: true });
}
"""
FIRST = """
() => new Promise((done) => {
  const look = () => document.querySelector('[data-id]')
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now())))
    : requestAnimationFrame(look);
  look();
})
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """In milliseconds, but heap in MB. waits, shown: of keys that took 16 ms or more to be painted; presses: all that
    were pressed. busy: share of the page's thread."""

    presses: int
    waits: list[float]
    shown: list[float]
    frames: list[float]
    painted: list[float]
    heap: list[float]
    busy: float
    task: float
    changes: float

    @property
    def later(self) -> list[float]:
        """The frames after the opening."""
        return [took for took, at in zip(self.frames, accumulate(self.frames), strict=True) if at > OPENING_S * 1000]

    def key(self, of: list[float], share: float = 0.95) -> float:
        """A quantile over all presses: what was not measured took less than 16 ms."""
        return quantile([*of, *[16.0] * max(0, self.presses - len(of))], share)


def open_incidents(rig: Rig) -> float:
    with urllib.request.urlopen(f"{rig.url}metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith('jaga_incidents{state="open"}'))


class Changes(threading.Thread):
    """Begins OPEN incidents, then publishes RATE updates a second, and a critical one now and then, until stopped."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(daemon=True)
        self._rig, self._rng, self._over = rig, random.Random(1), threading.Event()
        self._begun = datetime.now(UTC)
        self.rate = 0.0
        self.critical: dict[str, float] = {}
        """Camera -> when its event was published, milliseconds since the epoch."""

    def fill(self) -> None:
        for number in range(OPEN):
            self._rig.publisher.event(self._event(number, "begin"))
        self._rig.publisher.wait(300)
        wait_until(lambda: open_incidents(self._rig) >= OPEN, 300, f"{OPEN} open incidents")

    def run(self) -> None:
        began, sent, next_critical, reported = time.monotonic(), 0, EVENT_EVERY_S, 0.0
        spare = iter(self._rig.cameras[CAMERAS:])
        while not self._over.wait(0.02):
            elapsed = time.monotonic() - began
            due = int(elapsed * RATE)
            for _ in range(due - sent):
                self._rig.publisher.event(self._event(self._rng.randrange(OPEN), "update"))
            sent = due
            if elapsed >= reported:
                reported += REPORT_S
                report(self._rig.publisher, self._rig.cameras, REPORT_S)
                self._rig.publisher.wait()
            if elapsed >= next_critical:
                next_critical += EVENT_EVERY_S
                self._critical(next(spare, None))
        self.rate = sent / (time.monotonic() - began)

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _event(self, number: int, phase: Phase) -> Event:
        place, kind = self._rig.cameras[number % CAMERAS], KINDS[number // CAMERAS]
        when = self._begun if phase == "begin" else datetime.now(UTC)
        return self._rig.events.make(place, kind, phase, self._begun, when, confidence=0.9, salt=str(number))

    def _critical(self, place: Place | None) -> None:
        """None: there are no more places, since everything takes longer than it should."""
        if place is None:
            return
        now = datetime.now(UTC)
        event = self._rig.events.make(place, Kind.BRAWL, "begin", now, now, confidence=0.9)
        self.critical[place.camera] = time.time() * 1000
        self._rig.publisher.event(event)


def first_view(browser: Browser, rig: Rig) -> float:
    """From the navigation to the first row on the screen, nothing cached."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(rig.url, wait_until="commit")
    took = float(page.evaluate(FIRST))
    context.close()
    return took


def acknowledge(rig: Rig) -> dict[str, str]:
    """Takes what is critical off the top of the queue, for the next one to be seen there; incident -> camera."""
    found = rig.get("api/v1/incidents?kind=brawl&state=open&limit=100")["items"]
    for one in found:
        rig.post(f"api/v1/incidents/{one['id']}/transition", {"to": "acknowledged"})
    return {one["id"]: one["cameras"][0] for one in found}


def heap_mb(page: Page, devtools: CDPSession) -> float:
    page.evaluate("window.jagaSeen.skip = 2")
    devtools.send("HeapProfiler.collectGarbage")
    return measures(devtools)["JSHeapUsedSize"] / 1e6


def measures(devtools: CDPSession) -> dict[str, float]:
    return {one["name"]: float(one["value"]) for one in devtools.send("Performance.getMetrics")["metrics"]}


def under_load(page: Page, rig: Rig, changes: Changes, seconds: float) -> Seen:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate(WATCH)
    changes.start()
    began, presses = time.monotonic(), 0
    heap: list[float] = []
    cameras: dict[str, str] = {}
    next_heap, next_critical, worked = WARM_S, EVENT_EVERY_S / 2, measures(devtools)["TaskDuration"]
    while (elapsed := time.monotonic() - began) < seconds:
        page.keyboard.press(("j", "Escape")[presses % 2])
        presses += 1
        page.wait_for_timeout(KEY_EVERY_S * 1000)
        if elapsed >= next_critical:
            next_critical += EVENT_EVERY_S
            cameras |= acknowledge(rig)
        if elapsed >= next_heap:
            next_heap += max(HEAP_EVERY_S, seconds / 60)
            heap.append(heap_mb(page, devtools))
    busy = (measures(devtools)["TaskDuration"] - worked) / (time.monotonic() - began)
    seen = page.evaluate("window.jagaSeen")
    task = longest_task(page)
    changes.stop()
    painted = [at - changes.critical[cameras[one]] for one, at in seen["rows"].items() if one in cameras]
    return Seen(presses, seen["waits"], seen["shown"], seen["frames"], painted, heap, busy, task, changes.rate)


def longest_task(page: Page) -> float:
    """Milliseconds of processor time that the page's thread spent on one task, at most."""
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["toplevel"])
    for number in range(int(TRACED_S / KEY_EVERY_S)):
        page.keyboard.press(("j", "Escape")[number % 2])
        page.wait_for_timeout(KEY_EVERY_S * 1000)
    events = msgspec.json.decode(browser.stop_tracing(), type=_Trace).events
    main = {(one.pid, one.tid) for one in events if one.args.get("name") == "CrRendererMain"}
    return max(one.tdur for one in events if (one.pid, one.tid) in main) / 1000


class _Traced(msgspec.Struct):
    """tdur: microseconds of processor time."""

    pid: int = 0
    tid: int = 0
    tdur: float = 0.0
    args: dict[str, Any] = {}


class _Trace(msgspec.Struct, rename={"events": "traceEvents"}):
    events: list[_Traced]


def script_kb() -> float:
    """Of all that the page may load, compressed as servers do."""
    return sum(len(gzip.compress(path.read_bytes(), 6)) for path in STATIC.glob("*.js")) / 1000


def measure(seconds: float = SECONDS) -> Outcome:
    """5,000 open incidents and 200 changes a second in a real browser."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Rig(Path(folder), cameras=CAMERAS + int((seconds + TRACED_S) / EVENT_EVERY_S) * 2 + 8) as rig,
        sync_playwright() as playwright,
        chromium(playwright, *WEBGL) as browser,
    ):
        report(rig.publisher, rig.cameras, REPORT_S)
        changes = Changes(rig)
        changes.fill()
        first = median(first_view(browser, rig) for _ in range(3))
        page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
        page.goto(rig.url)
        page.locator("[data-id]").first.wait_for(timeout=30_000)
        before = os.getloadavg()[0]
        seen = under_load(page, rig, changes, seconds)
    third = max(1, len(seen.heap) // 3)
    growth = mean(seen.heap[-third:]) / mean(seen.heap[:third]) - 1
    return Outcome(
        "page_load",
        (
            Figure("open incidents", OPEN),
            at_least("changes a second", round(seen.changes, 1), RATE * 0.95),
            at_most("a key waits, p95, ms", seen.key(seen.waits), INPUT_MS),
            Figure("a key is painted after, p95, ms", seen.key(seen.shown)),
            at_most("longest time between frames, ms", max(seen.frames), FRAME_MS),
            Figure(f"the same after the first {OPENING_S:g} s, ms", max(seen.later)),
            Figure("frames, p99, ms", quantile(seen.frames, 0.99)),
            at_most("published to painted row, p95, ms", quantile(seen.painted, 0.95), PAINTED_MS),
            Figure("critical events measured", len(seen.painted)),
            at_most("heap growth, first to last third", growth, GROWTH),
            Figure("heap at the end, MB", seen.heap[-1]),
            Figure("the page's thread at work, share", seen.busy),
            Figure("longest task of it, processor time, ms", seen.task),
            at_most("first row on the screen, ms", first, FIRST_MS),
            at_most("JavaScript compressed, kB", script_kb(), SCRIPT_KB),
            Figure(f"load average before, after ({os.cpu_count()} cores)", f"{before:.0f}, {os.getloadavg()[0]:.0f}"),
        ),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=measure.__doc__, add_help=False)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options, rest = parser.parse_known_args()
    return command(partial(measure, options.seconds), rest, footage=False)


if __name__ == "__main__":
    sys.exit(main())
