"""`python -m simulator.weather CLIP OUT.mp4 --kind rain --strength strong --seed 1`: an overlay to look at."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

from simulator.scene_video import OPTIONS, encoder
from simulator.weather import KINDS, STRENGTHS, Image, weathered

USUAL_FPS = Fraction(25)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulator.weather", description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("out", type=Path, help="an .mp4; what is there is overwritten")
    parser.add_argument("--kind", choices=tuple(KINDS), required=True)
    parser.add_argument("--strength", choices=STRENGTHS, default="medium")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--begin", type=float, default=2.0, metavar="SECONDS", help="when it begins")
    options = parser.parse_args(arguments)
    with av.open(str(options.clip)) as container:
        rate = container.streams.video[0].average_rate or USUAL_FPS
        pictures = (frame.to_ndarray(format="bgr24").astype(np.uint8) for frame in container.decode(video=0))
        changed = weathered(pictures, options.kind, options.strength, float(rate), options.seed, options.begin)
        count = _write(options.out, changed, rate)
    sys.stderr.write(f"{count} pictures: SYNTHETIC {options.kind}, {options.strength}, seed {options.seed}\n")
    return 0


def _write(path: Path, pictures: Iterator[Image], rate: Fraction) -> int:
    name, count = encoder(), 0
    with av.open(str(path), "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream(name, rate=rate, options=OPTIONS[name]))
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            even = np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])
            if count == 0:
                stream.height, stream.width = even.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="bgr24")))
            count += 1
        container.mux(stream.encode(None))
    return count


if __name__ == "__main__":
    sys.exit(main())
