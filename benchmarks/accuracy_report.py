"""The figures of `benchmarks.accuracy` as models/ACCURACY.md, and their comparison with the committed baseline."""

import json
import statistics
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from benchmarks import themes as theme_table
from benchmarks.data import ROOT
from benchmarks.report import Outcome
from benchmarks.truth import Clip
from edge_agent.core.rules.table import RULES

if TYPE_CHECKING:
    from benchmarks.accuracy import Score

REPORT = ROOT / "models" / "ACCURACY.md"
BASELINE = ROOT / "benchmarks" / "accuracy_baseline.json"
KEPT = ROOT / "benchmarks" / "out" / "accuracy"
"""Where a run leaves what it has measured, for one that is resumed."""
HEAD = """# Accuracy

Written by `make accuracy` (`python -m benchmarks.accuracy`): every kind with its default parameters over every clip of
the labelled footage, through `jaga analyze`; in float32, since `brawl` is among them ([what the defaults tell
otherwise without it](yolov8n.md#by-default)). Labels made by eye are within 10 frames.

**Read this first.** Most thresholds were chosen on these same clips, so expect less elsewhere. {hours:.2f} hours of
footage in {clips} clips cannot show false alarms per camera-day: not one false event here still allows about
{daily:.0f} a camera and day (95 %, rule of three). What this footage cannot measure at all:
false alarms per camera-day, flood, wrong way, rain at night. Where a figure comes from synthetic pictures or
tracks, its line says *synthetic*: it tests the logic, and is no measurement of the world.

## Every kind over every clip

Every clip is a negative for the kinds it does not contain. *delay*: from the labelled onset to the moment an operator
could be told, only where the clip shows the onset. *ms*: processor milliseconds a frame beyond detection and tracking,
the rule alone (`python -m benchmarks.rule_cost`).
The shipped `brawl` model was trained on the fight clips themselves: what it finds of unseen sources is in
[its card](brawl.md).

| kind | true | found | missed | delay s, median (longest) | box IoU, least | false | false per hour | ms |
|---|---|---|---|---|---|---|---|---|
"""


def conclude(scores: "Mapping[str, Score]", chosen: Sequence[Clip], how: "How") -> int:
    """Writes the report (or the baseline too, where it is accepted) and says what is worse than the baseline: 1, else
    0."""
    modules = [module for module in theme_table.MODULES if how.themes and (not how.kept or kept_at(module).exists())]
    outcomes = [outcome_of(module, how.resume or how.kept) for module in modules]
    figures = flat(scores, outcomes)
    if how.themes:
        left_out = [module for module in theme_table.MODULES if module not in modules]
        REPORT.write_text(report(scores, chosen, outcomes, left_out), "utf-8")
    if how.accept:
        BASELINE.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", "utf-8")
        return 0
    worse = fallen(figures, json.loads(BASELINE.read_text("utf-8")))
    for line in worse:
        print(line, file=sys.stderr)
    print("no figure is worse than the baseline" if not worse else f"{len(worse)} worse than the baseline")
    return 1 if worse else 0


@dataclass(frozen=True, slots=True)
class How:
    """accept: the figures are the new baseline. resume: what an interrupted run has finished is not done again. kept:
    nor is anything else; the report names what is left out. themes: the measurements of single kinds are made."""

    accept: bool = False
    resume: bool = False
    kept: bool = False
    themes: bool = True


def kept_at(module: ModuleType) -> Path:
    return KEPT / f"{module.__name__.rpartition('.')[2]}.json"


def outcome_of(module: ModuleType, resume: bool) -> Outcome:
    """Measured now, or read where an earlier run has left it."""
    kept = kept_at(module)
    if resume and kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=Outcome)
    print(f"measuring {module.__name__}", file=sys.stderr, flush=True)
    outcome: Outcome = module.measure()
    KEPT.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(msgspec.json.encode(outcome))
    return outcome


