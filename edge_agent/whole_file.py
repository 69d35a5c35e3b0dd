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
    with _held(part) as stream:
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _held(part: Path) -> IO[bytes]:
    """Empty, and locked for as long as it is open: that is how `sweep`, or another container with the same process id,
    knows it from what a power cut left."""
    while True:
        stream = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        with contextlib.suppress(OSError):  # a file system without locks: then nothing there is swept, either
            fcntl.flock(stream, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), part.stat()):
                stream.truncate()
                return stream
        stream.close()  # swept away, or completed, before it was locked


def sweep(folder: Path) -> None:
    """Removes what a process that was cut off left of its files in `folder`; never what a live one is writing."""
    for part in folder.glob(f".*{PART}"):
        with contextlib.suppress(OSError), part.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
