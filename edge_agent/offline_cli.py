"""The command `jaga analyze`: events as JSON lines on stdout or in a file, people's lines on stderr."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from contract.codec import encode
from contract.errors import ConfigError, JagaError, words
from contract.texts import language_of, text
from edge_agent import offline
from edge_agent.adapters.overlay_av import VideoWriter
from edge_agent.adapters.overlay_cv2 import Painter
from edge_agent.adapters.probe_av import duration
from edge_agent.config import load
from edge_agent.core.errors import OutputError, SourceError
from edge_agent.core.pipeline import Step
from edge_agent.core.ports import Detector
from edge_agent.core.spec import CameraSpec
from edge_agent.core.types import Frame
from edge_agent.networks import Networks
from edge_agent.whole_file import replacing

LANGUAGE = language_of()
INTERRUPTED = 130


def _help(key: str) -> str:
    return text(f"analyze.help.{key}", LANGUAGE)


def analyze(
    videos: Annotated[list[Path], typer.Argument(help=_help("videos"), show_default=False)],
    config: Annotated[Path, typer.Option("--config", help=_help("config"), show_default=False)],
    camera: Annotated[str | None, typer.Option("--camera", help=_help("camera"))] = None,
    start: Annotated[str | None, typer.Option("--start", help=_help("start"))] = None,
    out: Annotated[Path | None, typer.Option("--out", help=_help("out"))] = None,
    overlay: Annotated[Path | None, typer.Option("--overlay", help=_help("overlay"))] = None,
    memory: Annotated[Path | None, typer.Option("--memory", help=_help("memory"))] = None,
    scores: Annotated[Path | None, typer.Option("--scores", help=_help("scores"))] = None,
) -> None:
    if overlay is not None and overlay.suffix.lower() != ".mp4":
        raise ConfigError("analyze.bad_overlay", value=str(overlay))
    settings = load(config)
    jobs = offline.plan(settings, videos, camera, _time(start), memory)
    screen = _Screen(len(jobs), overlay, Interrupts())
    with ExitStack() as stack:
        screen.scores = stack.enter_context(Lines(scores)) if scores is not None else None
        sink = stack.enter_context(Lines(out))
        networks = stack.enter_context(closing(Networks()))

        def detector_of(seen_by: CameraSpec) -> Detector:
            return networks.of(settings.network_of(seen_by))

        for job in jobs:  # what cannot be opened is told before the first video
            detector_of(job.camera)
        stack.enter_context(screen.interrupts)
        try:
            for event in offline.analyze(settings, jobs, detector_of, screen.watch, screen.done):
                sink.write(encode(event))
        except (Interrupted, KeyboardInterrupt):
            _say(text("analyze.interrupted", LANGUAGE))
            screen.code = INTERRUPTED
    raise typer.Exit(screen.code)


class Interrupted(Exception):
    """Ctrl-C, taken between two frames."""


class Interrupts:
    """While entered, Ctrl-C is remembered and taken after the frame in work, so that no line is cut; a second one ends
    the program at once. Also an observer: that is where it is taken."""

    def __init__(self) -> None:
        self._asked = False

    def seen(self, frame: Frame, step: Step) -> None:
        if self._asked:
            raise Interrupted

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


class Lines:
    """JSON lines. A file appears under its name when all is written (or on Ctrl-C: with what there is);
    a pipe or a device is written to as it is.

    Raises ConfigError where it cannot be made, OutputError where it cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        path = self._path
        self._stream: IO[bytes] = sys.stdout.buffer
        with self._told(ConfigError):
            if path is not None:
                plain = path.is_file() or not path.exists()
                self._stream = self._opened.enter_context(replacing(path) if plain else path.open("wb"))
        return self

    def write(self, line: bytes) -> None:
        with self._told(OutputError):
            self._stream.write(line + b"\n")
            self._stream.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with self._told(OutputError):
            self._opened.__exit__(kind, error, tb)

    @contextmanager
    def _told(self, kind: type[JagaError]) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:  # whoever reads has gone
            raise
        except OSError as error:
            raise kind("analyze.cannot_write", file=str(self._path or "stdout"), detail=words(error)) from error


