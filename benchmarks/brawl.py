"""The brawl rule on clips of fights and of everything else, each judged by a model that has not seen its source.

The detector runs once over each recording (what the rule saw is kept under benchmarks/out); then the rule itself, with
the model of the fold, gives its score at each picture and the lifecycle its episodes. A clip's score is its highest;
beside it stands what published classifiers of clips give, one judgement over the whole clip. The labelled clips leave
their source video out, all other recordings their folder.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from benchmarks.data import DATA, ROOT
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from edge_agent.adapters.detectors import open_detector
from edge_agent.adapters.pictures_cv2 import CvPictures
from edge_agent.adapters.source_av import open_source
from edge_agent.brawl_evidence import Remembering, Seen
from edge_agent.core.lifecycle import Lifecycle
from edge_agent.core.rules.brawl import Brawl, BrawlRule
from edge_agent.core.rules.brawl_model import BrawlModel
from edge_agent.core.rules.table import WHOLE
from edge_agent.core.spec import CameraSpec, DetectorSpec
from edge_agent.core.tracks import View
from edge_agent.core.types import FeatureMap, Frame
from edge_agent.train_brawl import Collector, Recording, clips_of
from edge_agent.zoo.brawl_fit import auc, leave_sources_out, recall_at
from edge_agent.zoo.brawl_fit import score as whole_score

KEPT = ROOT / "benchmarks" / "out" / "brawl"
FIGHTS = DATA / "fight_surv"
SYNOPSIS = "Synopsis"
"""Not fighting clips of another data set, with a look of their own and no fights to match."""
CAMERA = DATA / "traffic" / "thai_junction.mp4"
"""640x360."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """whole: log-odds of the recording taken as one. score: the highest of the rule, 0 where it could not tell. events:
    (begin s, told s) of episodes."""

    recording: Recording
    whole: float
    score: float
    events: tuple[tuple[float, float], ...]


def judge(recording: Recording, model: BrawlModel, rule: BrawlRule) -> Verdict:
    seen: Seen = recording.seen
    step, lifecycle = Brawl(rule, WHOLE, model, Remembering(seen)), Lifecycle(rule.episodes)
    scores, told = [0.0], []
    for view in seen.views():
        changes, _ = lifecycle.step(view.t, step.step(view))
        told += [(change.started, view.t) for change in changes if change.phase == "begin"]
        scores.append(step.score or 0.0)
    windows = seen.windows()
    whole = float("-inf") if windows is None else whole_score(model, windows)
    return Verdict(recording, whole, max(scores), tuple(told))


def verdicts(recordings: Sequence[Recording], rule: BrawlRule) -> list[Verdict]:
    clips, more = clips_of(recordings)
    found = []
    for source, model in leave_sources_out([*clips, *more]):
        found += [judge(recording, model, rule) for recording in recordings if recording.source == source]
    return found


def cost_ms() -> float:
    """Processor milliseconds of the rule for one second of video at 5 pictures a second, the reduced pictures and the
    flow that it asks for included; the detector's work is not. The least of three passes: other processes on the
    machine lengthen one, never shorten it."""
    frames = list(islice(open_source(CameraSpec(id="c", source=str(CAMERA), fps=5.0), realtime=False, start=0.0), 50))
    detector = open_detector(DetectorSpec(precision="f32"))
    maps = [detector.detect([frame.image])[0].features for frame in frames]
    detector.close()
    seconds = frames[-1].t - frames[0].t
    return min(_pass(frames, maps) for _ in range(3)) / seconds * 1000


def _pass(frames: Sequence[Frame], maps: Sequence[FeatureMap | None]) -> float:
    """Seconds of the processor."""
    pictures, rule, spent = CvPictures(), Brawl(BrawlRule(id="brawl"), WHOLE), 0.0
    for frame, features in zip(frames, maps, strict=True):
        view = View(frame.t, (), frame.width / frame.height, picture=pictures.show(frame, frame.t), features=features)
        began = time.process_time()
        rule.step(view)
        spent += time.process_time() - began
    return spent


def measure() -> Outcome:
    collector = Collector(KEPT)
    recordings = [*collector.labelled(FIGHTS), *collector.others(DATA, FIGHTS)]
    rule = BrawlRule(id="brawl")
    found = verdicts(recordings, rule)
    labelled = [one for one in found if one.recording.labelled]
    others = [one for one in found if not one.recording.labelled]
    figures = figures_of(labelled, "") + figures_of(
        [o for o in labelled if o.recording.source != SYNOPSIS], ", no Synopsis"
    )
    fights = [one for one in labelled if one.recording.fight]
    quiet = [one for one in labelled if not one.recording.fight]
    told = [one.events[0][1] for one in fights if one.events]
    hours = sum(float(one.recording.seen.t[-1]) for one in others) / 3600
    false = sum(len(one.events) for one in others)
    for one in (*quiet, *others):
        if one.events:
            print("told of no fight:", one.recording.name, one.score, one.events, file=sys.stderr)
    figures += [
        Figure("fights told with default parameters", len(told) / len(fights)),
        Figure("fights told, median s from the first picture", float(np.median(told)) if told else float("nan")),
        Figure("clips without a fight that were told", float(sum(bool(one.events) for one in quiet))),
        at_most("other recordings that were told", float(sum(bool(one.events) for one in others)), 0),
        Figure("other recordings", float(len(others))),
        Figure("other recordings, hours", hours),
        Figure("other recordings, false events an hour", false / hours),
        Figure("other recordings, highest score", max(one.score for one in others)),
        at_most("cost, ms of CPU for a second of video", cost_ms(), 10.0),
    ]
    return Outcome("brawl", tuple(figures))


def figures_of(found: Sequence[Verdict], which: str) -> list[Figure]:
    truth = np.array([one.recording.fight for one in found])
    highest, whole = (np.array([getattr(one, name) for one in found]) for name in ("score", "whole"))
    area, (recall, threshold) = auc(truth, highest), recall_at(truth, highest, 0.05)
    found_name = f"recall at 5 % false positives{which}"
    return [
        Figure(f"AUC{which}", area) if which else at_least("AUC", area, 0.90),
        Figure(found_name, recall) if which else at_least(found_name, recall, 0.62),
        Figure(f"threshold of that{which}", threshold),
        Figure(f"clip as a whole: AUC{which}", auc(truth, whole)),
        Figure(f"clip as a whole: recall at 5 % false positives{which}", recall_at(truth, whole, 0.05)[0]),
        Figure(f"clips{which}", float(len(found))),
    ]


if __name__ == "__main__":
    sys.exit(command(measure))
