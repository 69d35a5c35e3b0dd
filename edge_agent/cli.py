"""`jaga edge run` and `jaga edge check`."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from contract.texts import language_of, text
from edge_agent.config import load

LANGUAGE = language_of(dict(os.environ))

edge_app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Config = Annotated[Path, typer.Option("--config", "-c", help=text("edge.help.config", LANGUAGE))]


@edge_app.command("run", help=text("edge.help.run", LANGUAGE))
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


@edge_app.command("check", help=text("edge.help.check", LANGUAGE))
def check(
    config: Config,
    out: Annotated[Path, typer.Option("--out", help=text("edge.help.out", LANGUAGE))] = Path("check"),
) -> None:
    """One JSON line a camera on stdout, people's text on stderr. Exit code 1 if a camera could not be opened."""
    loaded = load(config)
    from edge_agent.check import check_cameras

    failed = 0
    for checked in check_cameras(loaded, out):
        failed += checked.error is not None
        shown = checked.error.render(LANGUAGE) if checked.error else str(checked.picture)
        sys.stdout.write(json.dumps(checked.as_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        sys.stderr.write(text("edge.check.camera", LANGUAGE, camera=checked.camera.id, picture=shown) + "\n")
    values = {"file": config, "cameras": len(loaded.cameras), "failed": failed}
    sys.stderr.write(text("edge.check.ok", LANGUAGE, **values) + "\n")
    if failed:
        raise typer.Exit(1)
