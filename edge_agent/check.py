"""`jaga edge check`: what would keep the agent from starting, and one picture of each camera with what its config means
drawn on it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path

from contract.errors import ConfigError, JagaError, words
from contract.sentence import sentence
from edge_agent.adapters import detectors
from edge_agent.adapters.check_picture import draw_check, encode_png
from edge_agent.adapters.mqtt_paho import password_in, trusting
from edge_agent.adapters.source_av import open_source
from edge_agent.adapters.source_live import LiveSource
from edge_agent.adapters.source_wire import redact
from edge_agent.config_sections import EdgeConfig, MqttSection
from edge_agent.core.byte_track import ByteTrack
from edge_agent.core.errors import SourceError
from edge_agent.core.spec import CameraSpec, Precision
from edge_agent.core.types import Frame
from edge_agent.zoo.manifest import manifest

AT_ONCE = 4
"""Cameras that are opened side by side."""


def check_detector(config: EdgeConfig) -> None:
    """Raises ConfigError for a model, a class or a number with which the agent would not start. No network is opened:
    zones are drawn elsewhere than on the camera's host."""
    listing = manifest()
    detectors.check(config.detector, listing.classes_of(listing.entry(config.detector.model)))
    ByteTrack(config.tracker)


LONG_S, LONG_TIMES = 1000.0, 100.0
"""Seconds, and times the usual value, from which on a wait is worth a word."""


def long_waits(camera: CameraSpec) -> Iterator[tuple[str, str, float]]:
    """(rule, key, seconds) of what is many times as long as usual: milliseconds, for the most part."""
    for rule in camera.rules:
        for part in (rule, rule.episodes):
            for one in fields(part):
                value, usual = getattr(part, one.name), one.default
                if not (one.name.endswith("_s") and isinstance(value, float | int)):
                    continue
                if isinstance(usual, float | int) and value >= max(LONG_S, LONG_TIMES * usual):
                    yield rule.id, one.name, value


def check_broker(mqtt: MqttSection) -> None:
    """Raises ConfigError where a file that [mqtt] names cannot be used. Nobody connects: who comes under the agent's
    name throws out the agent that runs."""
    if mqtt.tls:
        trusting(mqtt.tls_ca)
    if mqtt.password_file is not None:
        password_in(mqtt.password_file)


@dataclass(frozen=True, slots=True)
class Checked:
    """One camera: its picture on disk with the size of its frames, or the error. precision: of the network that will
    look at it."""

    camera: CameraSpec
    precision: Precision
    picture: Path | None = None
    width: int = 0
    height: int = 0
    error: JagaError | None = None

    def as_json(self) -> dict[str, object]:
        """Machine output: one line a camera."""
        return {
            "camera": self.camera.id,
            "source": redact(self.camera.watched),
            "ok": self.error is None,
            "picture": None if self.picture is None else str(self.picture),
            "width": self.width,
            "height": self.height,
            "zones": [zone.id for zone in self.camera.zones],
            "lines": [line.id for line in self.camera.lines],
            "rules": [rule.id for rule in self.camera.rules],
            "precision": self.precision,
            "error": "" if self.error is None else str(self.error),
        }


def check_cameras(config: EdgeConfig, out: Path) -> Iterator[Checked]:
    """In the config's order; a camera that cannot be opened is told and the others go on.

    Raises ConfigError where `out` cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("edge.check.out", path=str(out), detail=words(error)) from error
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(
            lambda camera: _check(Checked(camera, config.network_of(camera).precision), out), config.cameras
        )


def _check(told: Checked, out: Path) -> Checked:
    camera = told.camera
    try:
        frame = first_frame(camera)
    except SourceError as error:
        return replace(told, error=error)
    path = out / f"{camera.id}.png"
    try:
        path.write_bytes(encode_png(draw_check(frame.image, camera)))
    except OSError as error:
        return replace(told, error=ConfigError("edge.check.out", path=str(path), detail=words(error)))
    return replace(told, picture=path, width=frame.width, height=frame.height)


def first_frame(camera: CameraSpec) -> Frame:
    """One picture as the agent would get it. Raises SourceError, for a live one after twice its stall_s at most."""
    if "://" not in camera.watched and not camera.watched.startswith(("webcam:", "/dev/")):
        with open_source(replace(camera, source=camera.watched), realtime=False) as recording:
            for frame in recording:
                return frame
        raise SourceError(
            "edge.source.open",
            camera=camera.id,
            source=redact(camera.watched),
            detail=sentence("camera.nothing_decodable"),
        )
    news = threading.Event()
    source = open_source(camera, realtime=True)
    assert isinstance(source, LiveSource)
    with source:
        source.notify = news.set
        source.start()
        while news.wait(2 * camera.stall_s + 5.0):
            news.clear()
            if (got := source.latest()) is not None:
                return got
            status = source.status()
            if status.state not in ("starting", "online"):
                raise SourceError(
                    "edge.source.open",
                    camera=camera.id,
                    source=redact(camera.watched),
                    detail=status.why or status.reason,
                )
        raise SourceError(
            "edge.source.silent", camera=camera.id, source=redact(camera.watched), detail=f"{2 * camera.stall_s + 5:g}"
        )
