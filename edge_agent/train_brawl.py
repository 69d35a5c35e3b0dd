"""Trains the brawl rule's model on labelled clips: `python -m edge_agent.train_brawl --data FOLDER --others FOLDER`.

FOLDER/labels.csv has the columns file, fight (0 or 1) and source_video. The videos below --others show no fight; those
of one subfolder count as one source. Deterministic: same clips, network and versions, same numbers. What the detector
saw is kept in --evidence, so that a second run takes a minute. Prints the cross-validation that leaves whole sources
out; with --out it writes the trained model.
"""

import argparse
import csv
import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_agent.adapters.detectors import open_detector
from edge_agent.brawl_evidence import MIRRORED, PLAIN, Seen, Variant, kept
from edge_agent.core.errors import SourceError
from edge_agent.core.ports import Detector
from edge_agent.core.spec import DetectorSpec, TrackerSpec, for_tracking
from edge_agent.zoo.brawl_fit import Clip, auc, fit, leave_sources_out, recall_at, score, written
from edge_agent.zoo.manifest import manifest

VIDEOS = (".mp4", ".avi")
BEGINNING = Variant(longest_s=30.0)
"""So much is enough of a recording that shows no fight."""
SHARE = 0.3
"""Weight of its parts: at full weight they are learned in place of the quiet clips that resemble fights."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """name: relative to its folder. labelled: of the clips with labels. seen: as it is. mirrored: see MIRRORED."""

    name: str
    source: str
    fight: bool
    labelled: bool
    seen: Seen
    mirrored: Seen | None = None


class Collector:
    """Recordings through the detector, or from what is kept. evidence: the folder for that."""

    def __init__(self, evidence: Path) -> None:
        spec, self._tracker = for_tracking(DetectorSpec(precision="f32"), TrackerSpec())
        self._spec = spec
        self._detector: Detector = open_detector(spec)
        self._evidence = evidence

    def labelled(self, folder: Path) -> Iterator[Recording]:
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        for row in rows:
            plain = self._look(folder / row["file"], PLAIN)
            if plain is not None:
                mirrored = self._look(folder / row["file"], MIRRORED)
                yield Recording(row["file"], row["source_video"], row["fight"] == "1", True, plain, mirrored)

    def others(self, folder: Path, skip: Path) -> Iterator[Recording]:
        for video in sorted(path for path in folder.rglob("*") if path.suffix in VIDEOS):
            if skip not in video.parents and (seen := self._look(video, BEGINNING)) is not None:
                name = video.relative_to(folder).as_posix()
                yield Recording(name, name.split("/", 1)[0], False, False, seen)

    def _look(self, video: Path, variant: Variant) -> Seen | None:
        try:
            return kept(video, self._evidence, self._detector, self._tracker, variant)
        except SourceError as error:
            sys.stderr.write(f"{video.name}: {error}\n")
            return None


def clips_of(recordings: Sequence[Recording]) -> tuple[list[Clip], list[Clip]]:
    """The labelled clips and all that is learned from beside them: mirrored ones, and parts of the other recordings."""
    clips, more = [], []
    for recording in recordings:
        name, source, fight = recording.name, recording.source, recording.fight
        if not recording.labelled:
            more += [Clip(name, source, fight, windows, SHARE) for windows in recording.seen.parts()]
            continue
        if (windows := recording.seen.windows()) is not None:
            clips.append(Clip(name, source, fight, windows))
        if recording.mirrored is not None and (windows := recording.mirrored.windows()) is not None:
            more.append(Clip(f"{name} mirrored", source, fight, windows))
    return clips, more


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with labels.csv and the clips it names")
    parser.add_argument("--others", type=Path, required=True, help="folder of videos that show no fight")
    parser.add_argument("--evidence", type=Path, default=Path("var/brawl"), help="where to keep what was seen")
    parser.add_argument("--nested", action="store_true", help="also with the penalty chosen inside each fold (minutes)")
    parser.add_argument("--out", type=Path, help="brawl_weights.py to write")
    options = parser.parse_args(arguments)
    collector = Collector(options.evidence)
    recordings = [*collector.labelled(options.data), *collector.others(options.others, options.data)]
    clips, more = clips_of(recordings)
    sources = len({clip.source for clip in clips})
    sys.stdout.write(f"{len(clips)} clips of {sources} sources, {len(more)} more; sources left out:\n")
    for nested in (False, True) if options.nested else (False,):
        truth, scores = np.array([clip.fight for clip in clips]), np.zeros(len(clips))
        for source, model in leave_sources_out(clips, more, nested=nested):
            for n, clip in enumerate(clips):
                if clip.source == source:
                    scores[n] = score(model, clip.windows)
        recall, _ = recall_at(truth, scores, 0.05)
        how = "penalty chosen anew without each source" if nested else "penalty as shipped"
        sys.stdout.write(f"{how}: AUC {auc(truth, scores):.4f}, recall at 5 % false positives {recall:.4f}\n")
    if options.out is not None:
        network = manifest().entry(DetectorSpec().model).onnx
        tensors = "\n".join(network.features or ())
        note = f"{len(clips)} clips, {len(more)} more.\nNetwork SHA-256 {network.sha256}, tensors\n{tensors}."
        options.out.write_text(written(fit([*clips, *more]), note), "utf-8")
        sys.stdout.write(f"{options.out}: SHA-256 {hashlib.sha256(options.out.read_bytes()).hexdigest()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
