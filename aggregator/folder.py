"""The data folder: made, locked, and looked at before anything depends on it."""

import fcntl
import getpass
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, ENOTDIR
from pathlib import Path

from aggregator.core.errors import StoreError
from contract.errors import ConfigError, words

WRITTEN = "lock", "jaga.sqlite", "jaga.sqlite-wal", "jaga.sqlite-shm"


@contextmanager
def data_folder(path: Path) -> Iterator[None]:
    """The folder, made where it is absent, and locked: two aggregators on one store would undo each other's incidents.

    Raises StoreError.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = (path / "lock").open("w")
    except OSError as error:
        raise StoreError("aggregator.data_dir_unusable", path=str(path), user=login(), detail=words(error)) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError("aggregator.already_running", path=str(path)) from error
        yield


def check_folder(path: Path) -> str | None:
    """What is there is written to, as whoever asks; makes nothing. Returns what to tell of a folder that is absent: the
    catalogue's key. Raises ConfigError where it, or a file in it that the aggregator writes to, cannot be written."""
    try:
        if not path.exists():
            parent = next(one for one in path.parents if one.exists())
            if not parent.is_dir():
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(parent))
            try:
                _try(parent)
            except PermissionError:
                return "aggregator.data_dir_given"
            return "aggregator.data_dir_absent"
        _try(path)
        for file in (path / name for name in WRITTEN):
            if file.exists() and not os.access(file, os.W_OK):
                raise PermissionError(EACCES, f"{file.name}: {os.strerror(EACCES)}", str(file))
    except OSError as error:
        raise ConfigError("aggregator.data_dir_unusable", path=str(path), user=login(), detail=words(error)) from error
    return None


def _try(folder: Path) -> None:
    """Permissions say little of a full or a read-only disk."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"0")


def login() -> str:
    """The operating system's name of whoever runs this; a container may run under a number without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