class _Screen:
    """What people see, and the exit code it comes to. interrupts: goes before every other observer."""

    def __init__(self, total: int, overlay: Path | None, interrupts: Interrupts) -> None:
        self.interrupts = interrupts
        self.scores: Lines | None = None
        self.code = 0
        self._total = total
        self._overlay = overlay
        self._began = 0.0
        self._console = Console(stderr=True)

    @contextmanager
    def watch(self, job: offline.Job) -> Iterator[list[offline.Observer]]:
        """The observers of one video."""
        self._began = time.monotonic()
        with ExitStack() as stack:
            observers: list[offline.Observer] = []
            if self._overlay is not None:
                writer = stack.enter_context(VideoWriter(self._overlay_of(job), job.camera.fps))
                observers.append(_Overlay(Painter(job.camera), writer))
            if self.scores is not None:
                observers.append(_Scores(job, self.scores))
            if self._console.is_terminal:
                observers.append(stack.enter_context(_Bar(self._console, job)))
            yield [*observers, self.interrupts]

    def done(self, job: offline.Job, tally: offline.Tally, fault: SourceError | None) -> None:
        seconds = time.monotonic() - self._began
        if fault is not None:
            self.code = 1
            _say(fault)
        if tally.frames:
            kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.episodes.items()))
            _say(
                text(
                    "analyze.summary",
                    LANGUAGE,
                    video=job.video.name,
                    frames=tally.frames,
                    detected=tally.detected,
                    seconds=f"{seconds:.1f}",
                    rate=f"{tally.frames / max(seconds, 1e-9):.1f}",
                    events=tally.events,
                    episodes=kinds or text("analyze.none", LANGUAGE),
                )
            )
        for rule, progress in tally.learning.items():
            _say(text("analyze.learning", LANGUAGE, video=job.video.name, rule=rule, percent=int(100 * progress)))

    def _overlay_of(self, job: offline.Job) -> Path:
        """With several videos each has its own: NAME.VIDEO.mp4."""
        assert self._overlay is not None
        return self._overlay if self._total == 1 else self._overlay.with_suffix(f".{job.salt.replace('#1', '')}.mp4")


class _Overlay:
    def __init__(self, painter: Painter, writer: VideoWriter) -> None:
        self._painter = painter
        self._writer = writer

    def seen(self, frame: Frame, step: Step) -> None:
        self._writer.write(self._painter.paint(frame, step), frame.t)


class _Scores:
    """What the scored rules measured at each picture, one line a picture. t: seconds since the video's first one."""

    def __init__(self, job: offline.Job, lines: Lines) -> None:
        self._job = job
        self._lines = lines

    def seen(self, frame: Frame, step: Step) -> None:
        line = {
            "video": self._job.video.name,
            "camera": self._job.camera.id,
            "frame": frame.index,
            "t": round(frame.t - self._job.start.timestamp(), 3),
            "scores": {
                **{name: round(value, 6) for name, value in step.scores.items()},
                **{f"{name}/progress": round(value, 6) for name, value in step.learning.items()},
            },
        }
        self._lines.write(json.dumps(line).encode())


class _Bar:
    """A progress bar in seconds of video; without a known length it only counts."""

    def __init__(self, console: Console, job: offline.Job) -> None:
        rate = TextColumn("{task.fields[frames]} | {task.fields[rate]:.1f}/s")
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), rate, TimeRemainingColumn(), console=console, transient=True
        )
        self._start = job.start.timestamp()
        self._frames = 0
        self._began = time.monotonic()
        self._task = self._progress.add_task(job.video.name, total=duration(job.camera.source), frames=0, rate=0.0)

    def seen(self, frame: Frame, step: Step) -> None:
        self._frames += 1
        rate = self._frames / max(time.monotonic() - self._began, 1e-9)
        self._progress.update(self._task, completed=frame.t - self._start, frames=self._frames, rate=rate)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._progress.stop()


def _time(value: str | None) -> datetime | None:
    """ISO 8601; without an offset it is UTC. Raises ConfigError."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise ConfigError("analyze.bad_start", value=value) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _say(what: JagaError | str) -> None:
    line = what.render(LANGUAGE) if isinstance(what, JagaError) else what
    sys.stderr.write(f"jaga: {line}\n" if isinstance(what, JagaError) else f"{line}\n")
