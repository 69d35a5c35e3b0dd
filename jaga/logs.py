"""Log lines of the whole program: structlog and the standard library's logging, through one renderer, to stderr.

stdout belongs to machine output (JSON lines), so no log line may ever reach it.
"""

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor

Format = Literal["console", "json"]
LEVELS: tuple[str, ...] = ("debug", "info", "warning", "error")

NOISY: dict[str, int] = {
    "iotcore": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "uvicorn.access": logging.WARNING,
}
"""Libraries whose information is our debugging."""


def format_for(stream: TextIO, environment: dict[str, str]) -> Format:
    """JAGA_LOG where it says `json` or `console`; otherwise people's lines on a terminal and JSON anywhere else."""
    wanted = environment.get("JAGA_LOG", "").lower()
    if wanted == "json":
        return "json"
    if wanted == "console" or stream.isatty():
        return "console"
    return "json"


def configure(level: str, environment: dict[str, str], stream: TextIO | None = None) -> None:
    """Sends every log line of at least `level` to `stream` (stderr). May be called again; the last call holds."""
    target = sys.stderr if stream is None else stream
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[Processor]
    if format_for(target, environment) == "json":
        rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        rendering = [structlog.dev.ConsoleRenderer(colors=target.isatty(), pad_event_to=0)]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    _configure_standard(target, threshold, shared, rendering)


def _configure_standard(target: TextIO, threshold: int, shared: list[Processor], rendering: list[Processor]) -> None:
    """What libraries log through `logging` looks the same as our own lines."""
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name, floor in NOISY.items():
        logging.getLogger(name).setLevel(max(floor, threshold))
