"""Writes docs/reference/cli.md and api.md from the commands and routes: `python docs/make_reference.py docs/reference`.

A route or a command without a word about it here makes this fail, and with it the test that compares.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["JAGA_LANG"] = "en"  # the commands read their help texts when they are imported

import typer

from aggregator.accounts import Accounts, Policy
from aggregator.api.access import Cookies
from aggregator.api.app import create_app
from aggregator.api.parts import Parts
from aggregator.api.people import People
from aggregator.core.access import ROUTES as NEEDS
from aggregator.live import Live
from jaga.cli import PARTS, load

NOTE = "Made by `python docs/make_reference.py docs/reference`; change the code, not this file."
EXIT_CODES = (
    "Exit codes: 0 done, 1 failed, 2 unusable arguments or config, 130 interrupted. Machine output is JSON lines on\n"
    "stdout; people's output and progress go to stderr."
)
LANGUAGES = (
    "`jaga --log-level LEVEL` and `JAGA_LOG_LEVEL` set how much is logged; `JAGA_LANG` (`id`, `en`) sets the\n"
    "language of messages, else the locale does."
)
HIDDEN = ("help", "install_completion", "show_completion")

ROUTES = {
    "GET /api/v1/incidents": "Incidents, newest first. `state`, `kind`: only those. `limit`: 1 to 1000. "
    "`before`: the `next` of the page before.",
    "GET /api/v1/incidents/{incident}": "One incident with its events (each with its link's score and reasons) and its "
    "history.",
    "GET /api/v1/incidents/{incident}/related": "What an incident comes from and led to, others near it in place and "
    "time, and the nearest cameras with the hash of their latest picture.",
    "POST /api/v1/incidents/{incident}/transition": "Moves an incident: `to`, `reason`, `actor`, `seen`. 409 names the "
    "states that are allowed.",
    "POST /api/v1/incidents/{incident}/take": "Acknowledges it and has it in hand. As all steps: `seen` is the `acted` "
    "of the incident as it was seen; where somebody else did something later in the same matter, 409 names `act` and "
    "gives the `incident` as it is now. Audited.",
    "POST /api/v1/incidents/{incident}/assign": "Gives it `to` a user who may act and sees where it is; it waits on.",
    "POST /api/v1/incidents/{incident}/release": "Nobody has it in hand any more.",
    "POST /api/v1/incidents/{incident}/note": "Adds `text` (2,000 characters at most) to its history.",
    "POST /api/v1/incidents/{incident}/severity": "Sets `severity` whatever its cameras say; null gives it "
    "back to them.",
    "POST /api/v1/incidents/{incident}/kind": "Sets `kind`, likewise.",
    "POST /api/v1/incidents/{incident}/merge": "Makes one of it and `other`; the older goes on, and is the answer.",
    "POST /api/v1/incidents/{incident}/split": "Takes the episode of `event` out, into an incident of its own.",
    "POST /api/v1/incidents/{incident}/undo": "Takes back the last step, whose `number` is that of `last_act`: by "
    "who made it, within a minute.",
    "POST /api/v1/handover": "Gives everything one has in hand `to` another user, with a `note`. What he does not see "
    "is kept, and named.",
    "GET /api/v1/assignees": "Who may act, on this `incident` or on any.",
    "GET /api/v1/cameras": "Cameras as GeoJSON, with state, rates, age of the last frame and the reason.",
    "GET /api/v1/evidence/{sha256}": "A picture, or a clip (MP4). Each look is written to the audit table.",
    "POST /api/v1/events/{event}/clip": "Asks the event's agent for the seconds around its begin. 200: it is here, "
    "under `sha256`; 202: it was asked for and comes as evidence, which the stream tells. Audited.",
    "GET /api/v1/quarantine": "What was refused, newest first, with topic, field and reason.",
    "GET /api/v1/suppressed": "Events that raised no fresh alarm, the latest first, each with its reason (`duplicate`, "
    "`silence`, `inhibited`, `flapping`, `cooldown`) and by what. `reason`, `site`, `camera`, `kind`, `since`, "
    "`until`: only those. `before`: the `next` of the page before.",
    "GET /api/v1/silences": "Silences that hold or are yet to begin; with `past=true` those that are over, too.",
    "POST /api/v1/silences": "Silences a site, camera, rule, kind or zone until `expires` (7 days at most), with "
    "`reason` and `actor`. Something critical is only silenced where `kind` or `rule` names it. Audited.",
    "POST /api/v1/silences/{silence}/end": "Ends a silence now. Audited.",
    "GET /api/v1/precision": "What verdicts have shown of each camera's rules; what drifts comes first.",
    "GET /api/v1/desk": "What the page shows: the load, ids with a line of their own, and summaries by place and kind.",
    "GET /api/v1/map/archive": "The file of `map.pmtiles`, where it lies on this machine; with `Range` a part of it.",
    "GET /api/v1/stream": "Server-sent events: `snapshot`, then `incident`, `camera`, `desk`, `silence`, `evidence`, "
    "`clip` (why one does not come), `heartbeat`. "
    "Resumes from `Last-Event-ID`.",
    "GET /api/v1/session": "Whether anybody has to log in, and who is logged in.",
    "POST /api/v1/session": "Logs in: `name`, `password`. Sets the session's cookie. 429 says how long to wait.",
    "DELETE /api/v1/session": "Logs out.",
    "POST /api/v1/session/password": "A new password: `current`, `new`. Every other session of the user ends.",
    "GET /api/v1/oidc/login": "To the OpenID Connect provider.",
    "GET /api/v1/oidc/callback": "Back from there, to the page.",
    "GET /api/v1/users": "The accounts.",
    "POST /api/v1/users": "A new account: `name`, `role`, `districts`, `password`.",
    "POST /api/v1/users/{name}": "Changes `role`, `districts`, `disabled` or `password`; the user's sessions end.",
    "GET /api/v1/audit": "The audit log, newest first, with the end of its chain. `action`, `actor`, `object`, "
    "`since`, `until`: only those. `before`: the `next` of the page before.",
    "POST /api/v1/audit/verify": "Reads the whole chain; names the first record that does not hold. `anchor`: an end "
    "of the chain that was noted before. One at a time.",
    "GET /api/v1/reports/shift": "What a shift saw and did; see docs/guide/reports.md for all reports. `period`, or "
    "`from` and `to`; `format` json, csv (one `table`) or pdf, or by Accept; `language` of csv and pdf. These "
    "files are noted in the audit log.",
    "GET /api/v1/reports/response": "How soon incidents were answered and ended, against the targets.",
    "GET /api/v1/reports/precision": "How often verdicts found cameras right, with intervals and over time.",
    "GET /api/v1/reports/coverage": "Which share of the cameras watched, and the gaps.",
    "GET /api/v1/audit/export": "The whole audit log as JSON lines, for `jaga aggregator audit verify --file`.",
    "GET /metrics": "Prometheus.",
    "GET /healthz": "`ok`, or `degraded` while there is no connection to the broker.",
}


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each command that does something, with its words."""
    if hasattr(command, "commands"):
        for name in sorted(command.commands):
            yield from commands(command.commands[name], f"{path} {name}")
    else:
        yield path, command


