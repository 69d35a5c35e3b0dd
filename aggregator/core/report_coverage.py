"""Which part of the cameras watched, when, and where the gaps are.

A camera watches while its agent reports it as online or idle (aggregator.core.liveness). While no aggregator ran, no
camera was watched, whatever it would have reported; before the first aggregator that noted its running nothing is
known, and that time is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from aggregator.core.report import Calendar, Districts, Report, Row, Span, Table, ratio, table, within
from aggregator.core.report_rows import Watch
from contract.sentence import Sentence

WATCHING = frozenset({"online", "idle"})
SHORTEST_S = 60.0
"""Gaps of the aggregator itself that are shorter are its way of noting that it runs once a minute."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Gap:
    """site, camera "": the aggregator itself."""

    site: str
    camera: str
    span: Span
    state: str
    reason: str | Sentence


@dataclass(frozen=True, slots=True)
class Covered:
    """known: the time of which anything is known. names: what cameras are called. gaps: in order of time."""

    span: Span
    known: Span | None
    cameras: tuple[Key, ...]
    gaps: tuple[Gap, ...]
    names: Mapping[Key, str] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        if self.known is None or not self.cameras:
            return None
        whole = self.known.seconds * len(self.cameras)
        return ratio(whole - sum(gap.span.seconds for gap in self._of_cameras()), whole)

    def dark(self, at: float) -> Table:
        """Cameras that do not watch at the end, with how long, the longest first."""
        total: dict[Key, float] = {}
        for gap in self._of_cameras():
            key = gap.site, gap.camera
            total[key] = total.get(key, 0.0) + gap.span.seconds
        rows = [
            (*key, self.names.get(key, ""), gap.state, gap.reason, gap.span.since, total[key])
            for gap in self.gaps
            if gap.camera and gap.span.until >= at
            for key in ((gap.site, gap.camera),)
        ]
        rows.sort(key=lambda row: (row[5], row[:2]))
        columns = (
            "site:place camera:text name:text state:camera_state reason:camera_reason dark_since:time dark_for:seconds"
        )
        return table("dark", columns, rows)

    def _of_cameras(self) -> Iterable[Gap]:
        return (gap for gap in self.gaps if gap.camera)


def cover(span: Span, watches: Iterable[Watch], runs: Sequence[Span], cameras: Iterable[tuple[Key, str]]) -> Covered:
    """cameras: (site and id, name) of those that are known now; one that never reported never watched."""
    merged = _merged(runs, span)
    names = dict(cameras)
    history: dict[Key, list[Watch]] = {key: [] for key in names}
    for one in watches:
        history.setdefault((one.site, one.camera), []).append(one)
    if not merged:
        return Covered(span, None, tuple(sorted(history)), (), names)
    known = Span(merged[0].since, span.until)
    away = _away(merged, known)
    gaps = [Gap("", "", one, "aggregator", "") for one in away if one.seconds >= SHORTEST_S]
    for key in sorted(history):
        gaps += _gaps(key, history[key], known, away)
    gaps.sort(key=lambda gap: (gap.span.since, gap.site, gap.camera))
    return Covered(span, known, tuple(sorted(history)), tuple(gaps), names)


def _merged(runs: Sequence[Span], span: Span) -> list[Span]:
    found: list[Span] = []
    for run in sorted(runs, key=lambda one: one.since):
        since, until = max(run.since, span.since), min(run.until, span.until)
        if found and since <= found[-1].until:
            found[-1] = Span(found[-1].since, max(found[-1].until, until))
        elif since < until:
            found.append(Span(since, until))
    return found


def _away(runs: Sequence[Span], known: Span) -> list[Span]:
    """When no aggregator ran; the end of the last run is noted once a minute, so a shorter rest is none."""
    found = [Span(a.until, b.since) for a, b in pairwise(runs)]
    if known.until - runs[-1].until >= 2 * SHORTEST_S:
        found.append(Span(runs[-1].until, known.until))
    return found


def _gaps(key: Key, watches: Sequence[Watch], known: Span, away: Sequence[Span]) -> list[Gap]:
    """When this camera did not watch: by its own states, and while no aggregator ran."""
    states = [Watch(*key, known.since, "unknown", ""), *watches]
    found: list[Gap] = []
    for at, one in enumerate(states):
        end = states[at + 1].time if at + 1 < len(states) else known.until
        since, until = max(one.time, known.since), min(end, known.until)
        if since >= until:
            continue
        if one.state not in WATCHING:
            if found and found[-1].span.until == since and found[-1].state == one.state:
                found[-1] = Gap(*key, Span(found[-1].span.since, until), one.state, one.reason or found[-1].reason)
            else:
                found.append(Gap(*key, Span(since, until), one.state, one.reason))
            continue
        for rest in away:
            a, b = max(rest.since, since), min(rest.until, until)
            if a < b:
                found.append(Gap(*key, Span(a, b), "aggregator", ""))
    return found


