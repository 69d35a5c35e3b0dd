"""`jaga aggregator run|check --config FILE`; accounts and the audit log are in people_cli."""

from pathlib import Path
from typing import Annotated

import typer

from aggregator import config as configuration
from aggregator.adapters.mqtt_ingest_paho import trusting
from aggregator.exposure import check_exposure
from aggregator.folder import check_folder
from aggregator.geojson import load_cameras, load_places
from aggregator.people_cli import audit_app, opened, token_app, user_app
from aggregator.runtime import run as run_aggregator
from contract.texts import help_text, language_of, text

LANGUAGE = language_of()


aggregator_app = typer.Typer(help=text("cli.help.aggregator", LANGUAGE), add_completion=False, no_args_is_help=True)
aggregator_app.add_typer(user_app, name="user")
aggregator_app.add_typer(token_app, name="token")
aggregator_app.add_typer(audit_app, name="audit")
ConfigFile = Annotated[Path, typer.Option("--config", help=help_text("aggregator_config"))]


def _say(key: str, **values: object) -> None:
    typer.echo(text(key, LANGUAGE, **values), err=True)


@aggregator_app.command(help=help_text("aggregator_run"))
def run(config: ConfigFile) -> None:
    run_aggregator(configuration.load(config), ready=lambda url: _say("aggregator.running", url=url))


@aggregator_app.command(help=help_text("aggregator_check"))
def check(config: ConfigFile) -> None:
    loaded = configuration.load(config)
    absent = check_folder(loaded.data_dir)
    if not loaded.http.loopback and not loaded.accounts.required:
        with opened(config) as admin:
            check_exposure(loaded, admin.roster.store)
    cameras = load_cameras(loaded.cameras) if loaded.cameras else ()
    if loaded.places:
        load_places(loaded.places)
    if loaded.mqtt.tls_ca is not None:
        trusting(loaded.mqtt.tls_ca)
    _say(
        "aggregator.check_ok",
        file=config,
        cameras=len(cameras),
        broker=f"{loaded.mqtt.host}:{loaded.mqtt.port}",
        url=f"http://{loaded.http.host}:{loaded.http.port}/",
    )
    if absent is not None:
        _say(absent, path=loaded.data_dir)
