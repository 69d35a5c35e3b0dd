"""`jaga aggregator user|token|audit`: accounts, API tokens and the audit log, also while the aggregator runs."""

import getpass
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Annotated

import msgspec
import typer

from aggregator import config as configuration
from aggregator.accounts import PasswordRefused
from aggregator.adapters.audit_sqlite import SqliteAudit
from aggregator.adapters.passwords_argon2 import Argon2Passwords
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.access import Role
from aggregator.core.audit import Broken, End, Record, parse_end, verify
from aggregator.core.people import AuditStore
from aggregator.folder import login
from aggregator.roster import Roster, RosterError, shown
from aggregator.views import rfc3339
from contract.errors import ConfigError, JagaError, words
from contract.texts import language_of, text

LANGUAGE = language_of()
TOKEN_DAYS = 90


def _help(key: str) -> str:
    return text(f"people.help.{key}", LANGUAGE)


def _say(key: str, **values: object) -> None:
    typer.echo(text(f"people.{key}", LANGUAGE, **values), err=True)


user_app = typer.Typer(help=_help("user"), no_args_is_help=True)
token_app = typer.Typer(help=_help("token"), no_args_is_help=True)
audit_app = typer.Typer(help=_help("audit"), no_args_is_help=True)

ConfigFile = Annotated[Path, typer.Option("--config", help=_help("config"))]
Name = Annotated[str, typer.Argument(help=_help("name"))]
RoleOption = Annotated[Role, typer.Option("--role", help=_help("role"))]
Districts = Annotated[list[str], typer.Option("--district", help=_help("district"))]


class AuditBroken(JagaError):
    """The audit log does not hold."""


@dataclass(frozen=True, slots=True)
class Admin:
    """What the commands work with."""

    roster: Roster
    audit: AuditStore


@contextmanager
def opened(config: Path) -> Iterator[Admin]:
    """The store of this config; made where it is absent, so that the first account can precede the first start."""
    loaded = configuration.load(config)
    try:
        loaded.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            "aggregator.data_dir_unusable", path=str(loaded.data_dir), user=login(), detail=words(error)
        ) from error
    store = SqliteStore(loaded.data_dir / "jaga.sqlite")
    try:
        actor = f"command:{login()}"
        roster = Roster(SqlitePeople(store), Argon2Passwords(), loaded.accounts, time, actor)
        yield Admin(roster, SqliteAudit(store))
    finally:
        store.close()