def coverage_report(span: Span, covered: Covered, districts: Districts, calendar: Calendar) -> Report:
    buckets = [] if covered.known is None else list(calendar.buckets(covered.known))
    places = {key: districts.of((key[0],)) for key in covered.cameras}
    own = [gap for gap in covered.gaps if gap.camera]
    lost = _lost(own, buckets, places)
    held: dict[str, int] = {}
    for names in places.values():
        for name in names:
            held[name] = held.get(name, 0) + 1
    totals = (
        len(covered.cameras),
        covered.share,
        sum(gap.span.seconds for gap in own),
        len(own),
        covered.dark(span.until).total,
        None if covered.known is None else covered.known.seconds,
    )
    columns = "cameras:count coverage:share dark_for:seconds gaps:count dark:count recorded:seconds"
    return Report(
        "coverage",
        span,
        (
            table("coverage_totals", columns, [totals]),
            _over_time(buckets, lost, len(covered.cameras)),
            _by_district(buckets, lost, held, own, places),
            _districts_over_time(buckets, lost, held),
            _cameras(covered, own),
            _longest(covered),
        ),
    )


def _lost(
    gaps: Iterable[Gap], buckets: Sequence[Span], places: Mapping[Key, tuple[str, ...]]
) -> dict[str | None, list[float]]:
    """Camera-seconds without a watch in each bucket: of a district, and under None of all cameras."""
    lost: dict[str | None, list[float]] = {None: [0.0] * len(buckets)}
    for gap in gaps:
        at = within(buckets, gap.span.since)
        groups = (None, *places[gap.site, gap.camera])
        while at is not None and at < len(buckets) and buckets[at].since < gap.span.until:
            part = min(gap.span.until, buckets[at].until) - max(gap.span.since, buckets[at].since)
            for group in groups:
                lost.setdefault(group, [0.0] * len(buckets))[at] += part
            at += 1
    return lost


def _share(lost_s: float, bucket: Span, cameras: int) -> float | None:
    return ratio(bucket.seconds * cameras - lost_s, bucket.seconds * cameras)


def _over_time(buckets: Sequence[Span], lost: Mapping[str | None, Sequence[float]], cameras: int) -> Table:
    rows = [
        (bucket.since, _share(gone, bucket, cameras), round(gone, 1))
        for bucket, gone in zip(buckets, lost[None], strict=True)
    ]
    return table("coverage_over_time", "begin:span coverage:share dark_for:seconds", rows)


def _by_district(
    buckets: Sequence[Span],
    lost: Mapping[str | None, Sequence[float]],
    held: Mapping[str, int],
    gaps: Iterable[Gap],
    places: Mapping[Key, tuple[str, ...]],
) -> Table:
    whole = sum(bucket.seconds for bucket in buckets)
    counts: dict[str, int] = {}
    for gap in gaps:
        for name in places[gap.site, gap.camera]:
            counts[name] = counts.get(name, 0) + 1
    rows: list[tuple[str, int, float | None, float, int]] = []
    for name, cameras in held.items():
        gone = sum(lost.get(name, ()))
        rows.append(
            (name, cameras, ratio(whole * cameras - gone, whole * cameras), round(gone, 1), counts.get(name, 0))
        )
    rows.sort(key=lambda row: (1.0 if row[2] is None else row[2], row[0]))
    columns = "district:place cameras:count coverage:share dark_for:seconds gaps:count"
    return table("coverage_by_district", columns, rows)


def _districts_over_time(
    buckets: Sequence[Span], lost: Mapping[str | None, Sequence[float]], held: Mapping[str, int]
) -> Table:
    nothing = [0.0] * len(buckets)
    rows = [
        (name, bucket.since, _share(gone, bucket, cameras))
        for name, cameras in sorted(held.items(), key=lambda item: (-sum(lost.get(item[0], ())) / item[1], item[0]))
        for bucket, gone in zip(buckets, lost.get(name, nothing), strict=True)
    ]
    return table("coverage_districts_over_time", "district:place begin:span coverage:share", rows)


def _cameras(covered: Covered, gaps: Iterable[Gap]) -> Table:
    """The least watched first."""
    gone: dict[Key, list[float]] = {}
    for gap in gaps:
        gone.setdefault((gap.site, gap.camera), []).append(gap.span.seconds)
    whole = covered.known.seconds if covered.known else 0.0
    rows: list[Row] = []
    for key in sorted(covered.cameras, key=lambda one: (-sum(gone.get(one, ())), one)):
        dark = gone.get(key, [])
        rows.append((*key, covered.names.get(key, ""), ratio(whole - sum(dark), whole), round(sum(dark), 1), len(dark)))
    columns = "site:place camera:text name:text coverage:share dark_for:seconds gaps:count"
    return table("coverage_cameras", columns, rows)


def _longest(covered: Covered) -> Table:
    """Of the aggregator and of cameras, the longest first."""
    ordered = sorted(covered.gaps, key=lambda gap: (-gap.span.seconds, gap.span.since, gap.site, gap.camera))
    rows = [
        (gap.site, gap.camera, gap.span.since, gap.span.until, round(gap.span.seconds, 1), gap.state, gap.reason)
        for gap in ordered
    ]
    columns = "site:place camera:text begin:time end:time dark_for:seconds state:camera_state reason:camera_reason"
    return table("coverage_gaps", columns, rows)
