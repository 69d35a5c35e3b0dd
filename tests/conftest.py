"""What every test gets: the data gate, and failure on an ERROR nobody expected."""

import logging
import os
import shutil
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from tests.data import DATA

IN_CI = os.environ.get("CI", "") not in ("", "0", "false")
# In CI the same commit has the same cases; elsewhere each run tries new ones.
settings.register_profile("ci", derandomize=True)
if IN_CI:
    settings.load_profile("ci")
CHROMIUM = os.environ.get("JAGA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
RTSP = any(Path("/usr/lib").glob("*/girepository-1.0/GstRtspServer-1.0.typelib"))

NEEDS: dict[str, tuple[bool, str]] = {
    "data": (DATA.is_dir(), f"labelled footage is not at {DATA} (set JAGA_DATA)"),
    "browser": (CHROMIUM is not None, "no chromium on PATH (set JAGA_CHROMIUM)"),
    "rtsp": (RTSP, "no GStreamer RTSP server for /usr/bin/python3 (python3-gi, gir1.2-gst-rtsp-server-1.0)"),
    "broker": (MOSQUITTO is not None, "no mosquitto on PATH"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Outside CI a missing part skips with its name; in CI nothing skips, so the test runs into it and fails."""
    for name, (present, reason) in NEEDS.items():
        if present:
            continue
        for item in items:
            if item.get_closest_marker(name) is not None:
                item.add_marker(_Missing(reason) if IN_CI else pytest.mark.skip(reason=reason))


def _Missing(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.missing_in_ci(reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("missing_in_ci")
    if marker is not None:
        pytest.fail(marker.args[0], pytrace=False)


class _ErrorLog(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")

    def processor(self, _: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if level in ("error", "critical", "exception"):
            self.lines.append(f"structlog: {dict(event)}")
        return event


@pytest.fixture(autouse=True)
def error_log(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Fails a test that logged an ERROR without the marker `logs_errors`."""
    log = _ErrorLog()
    logging.getLogger().addHandler(log)
    structlog.configure(
        processors=[log.processor, structlog.dev.ConsoleRenderer(colors=False)], cache_logger_on_first_use=False
    )
    yield log.lines
    logging.getLogger().removeHandler(log)
    structlog.reset_defaults()
    if log.lines and request.node.get_closest_marker("logs_errors") is None:
        pytest.fail("logged errors nobody expected:\n" + "\n".join(log.lines), pytrace=False)


@pytest.fixture
def data() -> Path:
    """The folder of labelled footage (mark the test `data`)."""
    return DATA
