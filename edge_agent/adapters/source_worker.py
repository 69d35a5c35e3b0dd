"""The decoding child, forked by source_fork_server. It imports a decoder and nothing of the agent.

A decoder that crashes or hangs takes this process with it and nothing else. Masks are applied here, so an unmasked
picture never leaves the process. See source_wire for what goes in and out.
"""

import json
import mmap
import os
import threading
import time
from typing import Any

import numpy as np

from edge_agent.adapters.pixels_av import SPARE, Bgr, Planes
from edge_agent.adapters.privacy_cv2 import Masks, one_thread, tiny_luma
from edge_agent.adapters.source_decode import Decoded, OpenError, ReadError, RefusedError, decode
from edge_agent.adapters.source_selective import DecodeControl
from edge_agent.adapters.source_wire import LIVE_SLOTS, SLOTS, TARGET, Message, Request
from edge_agent.core.decode_policy import DecodeTarget
from edge_agent.core.types import Image

ALIVE_EVERY_S = 0.5
"""How often the agent is told how far decoding is while no picture is due."""
LIVE_NICE = 10
"""Of a live stream's decoder. There are many, and what they bring is worth nothing where those who look at it get no
time: they take what is left, and decode less where that is not enough (edge_agent.core.decode_policy)."""
READ_BYTES = 4_096
NEWLINE = 0x0A


class FrameSlots:
    """Shared memory in `count` equal parts; a part is written only when the agent has given it back."""

    def __init__(self, memory: int, count: int) -> None:
        self._fd = memory
        self._map: mmap.mmap | None = None
        self._part = 0
        self._count = count
        self._free = set(range(count))
        self._changed = threading.Condition()

    def give_back(self, slot: int) -> None:
        with self._changed:
            self._free.add(slot)
            self._changed.notify_all()

    def put(self, *arrays: Image) -> Message:
        """Copies them, one behind the other, into a free part, waiting for one. The message tells where they are."""
        need = sum(array.size for array in arrays) + SPARE
        with self._changed:
            if need > self._part:
                self._changed.wait_for(lambda: len(self._free) == self._count)
                self._grow(need)
            self._changed.wait_for(lambda: bool(self._free))
            slot = self._free.pop()
        offset = begin = slot * self._part
        assert self._map is not None
        for array in arrays:
            np.frombuffer(self._map, np.uint8, array.size, begin).reshape(array.shape)[...] = array
            begin += array.size
        return {"slot": slot, "offset": offset, "size": self._part * self._count}

    def _grow(self, need: int) -> None:
        """Only ever larger: the agent may still have the smaller file mapped."""
        self._part = -(-need // mmap.PAGESIZE) * mmap.PAGESIZE
        os.ftruncate(self._fd, self._part * self._count)
        self._map = mmap.mmap(self._fd, self._part * self._count)


class MessageWriter:
    """Writes messages where standard output was; what libraries print goes to standard error from then on."""

    def __init__(self) -> None:
        self._fd = os.dup(1)
        os.dup2(2, 1)

    def __call__(self, message: Message) -> None:
        os.write(self._fd, json.dumps(message, separators=(",", ":")).encode() + b"\n")


def listen(slots: FrameSlots, control: DecodeControl) -> None:
    """Takes slots back, and targets; the end of input means that the agent is gone, and then so is this process."""
    line: bytearray | None = None
    while given := os.read(0, READ_BYTES):
        for byte in given:
            if line is None:
                if byte == TARGET:
                    line = bytearray()
                else:
                    slots.give_back(byte)
            elif byte == NEWLINE:
                control.target, line = DecodeTarget(**json.loads(line)), None
            else:
                line.append(byte)
    os._exit(0)


class FrameWriter:
    """Puts frames where the agent finds them: as planes, of which it makes its picture, or as BGR where there are masks
    to be painted first, or where the planes are not of the usual kind."""

    def __init__(self, request: Request, slots: FrameSlots) -> None:
        self._request, self._slots = request, slots
        self._masks, self._bgr = Masks(request.masks), Bgr()

    def __call__(self, frame: Any, luma: Image | None) -> Message:
        """luma: None where there are masks."""
        if luma is not None and not self._request.masks and (planes := Planes.of(frame)) is not None:
            place = self._slots.put(*planes.parts, luma)
            return {
                **place,
                "width": frame.width,
                "height": frame.height,
                "luma": _size(luma),
                "colours": planes.colours,
            }
        image = self._bgr(frame)
        self._masks.apply(image)
        luma = tiny_luma(image, self._request.luma_width) if luma is None else luma
        width, height = _size(image)
        return {**self._slots.put(image, luma), "width": width, "height": height, "luma": _size(luma)}


def _size(image: Image) -> tuple[int, int]:
    return image.shape[1], image.shape[0]


def work(request: Request, control: DecodeControl, slots: FrameSlots, say: MessageWriter) -> None:
    one_thread()
    place = FrameWriter(request, slots)
    told = time.monotonic()
    last: Decoded | None = None
    for last in decode(request, control):
        now = time.monotonic()
        if last.frame is not None:
            say({"type": "frame", "t": last.t, **_known(last, control), **place(last.frame, last.luma)})
            told = now
        elif now - told > ALIVE_EVERY_S:
            say({"type": "alive", **_known(last, control)})
            told = now
    say({"type": "end", "index": last.index if last else -1, "corrupt": last.corrupt if last else 0})


def _known(last: Decoded, control: DecodeControl) -> Message:
    return {
        "index": last.index,
        "corrupt": last.corrupt,
        "mode": control.mode,
        "skipped": control.skipped,
        "keyframe_s": control.keyframe_s,
        "behind": control.behind,
        "cpu": time.process_time(),
        "spared": control.spared,
    }


def _why(error: OpenError | ReadError) -> Message:
    return {"key": error.key, "values": {name: str(value) for name, value in error.values.items()}}


def main(memory: int) -> None:
    """Until there is nothing more to decode. memory: handle of the file for pictures."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return
        line += byte
    request = Request(**json.loads(line))
    if request.realtime:
        os.nice(LIVE_NICE)
    slots = FrameSlots(memory, LIVE_SLOTS if request.realtime else SLOTS)
    say, control = MessageWriter(), DecodeControl(request.decode, DecodeTarget(request.fps))
    threading.Thread(target=listen, args=(slots, control), daemon=True).start()
    try:
        work(request, control, slots, say)
    except OpenError as error:
        refused = isinstance(error, RefusedError)
        say({"type": "error", "stage": "open", **_why(error), "refused": refused})
    except ReadError as error:
        say({"type": "error", "stage": "read", **_why(error)})
    except BrokenPipeError:
        pass
