"""Every anomaly kind with its default parameters over every clip, through `jaga analyze`: hits, misses, delays, false
events by hour and what each rule costs. Writes models/ACCURACY.md; exits 1 where a figure is worse than the committed
baseline (benchmarks/accuracy_baseline.json; `--accept` writes it anew).
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

import msgspec

from benchmarks import accuracy_report
from benchmarks.data import DATA
from benchmarks.runs import analyze, seconds
from benchmarks.truth import Clip, Truth, clips, truths
from contract.events import Event
from edge_agent.core.overlap import pair_iou
from edge_agent.core.rules.table import RULES
from edge_agent.core.types import Box

AFTER_S = 3.0
"""A finding may be told this long after what it is about has ended."""
AT_ONCE = 20
CAMERA_KINDS = ("camera_covered", "camera_defocused", "camera_moved", "camera_frozen")


@dataclass(frozen=True, slots=True)
class Told:
    """One episode, as an operator learns of it: at_s after the clip's first picture."""

    clip: str
    kind: str
    at_s: float
    boxes: tuple[Box, ...]
    why: str


@dataclass(slots=True)
class Score:
    """One kind over all clips. delays: seconds from the onset, of the hits whose clip shows it. iou: of the best box
    with the label's, of the hits that have one."""

    kind: str
    hits: int = 0
    missed: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    ious: list[float] = field(default_factory=list)
    false: list[Told] = field(default_factory=list)


def kinds() -> tuple[str, ...]:
    """Those whose rule needs nothing but its kind. What says what somebody drew a place for (intrusion, line_crossing,
    loitering, scene_change), or how many are no longer few (crowd), is measured by commands of its own."""
    return tuple(
        kind
        for kind, entry in RULES.items()
        if kind != "crowd"
        and all(
            item.default is not MISSING or item.default_factory is not MISSING or item.name == "id"
            for item in fields(entry.spec)
        )
    )


def config_of(chosen: Sequence[Clip]) -> str:
    """A camera for each clip, each with every rule as it is by default."""
    lines = ['[agent]\nsite = "accuracy"\nid = "bench"']
    for number, clip in enumerate(chosen):
        lines.append(f'[[camera]]\nid = "c{number:03d}"\nsource = {json.dumps(str(clip.path))}')
        lines += [f'[[camera.rule]]\nkind = "{kind}"' for kind in kinds()]
    return "\n".join(lines) + "\n"


def told_of(events: Iterable[Event], chosen: Sequence[Clip]) -> list[Told]:
    found = []
    for event in events:
        if event.data.phase != "begin":
            continue
        clip = chosen[int(event.data.camera[1:])]
        held = sum(measure.value for measure in event.data.why.measures if measure.name == "held")
        boxes = tuple(box for subject in event.data.subjects for box in subject.boxes)
        why = ", ".join(f"{m.name} {m.value:g}" for m in event.data.why.measures)
        at = seconds(event.data.started.timestamp()) + held
        found.append(Told(clip.name, str(event.data.kind), at, boxes, why))
    return found


def scores_of(
    told: Sequence[Told], chosen: Sequence[Clip], labels: Mapping[str, tuple[Truth, ...]]
) -> dict[str, Score]:
    scores = {kind: Score(kind) for kind in (*kinds(), *CAMERA_KINDS)}
    for clip in chosen:
        for kind, score in scores.items():
            said = [item for item in told if item.clip == clip.name and item.kind == kind]
            true = [truth for truth in labels.get(clip.name, ()) if truth.kind == kind]
            _judge(score, clip, said, true)
    return scores


def _judge(score: Score, clip: Clip, said: list[Told], true: list[Truth]) -> None:
    for truth in true:
        right = [item for item in said if tells(item, truth)]
        if not right:
            score.missed.append(clip.name)
            continue
        first = min(right, key=lambda item: item.at_s)
        score.hits += 1
        if truth.onset:
            score.delays.append(first.at_s - truth.begin_s)
        if truth.boxes:
            score.ious.append(max((pair_iou(a, b) for a in first.boxes for b in truth.boxes), default=0.0))
    score.false += [item for item in said if not any(tells(item, truth) for truth in true)]


def tells(item: Told, truth: Truth) -> bool:
    """Whether it is told while it is so, or not too late after it."""
    return truth.begin_s - truth.slack_s <= item.at_s <= truth.end_s + truth.slack_s + AFTER_S


def run(chosen: Sequence[Clip]) -> list[Told]:
    """Raises RuntimeError with what `jaga analyze` said where it failed."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "accuracy.toml"
        config.write_text(config_of(chosen), "utf-8")
        done = analyze([clip.path for clip in chosen], config)
    if done.code != 0:
        raise RuntimeError(f"jaga analyze ended with {done.code}: {done.said}")
    return told_of(done.events, chosen)


def told_by(chosen: Sequence[Clip], resume: bool) -> list[Told]:
    kept = accuracy_report.KEPT / "told.json"
    if resume and kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=list[Told])
    told = [item for some in batched(chosen) for item in run(some)]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(msgspec.json.encode(told))
    return told


def batched(chosen: Sequence[Clip]) -> list[Sequence[Clip]]:
    """As many clips as one run of the command gets through in its time."""
    return [chosen[i : i + AT_ONCE] for i in range(0, len(chosen), AT_ONCE)]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no figure is worse than the baseline, 1 when one is, 2 without the data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="write the figures as the new baseline")
    parser.add_argument("--only", metavar="TEXT", help="only clips with TEXT in their name; writes no report")
    parser.add_argument("--no-themes", action="store_true", help="without the measurements of single kinds")
    parser.add_argument("--resume", action="store_true", help="take what an interrupted run has measured already")
    parser.add_argument("--kept", action="store_true", help="measure nothing anew; report what has been measured")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        print(f"no labelled footage at {DATA}: set JAGA_DATA")
        return 2
    chosen = [clip for clip in clips() if options.only is None or options.only in clip.name]
    scores = scores_of(told_by(chosen, (options.resume or options.kept) and options.only is None), chosen, truths())
    for score in scores.values():
        print(f"{score.kind}: hits {score.hits}, missed {score.missed}, false {len(score.false)}", file=sys.stderr)
        for item in score.false:
            print(f"  {item.clip} at {item.at_s:.1f} s: {item.why}", file=sys.stderr)
    if options.only is not None:
        return 0
    how = accuracy_report.How(options.accept, options.resume, options.kept, not options.no_themes)
    return accuracy_report.conclude(scores, chosen, how)


if __name__ == "__main__":
    sys.exit(main())
