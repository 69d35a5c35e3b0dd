"""`jaga demo`: the whole system on this machine. Real agents, a real aggregator, an embedded broker; only the cameras'
pictures are rendered."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from contract.errors import JagaError, words
from contract.messages import CameraState
from contract.texts import language_of, text
from jaga import demo_config, ports
from jaga.demo_broker import broker
from jaga.demo_places import DemoAgent, own, rendered
from jaga.processes import Processes, helper
from simulator.scene_video import ENCODERS, encoder, write_all
from simulator.scenes import demo_scenes

HTTP_PORT = 8080
BROKER_PORT = 1883
CAMERA_FPS = 2.5
PAGE_PATIENCE_S = 60.0
CAMERAS_PATIENCE_S = 60.0
POLL_S = 0.25
INTERRUPTS: list[int] = []
"""Signals that asked for the end."""
LANGUAGE = language_of()
ON: frozenset[CameraState] = frozenset({"online", "idle"})
OFF: frozenset[CameraState] = frozenset({"stalled", "reconnecting", "failed", "suspended"})


def demo(
    video: Annotated[str | None, typer.Option(help=text("demo.help.video", LANGUAGE))] = None,
    port: Annotated[int | None, typer.Option(help=text("demo.help.port", LANGUAGE))] = None,
    broker_port: Annotated[int | None, typer.Option(help=text("demo.help.broker_port", LANGUAGE))] = None,
    data_dir: Annotated[Path | None, typer.Option(help=text("demo.help.data_dir", LANGUAGE))] = None,
    browser: Annotated[bool, typer.Option(help=text("demo.help.browser", LANGUAGE))] = False,
    seed: Annotated[int, typer.Option(help=text("demo.help.seed", LANGUAGE))] = 1,
) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants the demo to outlive its terminal
        signal.signal(signal.SIGHUP, _interrupt)
    http = ports.choose("--port", port, HTTP_PORT, lambda old, new: say("demo.page_moved", old=old, new=new))
    mqtt = ports.choose("--broker-port", broker_port, BROKER_PORT, _broker_moved)
    check_page()
    agents = own(video) if video is not None else scenes(seed)
    with folder(data_dir) as data, suppress(KeyboardInterrupt):
        run(agents, data, http, mqtt, browser)
    say("demo.stopped")


def run(agents: tuple[DemoAgent, ...], data: Path, http: int, mqtt: int, browser: bool) -> NoReturn:
    """Brings everything up and watches it until it is interrupted. Raises JagaError when a part fails."""
    url = f"http://{ports.LOOPBACK}:{http}/"
    with broker(mqtt), Processes(data / "logs") as children, ending():
        config = data / "aggregator.toml"
        config.write_text(demo_config.aggregator_toml(data / "aggregator", mqtt, http), "utf-8")
        children.start("aggregator", command("aggregator", config))
        wait(children, PAGE_PATIENCE_S, lambda: fetch(f"{url}healthz") is not None, "demo.page_late")
        for agent in agents:
            config = data / f"{agent.id}.toml"
            config.write_text(
                demo_config.edge_toml(agent, data / agent.id, mqtt, detector_threads(len(agents))), "utf-8"
            )
            children.start(agent.id, command("edge", config))
        say("demo.ready", url=url)
        if browser:
            webbrowser.open(url)
        total = sum(len(agent.cameras) for agent in agents)
        deadline = time.monotonic() + CAMERAS_PATIENCE_S
        while len(cameras(url, ON | OFF)) < total and time.monotonic() < deadline:
            children.check()
            pause()
        sites = len({agent.site for agent in agents})
        counted = "demo.cameras" if sites > 1 else "demo.cameras_here"
        say(counted, online=len(cameras(url, ON)), total=total, sites=sites)
        for camera in cameras(url, OFF):
            say("demo.camera_off", name=camera["name"] or camera["id"], reason=camera["reason"] or camera["state"])
        say("demo.how_to_stop")
        while True:
            children.check()
            pause()


def scenes(seed: int) -> tuple[DemoAgent, ...]:
    """The rendered places; what earlier runs rendered is used again."""
    if encoder() != ENCODERS[0]:
        say("demo.other_encoder", wanted=ENCODERS[0], used=encoder())

    def progress(done: int, total: int) -> None:
        if done < total or sys.stderr.isatty():
            say("demo.rendering", done=done, total=total)

    cache = cache_folder()
    try:
        made = write_all(demo_scenes(seed), cache, min(4, os.cpu_count() or 1), progress, helper)
    except OSError as error:
        raise JagaError("demo.no_cache", path=cache, detail=words(error)) from error
    return rendered({scene.name: scene.video for scene in made}, CAMERA_FPS)


def cache_folder() -> Path:
    """Where rendered scenes are kept between runs (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "jaga" / "scenes"


def check_page() -> None:
    """Raises JagaError where the page has not been built into the package."""
    if not (files("aggregator") / "static" / "index.html").is_file():
        raise JagaError("demo.no_page")


def command(part: str, config: Path) -> list[str]:
    return [sys.executable, "-m", "jaga", part, "run", "--config", str(config)]


def detector_threads(agents: int) -> int:
    """Each agent's share of half the processors, so that the machine stays usable."""
    return max(1, (os.cpu_count() or 1) // (2 * agents))


def cameras(url: str, states: frozenset[CameraState]) -> list[dict[str, Any]]:
    """The cameras that the aggregator shows in one of `states`; none while it does not answer."""
    answer = fetch(f"{url}api/v1/cameras")
    known = json.loads(answer)["features"] if answer is not None else []
    return [feature["properties"] for feature in known if feature["properties"]["state"] in states]


def fetch(url: str) -> bytes | None:
    """The body of a successful answer, else None."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return None


def wait(children: Processes, patience_s: float, there: Callable[[], bool], late: str) -> None:
    """Until `there()`. Raises ChildEnded when a child ends first, JagaError `late` when it takes too long."""
    deadline = time.monotonic() + patience_s
    while not there():
        children.check()
        if time.monotonic() > deadline:
            raise JagaError(late, seconds=round(patience_s))
        pause()


@contextmanager
def folder(wanted: Path | None) -> Iterator[Path]:
    """The user's folder, kept; or a temporary one, removed at the end."""
    if wanted is not None:
        try:
            wanted.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JagaError("demo.no_data_dir", path=wanted, detail=words(error)) from error
        yield wanted.resolve()
        return
    path = Path(tempfile.mkdtemp(prefix="jaga-demo-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def ending() -> Iterator[None]:
    """Answers an interrupt at once: what is to be ended takes a few seconds. Further ones change nothing."""
    try:
        yield
    except KeyboardInterrupt:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        say("demo.stopping")
        raise


def say(key: str, **values: object) -> None:
    """A line for people, in their language; nothing where their terminal is gone."""
    with suppress(OSError):
        sys.stderr.write(text(key, LANGUAGE, **values) + "\n")
        sys.stderr.flush()


def _broker_moved(old: int, new: int) -> None:
    say("demo.broker_moved", old=old, new=new)


def pause() -> None:
    """POLL_S. Python drops an exception that a signal raises while it finalises an object (a response just read, say),
    so an interrupt is remembered and raised here again."""
    time.sleep(POLL_S)
    if INTERRUPTS:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    INTERRUPTS.append(number)
    raise KeyboardInterrupt
