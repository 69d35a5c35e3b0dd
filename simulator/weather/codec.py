"""What coding does to a picture, by a real encoder and decoder (H.264 by FFmpeg): blur and blocks at a low rate, key
frames that pump, slices that are lost on the way."""

from fractions import Fraction

import av
import av.error
import numpy as np
from av.codec.context import Flags

from simulator.weather.setting import Act, Image, Setting

KEY_S = 4.0
PUMP_S = 2.0
SLICES = 10
START = b"\x00\x00\x01"


class _Coded:
    """One stream through an encoder and a decoder, a picture in, a picture out. lost: the share of slices that never
    arrive; 0: none."""

    def __init__(self, setting: Setting, options: dict[str, str], key_s: float, lost: float = 0.0) -> None:
        self._size = setting.width, setting.height
        self._lost = lost
        self._chance = setting.chance()
        self._last: Image | None = None
        self._count = 0
        rate = Fraction(setting.fps).limit_denominator(1000)
        self._encoder = av.CodecContext.create("libx264", "w")
        self._encoder.width, self._encoder.height = (side + side % 2 for side in self._size)
        self._encoder.pix_fmt = "yuv420p"
        self._encoder.framerate, self._encoder.time_base = rate, 1 / rate
        self._encoder.thread_count = 1
        gop = str(max(2, round(key_s * setting.fps)))
        common = {"preset": "veryfast", "tune": "zerolatency", "g": gop, "keyint_min": gop, "sc_threshold": "0"}
        self._encoder.options = {**common, "threads": "1", **options}
        self._decoder = av.CodecContext.create("h264", "r")
        self._decoder.thread_count = 1
        self._decoder.flags |= Flags.output_corrupt

    def through(self, image: Image) -> Image:
        """As the receiver shows it; where nothing can be decoded, the picture before."""
        width, height = self._size
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="bgr24")
        frame.pts, frame.time_base = self._count, self._encoder.time_base
        self._count += 1
        shown = self._last
        for packet in self._encoder.encode(frame):
            data = self._through_the_net(bytes(packet))
            try:
                for decoded in self._decoder.decode(av.Packet(data)) if data else ():
                    shown = decoded.to_ndarray(format="bgr24")[:height, :width].astype(np.uint8, copy=True)
            except av.error.FFmpegError:
                continue
        self._last = image.copy() if shown is None else shown
        return self._last.copy()

    def _through_the_net(self, data: bytes) -> bytes:
        """Without the slices that are lost; parameter sets and the whole first picture always arrive."""
        if not self._lost or self._count <= 1:
            return data
        units = data.replace(b"\x00" + START, START).split(START)[1:]
        kept = [unit for unit in units if unit[0] & 31 not in (1, 5) or self._chance.random() >= self._lost]
        return b"".join(b"\x00" + START + unit for unit in kept)


def recoding(setting: Setting) -> Act:
    """A rate far too low: detail is gone, blocks and ringing stay."""
    return _coded(setting, {"crf": str(setting.of(34, 41, 48))}, KEY_S)


def pumping(setting: Setting) -> Act:
    """Key frames much coarser than what follows: every PUMP_S the picture jumps and grows sharp again."""
    quantiser, worse = setting.of((26, 0.5), (30, 0.35), (33, 0.25))
    return _coded(setting, {"qp": str(quantiser), "ipratio": str(worse), "aq-mode": "0"}, PUMP_S)


def block_loss(setting: Setting) -> Act:
    """Slices that never arrive: the decoder fills in, and the damage drags until the next key frame."""
    return _coded(setting, {"crf": "26", "slices": str(SLICES)}, KEY_S, setting.of(0.01, 0.04, 0.12))


def _coded(setting: Setting, options: dict[str, str], key_s: float, lost: float = 0.0) -> Act:
    stream = _Coded(setting, options, key_s, lost)
    return lambda image, t: image.copy() if t < 0 else stream.through(image)
