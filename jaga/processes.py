"""Child processes of one command: started quietly, watched, ended together. None outlives its parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from contract.errors import JagaError

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal a process gets when its parent dies; Linux only."""
TAIL_BYTES = 4_000


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class ChildEnded(JagaError):
    """A child that should run for ever has ended."""


class Processes:
    """Starts children in this process group and ends them in reverse order. One thread uses it.

    Children ignore the terminal's Ctrl-C until they say otherwise: whoever started them ends them, in order, so that an
    agent can still send its last words through a broker that is up.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str]) -> Child:
        """Runs `command`; what it prints goes to a file of its name."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("ab") as output, without_interrupts():
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "JAGA_LOG": "json", "PYTHONUNBUFFERED": "1"},
                preexec_fn=die_with_parent,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raises ChildEnded, with the last thing it said, when a child is no longer there."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise ChildEnded("demo.child_ended", name=child.name, code=code, detail=last_line(child.log))

    def stop(self, patience_s: float = 10.0) -> None:
        """Ends each child, the last started first: SIGTERM to all, then SIGKILL to those still there after
        `patience_s`."""
        running = [child for child in reversed(self._children) if child.process.poll() is None]
        for child in running:
            child.process.terminate()
        deadline = time.monotonic() + patience_s
        for child in running:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self._children.clear()


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Children started inside inherit an ignored SIGINT; this process gets its handler back."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def last_line(log: Path) -> str:
    """The last line of a log that says something; without it, the log's name."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
        lines = [line.strip() for line in stream.read().decode("utf-8", "replace").splitlines()]
    said = [line for line in lines if line]
    return said[-1][:500] if said else log.name


def die_with_parent() -> None:
    """For the child: it gets SIGTERM when the thread that started it ends. Nothing where the system cannot (not
    Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def helper() -> None:
    """For a worker process of a pool: Ctrl-C ends it at once and without a word, and so does its parent's end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent()
