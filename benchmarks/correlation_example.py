"""One incident of a made-up city, link by link, as docs/design/correlation.md shows it.

python -m benchmarks.correlation_example
"""

import sys
from collections.abc import Iterator

from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.incident import Incident
from aggregator.core.linking import Link
from aggregator.core.outcome import Assigned, Outcome
from benchmarks.cities import Case, case

SEED, PROFILE, CAMERAS, HOURS = 4, "demonstration", 60, 1.0
SOURCES = range(5, 8)
"""Of an incident that shows something and still fits a page."""


class _Play:
    """Everything that happened to every incident, by the one it became part of in the end."""

    def __init__(self, one: Case) -> None:
        correlator = one.correlator(CorrelationPolicy(reorder_s=0.0))
        self.lines: dict[str, list[tuple[float, str]]] = {}
        self.incidents: dict[str, Incident] = {}
        self.began = one.events[0].time.timestamp()
        for event in one.events:
            now = event.time.timestamp()
            for outcome in (correlator.tick(now), correlator.step((event,), now)):
                self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        for done in outcome.assigned:
            if done.link.kind != "episode":
                self.lines.setdefault(done.incident, []).append((self._time(done), _told(done)))
        for absorbed, kept in outcome.merged:
            self.lines[kept] = sorted(self.lines.get(kept, []) + self.lines.pop(absorbed, []))
        for change in outcome.changes:
            if change.after == "open" and change.before == "suspected":
                self.lines.setdefault(change.incident, []).append(
                    (change.time - self.began, f"| | | opened: {change.reason} | | | | | |")
                )
        self.incidents.update((one.id, one) for one in outcome.incidents)

    def _time(self, done: Assigned) -> float:
        return done.event.time.timestamp() - self.began


def _told(done: Assigned) -> str:
    data, link = done.event.data, done.link
    return f"| {data.camera} | {data.kind} {data.confidence:.2f} | {_why(link)}"


def _why(link: Link) -> str:
    if link.kind == "first":
        return "first | | | | | |"
    far = "" if link.distance_m is None else f"{link.distance_m:.0f} m"
    return (
        f"{link.kind}, {link.place}, of {link.other} | {far} | {link.time_s:.0f} s"
        f" | {link.rate:.1f} | {link.against:.2f} | {link.score:.2f} |"
    )


def example() -> Iterator[str]:
    """The table's lines."""
    play = _Play(case(SEED, PROFILE, CAMERAS, HOURS))
    fits = [one for one in play.incidents.values() if one.merged_into is None and len(one.sources) in SOURCES]
    chosen = max(fits, key=lambda one: (one.kind == "brawl", len(one.raised), one.id))
    first = play.lines[chosen.id][0][0]
    yield "| second | camera | what | tie | distance | gap | rate, 1/h | against, 1/h | score |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for t, line in play.lines[chosen.id]:
        yield f"| {t - first:.0f} {line}"
    reasons = ", ".join(chosen.raised) or "nothing"
    yield ""
    yield (
        f"In the end: {chosen.kind}, {len(chosen.sources)} sources, confidence {chosen.confidence:.3f}, "
        f"severity {chosen.severity} ({chosen.gravest} by its gravest event; raised by: {reasons})."
    )


def main() -> int:
    """Prints it."""
    sys.stdout.write("\n".join(example()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
