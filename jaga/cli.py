"""The `jaga` command: composition only. Each part is imported when it is used, so that an aggregator needs no decoder,
a camera host no web server, and a missing extra is a sentence.

Exit codes: 0 done, 1 failed, 2 unusable arguments or configuration, 130 interrupted.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Annotated

import typer

from contract.errors import ConfigError, JagaError
from contract.texts import language_of, text
from jaga import logs
from jaga.usage import UsageError, usage

OWN_PACKAGES = frozenset({"aggregator", "contract", "edge_agent", "jaga", "models", "simulator"})
UNLINKED = "cannot open shared object file"
"""What the dynamic linker (ld.so) says of a system library that is not there."""


@dataclass(frozen=True, slots=True)
class Part:
    """One first word of the command line. target: `module:name` of a typer app or a function. extra: what pip installs
    for it. help: catalogue key."""

    name: str
    target: str
    extra: str
    help: str


PARTS: tuple[Part, ...] = (
    Part("demo", "jaga.demo:demo", "demo", "cli.help.demo"),
    Part("edge", "edge_agent.cli:edge_app", "edge", "cli.help.edge"),
    Part("aggregator", "aggregator.cli:aggregator_app", "aggregator", "cli.help.aggregator"),
    Part("analyze", "edge_agent.offline_cli:analyze", "edge", "cli.help.analyze"),
    Part("correlate", "aggregator.offline_cli:correlate", "aggregator", "cli.help.correlate"),
    Part("simulate", "simulator.cli:simulate_app", "demo", "cli.help.simulate"),
    Part("score", "simulator.cli:score_app", "demo", "cli.help.score"),
    Part("models", "edge_agent.zoo.cli:models_app", "edge", "cli.help.models"),
)

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True}
LANGUAGE = language_of()


def version() -> str:
    return metadata.version("jaga")


@contextmanager
def needing(part: Part) -> Iterator[None]:
    """What `part` imports, now or while it runs: raises ConfigError where a library it needs is not installed, or lacks
    one of the system's."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if not missing or missing in OWN_PACKAGES:
            raise
        raise ConfigError("cli.missing_extra", command=f"jaga {part.name}", module=missing, extra=part.extra) from error
    except ImportError as error:
        if UNLINKED not in str(error):
            raise
        raise ConfigError("cli.missing_system_library", detail=error) from error


def load(part: Part) -> typer.Typer:
    """The typer app of `part`, imported now."""
    module, _, name = part.target.partition(":")
    target = getattr(import_module(module), name)
    if isinstance(target, typer.Typer):
        return target
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(part.name, help=text(part.help, LANGUAGE))(target)
    return app


def build() -> typer.Typer:
    """The root app: one pass-through command per part, and the options that hold for all."""
    root = typer.Typer(
        name="jaga",
        help=text("cli.help.root", LANGUAGE),
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    root.callback()(_options)
    for part in PARTS:
        root.command(
            part.name,
            help=text(part.help, LANGUAGE),
            context_settings=PASS_THROUGH,
            add_help_option=False,
        )(_runner(part))
    return root


def main() -> None:
    """Runs the command line and exits: one line on stderr for an error that the user can act on."""
    code = 1
    try:
        code = build()(prog_name="jaga", standalone_mode=False) or 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except UsageError as error:
        sys.stderr.write(f"{said}\n" if (said := usage(error, LANGUAGE)) else "")
        code = 2
    except JagaError as error:
        sys.stderr.write(f"jaga: {error.render(LANGUAGE)}\n")
        code = 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    sys.exit(_closed(code))


def _runner(part: Part) -> Callable[[typer.Context], None]:
    def run(context: typer.Context) -> None:
        with needing(part):
            result = load(part)(args=context.args, prog_name=f"jaga {part.name}", standalone_mode=False)
        if isinstance(result, int) and result:
            raise typer.Exit(int(result))

    return run


def _options(
    log_level: Annotated[
        str, typer.Option("--log-level", envvar="JAGA_LOG_LEVEL", help=text("cli.help.log_level", LANGUAGE))
    ] = "info",
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda wanted: _print_version(wanted))
    ] = False,
) -> None:
    if log_level.lower() not in logs.LEVELS:
        raise ConfigError("cli.log_level", value=log_level, allowed=", ".join(logs.LEVELS))
    # Children that a command starts log as their parent does.
    os.environ["JAGA_LOG_LEVEL"] = log_level.lower()
    logs.configure(log_level, dict(os.environ))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version())
        raise typer.Exit


def _closed(code: int) -> int:
    """Flushes stdout; a reader that went away (`| head`) is no error of ours and must not print one at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or 1
    return code
