"""The page's rig: a real broker, a real aggregator process and a real Chromium, on free ports."""

import os
import random
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any, Self

import cv2
import msgspec
import numpy as np
from playwright.sync_api import Browser, Page, Playwright, Request

from aggregator.accounts import Policy
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.access import Role
from aggregator.roster import Roster
from contract.kinds import Kind
from tests.brokers import Mosquitto, free_port, wait_until
from tests.conftest import CHROMIUM
from tests.desks import QUICK
from tests.e2e.feed import Events, Place, Publisher, places, report
from tests.people import PASSWORD

WEBGL = (
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-rasterization",
    "--disable-gpu-compositing",
)
"""The map's WebGL in software; everything else painted as on a machine without a GPU, not by an emulated one."""
NO_WEBGL = ("--disable-3d-apis",)
START_S = 60.0


class Rig:
    """A broker and an aggregator in `folder`, with `cameras` that report; `with` starts and ends both. per_operator:
    the budget of incidents in ten minutes; by default so many that nothing is summed up. cameras_file: GeoJSON of them;
    more: further sections of the config."""

    def __init__(
        self, folder: Path, cameras: int = 4, per_operator: float = 10_000, cameras_file: str = "", more: str = ""
    ) -> None:
        self.folder = folder
        self.broker = Mosquitto(folder / "broker")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.cameras: list[Place] = places(cameras, random.Random(5))
        self.events = Events()
        self._config = folder / "aggregator.toml"
        self._config.write_text(
            f'[aggregator]\ndata_dir = "{folder / "data"}"\n{cameras_file and f"cameras = {cameras_file!r}"}\n'
            f"[http]\nport = {self.port}\n[mqtt]\nport = {self.broker.port}\n"
            f"[load]\nper_operator = {per_operator}\n{more}\n"
        )
        self._log = folder / "aggregator.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.broker.start()
        self.start()
        self.publisher = Publisher("127.0.0.1", self.broker.port)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.publisher.close()
        self.kill()
        self.broker.kill()

    def start(self) -> None:
        """The aggregator, until it answers and its broker knows it."""
        command = [sys.executable, "-m", "jaga", "aggregator", "run", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._well, START_S, f"the aggregator at {self.url}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def _well(self) -> bool:
        assert self._process is None or self._process.poll() is None, self._log.read_text()
        try:
            return bool(self.get("healthz")["broker"])
        except OSError:
            return False

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            found: dict[str, Any] = msgspec.json.decode(answer.read())
            return found

    def post(self, path: str, body: dict[str, str]) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, msgspec.json.encode(body), headers)
        urllib.request.urlopen(request, timeout=10).close()

    def admit(self, people: Mapping[str, Role]) -> None:
        """Accounts with PASSWORD, written beside the running aggregator: they are for good."""
        store = SqliteStore(self.folder / "data" / "jaga.sqlite")
        roster = Roster(SqlitePeople(store), QUICK, Policy(), time, "test")
        for name, role in people.items():
            roster.add(name, role, (), PASSWORD)
        store.close()

    def report(self) -> None:
        report(self.publisher, self.cameras, 10)
        self.publisher.wait()

    def begin(self, camera: int, kind: Kind, sha256: str | None = None, started: datetime | None = None) -> str:
        """One event that begins an episode now (or at `started`); returns its id."""
        when = started or datetime.now(UTC)
        salt = os.urandom(4).hex()
        event = self.events.make(
            self.cameras[camera], kind, "begin", when, when, confidence=0.9, salt=salt, sha256=sha256
        )
        self.publisher.event(event)
        self.publisher.wait()
        return event.id

    def incidents(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("api/v1/incidents?limit=1000")["items"]
        return items


@contextmanager
def chromium(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    assert CHROMIUM, "no chromium on PATH (set JAGA_CHROMIUM)"
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*sandbox, *flags])
    try:
        yield browser
    finally:
        browser.close()


class Seen:
    """What a page asked for and complained about; `unexpected()` is empty where it is well and keeps to itself."""

    def __init__(self, page: Page, origin: str) -> None:
        self._origin = origin
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._request)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._origin, "data:", f"blob:{self._origin}")):
            self.foreign.append(request.url)

    def unexpected(self) -> list[str]:
        return self.foreign + self.complaints


def await_snapshot(page: Page) -> None:
    """The link is live as soon as the stream is open; what waits is told once there is something to tell of."""
    page.locator(".link.live").wait_for()
    page.locator("[data-test=strip] [role=status] > *").first.wait_for()


def open_page(browser: Browser, rig: Rig, width: int = 1366, height: int = 768, script: str = "") -> Page:
    """A fresh context (nothing remembered) on the rig's page, once it has its first snapshot."""
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.seen = Seen(page, rig.url)  # type: ignore[attr-defined]
    if script:
        page.add_init_script(script)
    page.goto(rig.url)
    await_snapshot(page)
    return page


def colours(page: Page) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """The pixels of the map's canvas as the screen shows them, RGB."""
    shot = np.frombuffer(page.locator(".map .canvas").screenshot(), np.uint8)
    image = cv2.imdecode(shot, cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image[:, :, ::-1], np.uint8)


def near(pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", colour: tuple[int, int, int]) -> int:
    """How many pixels have the colour, within 12 of 255 in each channel."""
    return int((np.abs(pixels.astype(int) - colour).max(axis=2) <= 12).sum())