def _password() -> str:
    """From the terminal, typed twice and not shown; else the first line of stdin. Never an argument, which every other
    user of the machine could read."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(text("people.prompt", LANGUAGE))
    if getpass.getpass(text("people.prompt_again", LANGUAGE)) != first:
        raise PasswordRefused("people.password_differs")
    return first


@user_app.command("add", help=_help("user_add"))
def user_add(name: Name, config: ConfigFile, role: RoleOption, district: Districts = []) -> None:  # noqa: B006
    with opened(config) as admin:
        if admin.roster.store.user(name) is not None:
            raise RosterError("people.exists", name=name)
        user = admin.roster.add(name, role, district, _password())
        _say("added", name=user.name, role=user.role)


@user_app.command("list", help=_help("user_list"))
def user_list(config: ConfigFile) -> None:
    with opened(config) as admin:
        for user in admin.roster.store.users():
            typer.echo(json.dumps(shown(user)))


@user_app.command("role", help=_help("user_role"))
def user_role(name: Name, config: ConfigFile, role: RoleOption) -> None:
    with opened(config) as admin:
        _say("changed", name=admin.roster.change(name, role=role).name)


@user_app.command("districts", help=_help("user_districts"))
def user_districts(name: Name, config: ConfigFile, district: Districts = []) -> None:  # noqa: B006
    with opened(config) as admin:
        _say("changed", name=admin.roster.change(name, districts=district).name)


@user_app.command("password", help=_help("user_password"))
def user_password(name: Name, config: ConfigFile) -> None:
    with opened(config) as admin:
        user = admin.roster.user(name)
        _say("changed", name=admin.roster.change(user.name, password=_password()).name)


@user_app.command("disable", help=_help("user_disable"))
def user_disable(name: Name, config: ConfigFile) -> None:
    with opened(config) as admin:
        _say("changed", name=admin.roster.change(name, disabled=True).name)


@user_app.command("enable", help=_help("user_enable"))
def user_enable(name: Name, config: ConfigFile) -> None:
    with opened(config) as admin:
        _say("changed", name=admin.roster.change(name, disabled=False).name)


@token_app.command("add", help=_help("token_add"))
def token_add(
    name: Name,
    config: ConfigFile,
    scope: Annotated[list[str], typer.Option("--scope", help=_help("scope"))],
    label: Annotated[str, typer.Option("--label", help=_help("label"))],
    days: Annotated[int, typer.Option("--days", help=_help("days"))] = TOKEN_DAYS,
) -> None:
    with opened(config) as admin:
        token, secret = admin.roster.add_token(name, label[:64], scope, days)
        typer.echo(secret)
        _say("token_added", token=token.id, expires=rfc3339(token.expires))


@token_app.command("list", help=_help("token_list"))
def token_list(config: ConfigFile) -> None:
    with opened(config) as admin:
        for token in admin.roster.store.tokens():
            what = {"id": token.id, "user": token.user, "label": token.label, "scopes": token.scopes}
            times = {name: rfc3339(getattr(token, name)) for name in ("created", "expires", "revoked")}
            typer.echo(json.dumps(what | times))


@token_app.command("revoke", help=_help("token_revoke"))
def token_revoke(token: Annotated[str, typer.Argument(help=_help("token_id"))], config: ConfigFile) -> None:
    with opened(config) as admin:
        _say("token_revoked", token=admin.roster.revoke_token(token).id)


@audit_app.command("verify", help=_help("audit_verify"))
def audit_verify(
    config: Annotated[Path | None, typer.Option("--config", help=_help("config"))] = None,
    file: Annotated[Path | None, typer.Option("--file", help=_help("audit_file"))] = None,
    anchor: Annotated[list[str], typer.Option("--anchor", help=_help("anchor"))] = [],  # noqa: B006
) -> None:
    anchors = [_anchor(one) for one in anchor]
    if file is not None:
        records = list(_exported(file))
        floor = End(records[0].seq - 1, records[0].prev) if records else End()
        _verified(verify_or_say(records, floor, anchors))
    elif config is not None:
        with opened(config) as admin:
            floor, head = admin.audit.ends()
            _verified(verify_or_say(admin.audit.records(floor.seq), floor, [head, *anchors]))
    else:
        raise ConfigError("people.audit_which")


@audit_app.command("export", help=_help("audit_export"))
def audit_export(
    config: ConfigFile, out: Annotated[Path | None, typer.Option("--out", help=_help("out"))] = None
) -> None:
    with opened(config) as admin:
        roster = admin.roster
        roster.store.note([(roster.now(), roster.actor, "audit.export", "", str(out or "-"))])
        lines = (msgspec.json.encode(record) + b"\n" for record in admin.audit.records(admin.audit.ends()[0].seq))
        try:
            if out is None:
                sys.stdout.buffer.writelines(lines)
            else:
                with out.open("wb") as handle:
                    handle.writelines(lines)
        except OSError as error:
            raise ConfigError("people.audit_unwritable", file=str(out), detail=str(error)) from error
        _say("audit_exported", anchor=str(admin.audit.ends()[1]))


def verify_or_say(records: Iterable[Record], floor: End, known: list[End]) -> End:
    """Raises AuditBroken with a sentence that names the place."""
    try:
        return verify(records, floor, known)
    except Broken as error:
        raise AuditBroken(f"people.audit_{error.reason}", seq=error.seq) from error


def _verified(end: End) -> None:
    typer.echo(str(end))
    _say("audit_holds", n=end.seq)


def _anchor(written: str) -> End:
    try:
        return parse_end(written)
    except ValueError as error:
        raise ConfigError("people.anchor", value=written) from error


def _exported(file: Path) -> Iterator[Record]:
    try:
        for line in file.read_bytes().splitlines():
            yield msgspec.json.decode(line, type=Record)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError("people.audit_unreadable", file=str(file), detail=str(error)) from error
