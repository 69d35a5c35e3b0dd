"""Whether anything keeps the machine's clock right (Linux adjtimex(2), without any service or program)."""

import ctypes

from contract.events import Clock

_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5


class _Timex(ctypes.Structure):
    """struct timex of <sys/timex.h>; ctypes pads as C does."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


def clock_quality() -> Clock:
    """What the kernel knows: the offset that is still being corrected, and whether a time service keeps it right.

    Where the kernel tells nothing (no adjtimex, not allowed): not synchronised, offset 0.
    """
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return Clock(offset_ms=0.0, synchronised=False)
    return reading(state, timex.status, timex.offset)


def reading(state: int, status: int, offset: int) -> Clock:
    """adjtimex's answer as a Clock; offset is in nanoseconds where STA_NANO is set, in microseconds otherwise."""
    synchronised = 0 <= state < _TIME_ERROR and not status & _STA_UNSYNC
    per_ms = 1e6 if status & _STA_NANO else 1e3
    return Clock(offset_ms=round(offset / per_ms, 3) if state >= 0 else 0.0, synchronised=synchronised)
