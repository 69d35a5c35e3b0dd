"""A live stream's packets to pictures, decoding as little as edge_agent.core.decode_policy allows.

While only keyframes are wanted, the packets after each are kept undecoded; a camera that wakes is caught up with from
them at once, and does not have to wait for its next keyframe. A keyframe that was left undecoded is decoded after all
where the packets after it say that something has changed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import av.error

from edge_agent.core.decode_policy import Backlog, DecodePolicy, DecodeTarget, KeyframeMeter, Mode, mode
from edge_agent.core.packet_sizes import PacketSizes

MOST_KEPT = 32_000_000
"""Bytes of packets kept since the last keyframe; with more, waking waits for the next one."""
EMPTY = 2
"""After so many keyframes in a row that gave no picture by themselves the stream has none: one that is refreshed a part
of the picture at a time marks where that begins (H.264's recovery points)."""


@dataclass(slots=True)
class DecodeControl:
    """What the agent asks for, and what it may be told of the stream. Another thread may set `target`, whole."""

    policy: DecodePolicy = "all"
    target: DecodeTarget = field(default_factory=DecodeTarget)
    mode: Mode = "all"
    skipped: int = 0
    spared: int = 0
    """Keyframes that were due, around which packets said that nothing has changed."""
    keyframe_s: float | None = None
    behind: bool = False
    meter: KeyframeMeter = field(default_factory=KeyframeMeter)
    sizes: PacketSizes = field(default_factory=PacketSizes)
    """Of the stream: a recording that begins again is the same one."""


class SelectiveDecoder:
    """One opened stream. `feed` with each packet in order; it raises what decoding raises.

    due: whether a picture that comes within so many seconds would be delivered.
    """

    def __init__(
        self,
        context: Any,
        control: DecodeControl,
        due: Callable[[float], bool],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._control = control
        self._due = due
        self._interval = interval
        self._clock = clock
        self._meter = control.meter
        self._backlog = Backlog()
        self._kept: list[Any] = []
        self._kept_bytes = 0
        self._rested = False
        self._empty = 0
        self._spared: Any | None = None
        """The last keyframe, while it is left undecoded because nothing seems to have changed."""
        self._whole = True
        """Whether what is kept begins with a keyframe, or where the decoder stands, and has no hole."""

    def feed(self, packet: Any, waited_s: float) -> list[Any] | None:
        """The pictures that came out, or None where this packet's is left undecoded. waited_s: until it came, or was
        due."""
        control, now = self._control, self._clock()
        if not packet.size:
            return list(self._context.decode(packet))
        key = bool(packet.is_keyframe)
        self._meter.see(now, key)
        self._weigh(packet.size, key, now)
        self._backlog.see(now, waited_s)
        policy: DecodePolicy = control.policy if self._empty < EMPTY else "all"
        before, control.mode = control.mode, mode(policy, control.target, self._meter, self._backlog.behind, now)
        control.keyframe_s, control.behind = self._meter.interval(now), self._backlog.behind
        if control.mode == "keyframes":
            return self._key(packet, key, now)
        if before == "keyframes":
            return self._wake(packet, key)
        lazy = control.mode == "no_nonref" and not self._due(self._interval)
        self._context.skip_frame = "NONREF" if lazy else "DEFAULT"
        frames = list(self._context.decode(packet))
        if lazy and not frames:
            control.skipped += 1
            return None
        return frames

    def _weigh(self, size: int, key: bool, now: float) -> None:
        rests = self._control.target.rest_s > 0
        if self._rested and not rests and self._control.mode == "keyframes":
            self._control.sizes.woke(now)
        self._control.sizes.see(size, key, rests)
        self._rested = rests

    def _key(self, packet: Any, key: bool, now: float) -> list[Any] | None:
        control, target, sizes = self._control, self._control.target, self._control.sizes
        if key:
            control.spared += self._spared is not None
            self._kept, self._kept_bytes, self._whole, self._spared = [], 0, True, None
        if self._whole:
            self._kept.append(packet)
            self._kept_bytes += packet.size
        if self._backlog.behind or self._kept_bytes > MOST_KEPT:
            # Who is behind has no time to catch up: it goes on at the first keyframe after it is not.
            self._kept, self._kept_bytes, self._whole = [], 0, False
        if key and self._due(0.0):
            # The keyframe that is nearest to a glance's time: packets come unevenly, and the next may come much later.
            nearest = now + (control.keyframe_s or 0.0) / 2
            if target.rest_s <= 0 or not sizes.nothing_new(nearest, target.glance_s):
                return self._alone(packet, now)
            self._spared = packet
        if self._spared is None or not sizes.another:
            control.skipped += 1
            return None
        late, self._spared = self._spared, None
        return self._alone(late, now)

    def _alone(self, packet: Any, now: float) -> list[Any]:
        """A keyframe's picture, without those before and after it: what the decoder holds back is drained."""
        self._context.skip_frame = "DEFAULT"
        if self._meter.intra:
            frames = list(self._context.decode(packet))
        else:
            self._context.flush_buffers()
            frames = [*self._context.decode(packet), *self._context.decode(None)][-1:]
            self._context.flush_buffers()
        if frames:
            self._control.sizes.decoded(now)
        self._empty = 0 if frames else self._empty + 1
        return frames

    def _wake(self, packet: Any, key: bool) -> list[Any] | None:
        """Everything since the last keyframe, so that decoding goes on; only the newest picture is given."""
        self._spared = None
        if key:
            self._kept, self._whole = [], True
        if not self._whole:
            # Nothing to go on from: as before, until the next keyframe.
            self._control.mode = "keyframes"
            self._control.skipped += 1
            return None
        self._context.skip_frame = "DEFAULT"
        frames: list[Any] = []
        kept, self._kept, self._kept_bytes = [*self._kept, packet], [], 0
        if kept[0].is_keyframe:
            self._context.flush_buffers()
        for one in kept:
            try:
                frames += self._context.decode(one)
            except av.error.InvalidDataError:
                continue
            del frames[:-1]
        self._whole = True
        return frames