def parameter(item: Any) -> str:
    """One row of a command's table."""
    names = item.opts if item.param_type_name == "option" else [item.name.upper()]
    shown = ", ".join(f"`{name}`" for name in names) + (" …" if item.nargs == -1 else "")
    text = (getattr(item, "help", None) or "").replace("|", "\\|")
    if not text:
        raise SystemExit(f"parameter {item.name} has no help")
    return f"| {shown} | {'required' if item.required else default(item)} | {' '.join(text.split())} |"


def default(item: Any) -> str:
    value: Any = item.default
    shown = isinstance(value, str | int | float | Path) and not isinstance(value, bool)
    return f"`{value}`" if shown else "–"


def about(command: Any, path: str) -> str:
    if not command.help:
        raise SystemExit(f"{path} has no help")
    return " ".join(command.help.split())


def cli() -> str:
    lines = ["# Command line", "", NOTE, "", EXIT_CODES, "", LANGUAGES]
    for part in PARTS:
        root: Any = typer.main.get_command(load(part))
        for path, command in commands(root, f"jaga {part.name}"):
            lines += ["", f"## {path}", "", about(command, path)]
            rows = [parameter(item) for item in command.params if item.name not in HIDDEN]
            if rows:
                lines += ["", "| argument | default | what |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def api() -> str:
    unused: Any = None
    accounts = Accounts(unused, unused, Policy(), unused)
    people = People(accounts, unused, unused, Policy(), Cookies(), unused)
    app = create_app(Parts(unused, unused, Live("reference"), unused, unused, unused, people, unused, unused, unused))
    found = {
        f"{method.upper()} {path}": route
        for path, methods in app.openapi()["paths"].items()
        for method, route in methods.items()
    }
    if set(found) != set(ROUTES):
        raise SystemExit(f"routes and their descriptions differ: {sorted(set(found) ^ set(ROUTES))}")
    lines = ["# HTTP API of the aggregator", "", NOTE, ""]
    lines += [
        "Loopback only while there are no accounts; with [accounts](../guide/accounts.md) a route needs the",
        "permission named here. JSON; times RFC 3339 UTC with `Z`; errors are problem+json (RFC 9457). The",
        "machine-readable form is `/openapi.json` of a running aggregator, with a page at `/docs`.",
        "",
    ]
    lines += ["| route | needs | answers | what |", "|---|---|---|---|"]
    lines += [
        f"| `{route}` | {NEEDS[route]} | {', '.join(sorted(found[route]['responses']))} | {ROUTES[route]} |"
        for route in ROUTES
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python docs/make_reference.py FOLDER\n")
        return 2
    folder = Path(arguments[0])
    for name, made in (("api.md", api), ("cli.md", cli)):
        (folder / name).write_text(made(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
