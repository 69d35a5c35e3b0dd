"""The agent's end of a decoding child: starts it, reads what it says, takes pictures out of the shared memory.

Memory and pipes have no names, so nothing is left behind however either side ends; the child leaves when its input
ends.
"""

import contextlib
import json
import mmap
import os
import select
import signal
import tempfile
import time
from dataclasses import asdict
from typing import IO

import numpy as np

from edge_agent.adapters.pixels_av import Bgr, joined
from edge_agent.adapters.source_fork_client import FORK_CLIENT
from edge_agent.adapters.source_wire import TARGET, Message, Request
from edge_agent.core.decode_policy import DecodeTarget
from edge_agent.core.types import Image

_READ_BYTES = 65_536
_STDERR_END = 500
"""Bytes of what a child that died has written last."""


class ChildDied(Exception):
    """The child ended without saying so. how: signal or exit status. stderr: what it wrote there last."""

    def __init__(self, how: str, stderr: str) -> None:
        super().__init__(how)
        self.how = how
        self.stderr = stderr


class FrameReader:
    """Pictures in a child's memory file. One thread."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._map: mmap.mmap | None = None
        self._bgr = Bgr()

    def picture(self, message: Message) -> tuple[Image, Image]:
        """The image and luma that a "frame" message tells of, as arrays of their own."""
        if self._map is None or len(self._map) < message["size"]:
            self._map = mmap.mmap(self._memory, message["size"], prot=mmap.PROT_READ)
        width, height = message["width"], message["height"]
        luma_width, luma_height = message["luma"]
        colours = message.get("colours")
        count = width * height * 3 if colours is None else width * height * 3 // 2
        whole = np.frombuffer(self._map, np.uint8, count + luma_width * luma_height, message["offset"])
        pixels, luma = whole[:count], whole[count:].reshape(luma_height, luma_width).copy()
        if colours is None:
            return pixels.reshape(height, width, 3).copy(), luma
        return self._bgr(joined(pixels, width, height, colours)), luma

    def close(self) -> None:
        self._map = None


class Child:
    """One decoding process; OSError if none can be started. One thread reads it; `kill` and, until `close`, `tell` may
    be called from any."""

    def __init__(self, request: Request) -> None:
        self._heard = bytearray()
        with contextlib.ExitStack() as kept, contextlib.ExitStack() as given:
            # A child that cannot be started is tried again for ever: what it had opened must not pile up.
            self._memory = os.memfd_create("jaga-frames")
            kept.callback(os.close, self._memory)
            self._reader = FrameReader(self._memory)
            self._errors: IO[bytes] = kept.enter_context(tempfile.TemporaryFile())
            theirs_in, ours_out = os.pipe()
            given.callback(os.close, theirs_in)
            self._stdin: IO[bytes] = kept.enter_context(open(ours_out, "wb", buffering=0))  # noqa: PTH123
            ours_in, theirs_out = os.pipe()
            given.callback(os.close, theirs_out)
            self._stdout: IO[bytes] = kept.enter_context(open(ours_in, "rb", buffering=0))  # noqa: PTH123
            self._readable = select.poll()
            self._readable.register(self._stdout, select.POLLIN)
            self._process = FORK_CLIENT.fork(theirs_in, theirs_out, self._errors.fileno(), self._memory)
            kept.pop_all()
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(json.dumps(asdict(request)).encode() + b"\n")

    @property
    def pid(self) -> int:
        return self._process.pid

    def next(self, timeout_s: float) -> Message | None:
        """The child's next message, or None after `timeout_s` without one. Raises ChildDied."""
        deadline = time.monotonic() + timeout_s
        while (end := self._heard.find(b"\n")) < 0:
            left = deadline - time.monotonic()
            if left <= 0 or not self._readable.poll(left * 1000):
                return None
            part = os.read(self._stdout.fileno(), _READ_BYTES)
            if not part:
                raise self._died()
            self._heard += part
        line = bytes(self._heard[:end])
        del self._heard[: end + 1]
        message: Message = json.loads(line)
        return message

    def picture(self, message: Message) -> tuple[Image, Image]:
        """The image and luma that a "frame" message tells of; the child may write their place again."""
        image, luma = self._reader.picture(message)
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(bytes([message["slot"]]))
        return image, luma

    def tell(self, target: DecodeTarget) -> None:
        """How to decode from now on."""
        with contextlib.suppress(BrokenPipeError):
            # In one write, which a pipe takes whole: another thread may give a slot back meanwhile.
            self._stdin.write(bytes([TARGET]) + json.dumps(asdict(target)).encode() + b"\n")

    def kill(self) -> None:
        """Ends the child now, whatever it hangs in; `next` then raises ChildDied."""
        self._process.kill()

    def close(self) -> None:
        """Ends the child and frees everything; the reading thread calls this."""
        self._process.kill()
        self._process.wait()
        self._process.close()
        self._stdin.close()
        self._stdout.close()
        self._errors.close()
        self._reader.close()
        os.close(self._memory)

    def _died(self) -> ChildDied:
        status = self._process.wait()
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _STDERR_END))
        stderr = self._errors.read().decode("utf-8", "replace").strip()
        how = "how is unknown" if status is None else f"exit status {status}"
        if status is not None and status < 0:
            how = signal.Signals(-status).name
        return ChildDied(how, stderr)
