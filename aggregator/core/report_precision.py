"""How often cameras were right by operators' verdicts: within a range as plain shares with their interval, and as the
aggregator weighs them now (aggregator.core.precision)."""

from collections import Counter
from collections.abc import Iterable, Sequence

from aggregator.core.precision import Judged, Verdict
from aggregator.core.report import Calendar, Districts, Report, Row, Span, Table, ratio, table, wilson, within

_COUNTS = "right:count wrong:count precision:share low:share high:share"


def precision_report(
    span: Span, verdicts: Sequence[Verdict], judged: Iterable[Judged], districts: Districts, calendar: Calendar
) -> Report:
    """Each verdict is on one rule of a camera: where two of them told of an incident, there are two."""
    return Report(
        "precision",
        span,
        (
            table("precision_totals", _COUNTS, [_counted(verdicts)]),
            _over_time(span, verdicts, calendar),
            _by("kind", "kind", [((one.kind,), one) for one in verdicts]),
            _by("district", "place", [(districts.of((one.site,)), one) for one in verdicts]),
            _rules(verdicts, judged),
            _reasons(verdicts),
        ),
    )


def _counted(verdicts: Iterable[Verdict]) -> Row:
    found = [one.true for one in verdicts]
    right = sum(found)
    wrong = len(found) - right
    low, high = wilson(right, wrong) or (None, None)
    return right, wrong, ratio(right, len(found)), low, high


def _by(key: str, kind: str, found: Iterable[tuple[Sequence[str], Verdict]]) -> Table:
    held: dict[str, list[Verdict]] = {}
    for groups, one in found:
        for group in groups:
            held.setdefault(group, []).append(one)
    rows = [(group, *_counted(ones)) for group, ones in sorted(held.items(), key=lambda item: (-len(item[1]), item[0]))]
    return table(f"precision_by_{key}", f"{key}:{kind} {_COUNTS}", rows)


def _over_time(span: Span, verdicts: Sequence[Verdict], calendar: Calendar) -> Table:
    buckets = calendar.buckets(span)
    held: list[list[Verdict]] = [[] for _ in buckets]
    for one in verdicts:
        at = within(buckets, one.time)
        if at is not None:
            held[at].append(one)
    rows = [(bucket.since, *_counted(ones)) for bucket, ones in zip(buckets, held, strict=True)]
    return table("precision_over_time", f"begin:span {_COUNTS}", rows)


def _reasons(verdicts: Iterable[Verdict]) -> Table:
    """Why which rule was wrong, by what people said; the most frequent first."""
    found = Counter((one.site, one.camera, one.kind, one.rule, one.reason) for one in verdicts if not one.true)
    rows = [(*key, count) for key, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))]
    return table("precision_reasons", "site:place camera:text kind rule:text why:false_reason times:count", rows)


def _rules(verdicts: Sequence[Verdict], judged: Iterable[Judged]) -> Table:
    """The least precise first. now, now_low, now_high: what counts at present, of all verdicts, faded; trend: recent
    minus before, where that is sure."""
    held: dict[tuple[str, str, str, str], list[Verdict]] = {}
    for one in verdicts:
        held.setdefault((one.site, one.camera, one.kind, one.rule), []).append(one)
    rows: list[Row] = []
    for known in judged:
        place = (known.site, known.camera, known.kind, known.rule)
        own = held.get(place)
        if own is not None:
            right, wrong, share, *_ = _counted(own)
            rows.append((*place, right, wrong, share, known.mean, known.low, known.high, known.recent, known.drift))
    rows.sort(key=lambda row: (row[7] or 0.0, row[:4]))
    columns = (
        "site:place camera:text kind rule:text right:count wrong:count precision:share now:share now_low:share "
        "now_high:share recent:share trend:share"
    )
    return table("precision_cameras", columns, rows)