def flat(scores: "Mapping[str, Score]", outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
    """Name -> [value, sign]: more of it is better where sign is 1, worse where it is -1; what must be just so counts as
    1 or 0. Times and costs, which hang on the machine, are left out."""
    found: dict[str, list[float]] = {}
    for kind, score in scores.items():
        found[f"{kind}: found"] = [float(score.hits), 1]
        found[f"{kind}: false"] = [float(len(score.false)), -1]
    for outcome in outcomes:
        for figure in outcome.figures:
            name = f"{outcome.command}: {figure.name}"
            if figure.ok is None or " ms" in f" {figure.name}":
                continue
            if isinstance(figure.value, str) or figure.bar[:2] not in (">=", "<="):
                found[f"{name}, as it must be"] = [float(figure.ok), 1]
            else:
                found[name] = [figure.value, 1 if figure.bar[:2] == ">=" else -1]
    return found


def fallen(now: Mapping[str, Sequence[float]], before: Mapping[str, Sequence[float]]) -> list[str]:
    """What was measured before and is worse now, or not measured any more; a thousandth is no difference."""
    worse = []
    for name, (value, sign) in before.items():
        if name not in now:
            worse.append(f"{name}: not measured any more (was {value:g})")
        elif not (now[name][0] - value) * sign >= -1e-3 * max(1.0, abs(value)):
            worse.append(f"{name}: {now[name][0]:g}, was {value:g}")
    return worse


def report(
    scores: "Mapping[str, Score]",
    chosen: Sequence[Clip],
    outcomes: Sequence[Outcome],
    left_out: Sequence[ModuleType] = (),
) -> str:
    hours = sum(clip.seconds for clip in chosen) / 3600
    lines = [HEAD.format(hours=hours, clips=len(chosen), daily=3 / hours * 24).rstrip()]
    costs = {
        figure.name.partition(",")[0]: figure.value
        for outcome in outcomes
        if outcome.command == "rule_cost"
        for figure in outcome.figures
    }
    lines += [_row(score, hours, costs) for score in scores.values()]
    lines += ["", *_told_wrongly(scores), *_missed(scores), *_on_other_footage(scores)]
    if left_out:
        names = ", ".join(f"`python -m {module.__name__}`" for module in left_out)
        lines += ["", f"**Not run for this report**, and so not in it: {names}."]
    for outcome in outcomes:
        lines += ["", f"## {theme_table.title(outcome.command)}", "", f"`python -m benchmarks.{outcome.command}`", ""]
        lines += ["| figure | value | target | |", "|---|---|---|---|"]
        for figure in outcome.figures:
            value = figure.value if isinstance(figure.value, str) else f"{figure.value:.4g}"
            verdict = {None: "", True: "reached", False: "**missed**"}[figure.ok]
            lines.append(f"| {figure.name} | {value} | {figure.bar} | {verdict} |")
    return "\n".join(lines) + "\n"


def _row(score: "Score", hours: float, costs: Mapping[str, float | str]) -> str:
    true = score.hits + len(score.missed)
    delays = score.delays
    delay = f"{statistics.median(delays):.1f} ({max(delays):.1f})" if delays else "–"
    iou = f"{min(score.ious):.2f}" if score.ious else "–"
    cost = costs.get(score.kind, costs.get("camera's own faults") if score.kind.startswith("camera_") else None)
    shown = f"{cost:.2f}" if isinstance(cost, float) else "–"
    return (
        f"| `{score.kind}` | {true or '–'} | {score.hits if true else '–'} | {len(score.missed) if true else '–'} "
        f"| {delay} | {iou} | {len(score.false)} | {len(score.false) / hours:.1f} | {shown} |"
    )


def _told_wrongly(scores: "Mapping[str, Score]") -> list[str]:
    told = [item for score in scores.values() for item in score.false]
    if not told:
        return ["Nothing was told that no label knows."]
    lines = ["Told, and in no label:", ""]
    return [*lines, *(f"- `{item.kind}` {item.clip} at {item.at_s:.1f} s ({item.why})" for item in told)]


def _missed(scores: "Mapping[str, Score]") -> list[str]:
    missed = [(score.kind, name) for score in scores.values() for name in score.missed]
    if not missed:
        return ["", "Nothing labelled was missed."]
    lines = ["", "Labelled, and not told:", ""]
    kinds = sorted({kind for kind, _ in missed})
    return [*lines, *(f"- `{kind}`: " + ", ".join(name for k, name in missed if k == kind) for kind in kinds)]


def _on_other_footage(kinds: Collection[str]) -> list[str]:
    placed = ", ".join(f"`{kind}`" for kind in RULES if kind not in kinds)
    return ["", f"Kinds that need a place somebody draws, or a number, are measured below: {placed}."]
