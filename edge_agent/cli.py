"""`jaga edge run`, `jaga edge check`, `jaga edge status` and `jaga edge calibrate`."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from contract.errors import ConfigError
from contract.texts import language_of, text
from edge_agent.config import load
from edge_agent.core.spec import CameraSpec, DetectorSpec
from edge_agent.core.upright import Upright

LANGUAGE = language_of()


def _help(key: str) -> str:
    return text(f"edge.help.{key}", LANGUAGE)


edge_app = typer.Typer(
    help=text("cli.help.edge", LANGUAGE), add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)

Config = Annotated[Path, typer.Option("--config", "-c", help=_help("config"))]


@edge_app.command("run", help=_help("run"))
def run(config: Config) -> None:
    """SIGTERM and SIGINT end it after its last events are out, SIGHUP reads the config again."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a reload that is asked for while we start has nothing to do yet
    loaded = load(config)
    from edge_agent.runtime import Runtime

    runtime = Runtime(loaded)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runtime.request("stop"))
    signal.signal(signal.SIGHUP, lambda *_: runtime.request("reload"))
    runtime.run()


@edge_app.command("check", help=_help("check"))
def check(
    config: Config,
    out: Annotated[Path, typer.Option("--out", help=_help("out"))] = Path("check"),
) -> None:
    """One JSON line a camera on stdout, people's text on stderr. Exit code 1 if a camera could not be opened; whoever
    only draws zones has no password here, so the broker's files come last."""
    loaded = load(config)
    if not loaded.cameras:
        raise ConfigError("edge.config.no_camera", file=str(config))
    from edge_agent.check import check_broker, check_cameras, check_detector, long_waits

    check_detector(loaded)
    failed = 0
    for checked in check_cameras(loaded, out):
        failed += checked.error is not None
        picture = text("edge.check.camera", LANGUAGE, camera=checked.camera.id, picture=checked.picture)
        sys.stdout.write(json.dumps(checked.as_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        sys.stderr.write((checked.error.render(LANGUAGE) if checked.error else picture) + "\n")
    values = {"file": config, "cameras": len(loaded.cameras), "failed": failed}
    _say("edge.check.ok", **values)
    for camera in loaded.cameras:
        for rule, name, value in long_waits(camera):
            length = {"value": f"{value:g}", "minutes": f"{value / 60:.0f}"}
            _say("edge.check.long", camera=camera.id, rule=rule, name=name, **length)
    exact = {camera.id: ", ".join(loaded.exact(camera)) for camera in loaded.cameras if loaded.exact(camera)}
    if exact:
        _say("edge.check.exact", cameras="; ".join(f"{camera} ({rules})" for camera, rules in exact.items()))
    if loaded.mqtt is None:
        _say("edge.config.no_mqtt", file=config)
    else:
        check_broker(loaded.mqtt)
    if failed:
        raise typer.Exit(1)


@edge_app.command("status", help=_help("status"))
def status(config: Config) -> None:
    """What waits on this host while there is no broker: one JSON line on stdout, people's text on stderr."""
    from dataclasses import asdict
    from datetime import datetime

    from edge_agent.adapters.spool_look import look

    loaded = load(config)
    path = loaded.agent.data_dir / "spool.sqlite"
    state = look(path)
    sys.stdout.write(json.dumps(asdict(state)) + "\n")
    sys.stdout.flush()

    def at(seconds: float | None) -> str:
        return (
            "-" if seconds is None else datetime.fromtimestamp(seconds, loaded.timezone).strftime("%Y-%m-%d %H:%M:%S")
        )

    room = {"mb": f"{state.payload / 1e6:.1f}", "max": f"{loaded.spool.max_mb:g}"}
    if state.waiting:
        _say("edge.status.waiting", n=state.waiting, events=state.events, oldest=at(state.oldest), **room)
    else:
        _say("edge.status.calm")
    _say("edge.status.last", number=state.last, latest=at(state.latest), taken=at(state.taken))
    if any(state.dropped):
        events, updates, pictures = state.dropped
        _say("edge.status.dropped", events=events, updates=updates, pictures=pictures)


@edge_app.command("calibrate", help=_help("calibrate"))
def calibrate(
    point: Annotated[list[str], typer.Option("--point", help=_help("point"))],
    source: Annotated[str | None, typer.Argument(help=_help("picture"), show_default=False)] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help=_help("config"))] = None,
    camera: Annotated[str | None, typer.Option("--camera", help=_help("camera"))] = None,
    rectangle: Annotated[str | None, typer.Option("--rectangle", help=_help("rectangle"))] = None,
    out: Annotated[Path, typer.Option("--out", help=_help("preview"))] = Path("calibration.png"),
    check: Annotated[bool, typer.Option("--check", help=_help("heights"))] = False,
) -> None:
    """The TOML section on stdout, people's text on stderr."""
    from edge_agent import calibrate as calibrating
    from edge_agent.check import first_frame

    given = calibrating.points_given(point, rectangle)
    spec = _calibrated(source, config, camera)
    frame = first_frame(spec)
    found = calibrating.calibration_of(given, frame.width, frame.height)
    upright = calibrating.preview(frame, found, out)
    sys.stdout.write(calibrating.toml(found))
    sys.stdout.flush()
    _say("edge.calibrate.drawn", picture=out)
    if upright.assumed:
        _say("edge.calibrate.assumed")
    if check:
        _check_heights(spec, upright)


def _calibrated(source: str | None, config: Path | None, camera: str | None) -> CameraSpec:
    """What is calibrated: the picture named, or a camera of the config. Raises ConfigError."""
    if (source is None) == (config is None):
        raise ConfigError("edge.calibrate.source")
    if source is not None:
        return CameraSpec(id="calibrate", source=source)
    assert config is not None
    cameras = {item.id: item for item in load(config).cameras}
    if camera is None and len(cameras) == 1:
        (camera,) = cameras
    if camera not in cameras:
        raise ConfigError("edge.calibrate.camera", value=camera or "-", allowed=", ".join(cameras) or "-")
    return cameras[camera]


def _check_heights(spec: CameraSpec, upright: Upright) -> None:
    from contextlib import closing

    from edge_agent.adapters.detectors import open_detector
    from edge_agent.calibrate import ENOUGH, PLAUSIBLE_M, heights

    with closing(open_detector(DetectorSpec())) as detector:
        found = heights(spec, upright, detector)
    if found.seen < ENOUGH:
        _say("edge.calibrate.few", seen=found.seen, frames=found.frames, least=ENOUGH)
        return
    values = {name: f"{found.quantile(share):.2f}" for name, share in (("low", 0.1), ("median", 0.5), ("high", 0.9))}
    _say("edge.calibrate.heights", seen=found.seen, frames=found.frames, **values)
    if not found.plausible:
        _say("edge.calibrate.implausible", least=f"{PLAUSIBLE_M[0]:g}", most=f"{PLAUSIBLE_M[1]:g}")


def _say(key: str, **values: object) -> None:
    sys.stderr.write(text(key, LANGUAGE, **values) + "\n")
