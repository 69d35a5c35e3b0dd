"""Files of lines that others wrote, as they come: plain or packed by gzip, with or without a byte order mark."""

import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

_GZIP = b"\x1f\x8b"


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, from 1, without white space around; empty ones are left out. Raises OSError, also for
    what is packed and broken or cut off."""
    with path.open("rb") as file, _unpacked(file) as unpacked:
        try:
            for number, line in enumerate(unpacked, 1):
                bare = (line.removeprefix(BOM_UTF8) if number == 1 else line).strip()
                if bare:
                    yield number, bare
        except (EOFError, zlib.error) as error:
            raise OSError(f"gzip: {error}") from error


def _unpacked(file: BufferedReader) -> BufferedReader | gzip.GzipFile:
    return gzip.GzipFile(fileobj=file) if file.peek(len(_GZIP)).startswith(_GZIP) else file
