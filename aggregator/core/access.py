"""Who may do what: the one table of roles, permissions and routes. docs/guide/accounts.md shows it; a test compares.

Whatever route is not in the table is refused to everybody once there are accounts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

Permission = Literal[
    "incident.read",
    "incident.act",
    "silence.act",
    "camera.read",
    "evidence.read",
    "quarantine.read",
    "metrics.read",
    "report.read",
    "audit.read",
    "user.read",
    "user.manage",
    "api.read",
]
Role = Literal["viewer", "operator", "supervisor", "engineer", "administrator", "auditor"]
Need = Permission | Literal["anybody", "anybody logged in"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

_ALL: frozenset[Permission] = frozenset(PERMISSIONS)
_SEE: frozenset[Permission] = frozenset({"incident.read", "camera.read", "api.read"})
_ACT: frozenset[Permission] = _SEE | {"incident.act", "silence.act", "evidence.read"}
ROLES: dict[Role, frozenset[Permission]] = {
    "viewer": _SEE,
    "operator": _ACT,
    "supervisor": _ACT | {"report.read", "user.read"},
    "engineer": _SEE | {"silence.act", "evidence.read", "quarantine.read", "metrics.read"},
    "administrator": _ALL,
    "auditor": _SEE | {"report.read", "audit.read", "user.read"},
}

WHOLE_CITY: frozenset[Permission] = frozenset({"metrics.read", "audit.read", "user.read", "user.manage"})
"""What cannot be cut down to districts, so that whoever is limited to some does not have it."""
UNLIMITED_ROLES: frozenset[Role] = frozenset({"administrator", "auditor"})
"""Roles that make no sense within districts."""

ROUTES: dict[str, Need] = {
    "GET /api/v1/incidents": "incident.read",
    "GET /api/v1/incidents/{incident}": "incident.read",
    "GET /api/v1/incidents/{incident}/related": "incident.read",
    "POST /api/v1/incidents/{incident}/transition": "incident.act",
    "POST /api/v1/incidents/{incident}/take": "incident.act",
    "POST /api/v1/incidents/{incident}/assign": "incident.act",
    "POST /api/v1/incidents/{incident}/release": "incident.act",
    "POST /api/v1/incidents/{incident}/note": "incident.act",
    "POST /api/v1/incidents/{incident}/severity": "incident.act",
    "POST /api/v1/incidents/{incident}/kind": "incident.act",
    "POST /api/v1/incidents/{incident}/merge": "incident.act",
    "POST /api/v1/incidents/{incident}/split": "incident.act",
    "POST /api/v1/incidents/{incident}/undo": "incident.act",
    "POST /api/v1/handover": "incident.act",
    "GET /api/v1/assignees": "incident.act",
    "GET /api/v1/suppressed": "incident.read",
    "GET /api/v1/precision": "incident.read",
    "GET /api/v1/desk": "incident.read",
    "GET /api/v1/silences": "incident.read",
    "POST /api/v1/silences": "silence.act",
    "POST /api/v1/silences/{silence}/end": "silence.act",
    "GET /api/v1/cameras": "camera.read",
    "GET /api/v1/evidence/{sha256}": "evidence.read",
    "POST /api/v1/events/{event}/clip": "evidence.read",
    "GET /api/v1/quarantine": "quarantine.read",
    "GET /api/v1/stream": "incident.read",
    "GET /api/v1/map/archive": "incident.read",
    "GET /api/v1/reports/shift": "report.read",
    "GET /api/v1/reports/response": "report.read",
    "GET /api/v1/reports/precision": "report.read",
    "GET /api/v1/reports/coverage": "report.read",
    "GET /api/v1/audit": "audit.read",
    "GET /api/v1/audit/export": "audit.read",
    "POST /api/v1/audit/verify": "audit.read",
    "GET /api/v1/users": "user.read",
    "POST /api/v1/users": "user.manage",
    "POST /api/v1/users/{name}": "user.manage",
    "GET /api/v1/session": "anybody",
    "POST /api/v1/session": "anybody",
    "DELETE /api/v1/session": "anybody logged in",
    "POST /api/v1/session/password": "anybody logged in",
    "GET /api/v1/oidc/login": "anybody",
    "GET /api/v1/oidc/callback": "anybody",
    "GET /metrics": "metrics.read",
    "GET /healthz": "anybody",
    "GET /openapi.json": "api.read",
    "GET /docs": "api.read",
}
_GUARDED = ("/api", "/metrics", "/openapi.json", "/docs", "/redoc")
"""Paths below which nothing is open that is not in the table; elsewhere lie the page's own files."""


@dataclass(frozen=True, slots=True)
class Principal:
    """On whose behalf a request acts. sites: those that he may see, None for all. csrf: what his page has to send
    along with anything but a read, None where no cookie speaks for him. session, token: the hash of the one by which
    he is known. expires: seconds since the epoch."""

    name: str
    permissions: frozenset[Permission]
    role: Role | None = None
    districts: tuple[str, ...] = ()
    sites: frozenset[str] | None = None
    csrf: str | None = None
    session: str | None = None
    token: str | None = None
    expires: float | None = None

    @property
    def local(self) -> bool:
        """Somebody at this machine, while there are no accounts."""
        return self.role is None

    def sees(self, sites: Iterable[str]) -> bool:
        """Whether anything that lies at these sites may be shown. Without a site: only to who sees everything."""
        return self.sites is None or not self.sites.isdisjoint(sites)


LOCAL = Principal("local", _ALL)


def granted(role: Role, limited: bool, scopes: Iterable[Permission] | None = None) -> frozenset[Permission]:
    """What a user of this role may do. limited: to districts. scopes: those of an API token, None for a session."""
    allowed = ROLES[role] - WHOLE_CITY if limited else ROLES[role]
    return allowed if scopes is None else allowed & frozenset(scopes)


@cache
def _templates() -> tuple[tuple[str, "re.Pattern[str]", Need], ...]:
    found = []
    for route, need in ROUTES.items():
        method, path = route.split(" ", 1)
        pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path))
        found.append((method, re.compile(pattern), need))
    return tuple(found)


def needed(method: str, path: str) -> Need | tuple[str, ...] | None:
    """What a request needs; the methods that there are where this one is not; None where there is no such route.

    path: decoded, as the router sees it. The page's files are for anybody.
    """
    wanted = "GET" if method == "HEAD" else method
    methods = []
    for known, pattern, need in _templates():
        if pattern.fullmatch(path):
            if known == wanted:
                return need
            methods.append(known)
    if methods:
        return tuple(sorted(methods))
    return None if path.startswith(_GUARDED) or wanted not in ("GET", "OPTIONS") else "anybody"
