"""A file that is written whole or not at all."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PART = ".part"


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """What is written appears under `path` when the block ends without an error, and is then on disk: a reader, or a
    power cut, sees all of it or what was there before. Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with _held(part) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _held(part: Path) -> IO[bytes]:
    """Empty, and locked for as long as it is open: that is how `sweep` knows it from what a power cut left."""
    while True:
        stream = part.open("wb")
        with contextlib.suppress(OSError):  # a file system without locks: then nothing there is swept, either
            fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_nlink:
            return stream
        stream.close()  # swept away before it was locked


def sweep(folder: Path) -> None:
    """Removes what a process that was cut off left of its files in `folder`; never what a live one is writing."""
    for part in folder.glob(f".*{PART}"):
        with contextlib.suppress(OSError), part.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
