"""Accounts, sessions and API tokens, and the ports that keep and check them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aggregator.core.access import Permission, Role
from aggregator.core.audit import AuditQuery, End, Entry, Record

NAME_PATTERN = r"^[a-z0-9][a-z0-9._@-]{0,63}$"
RESERVED = frozenset({"system", "local", "operator", "unknown", "sign_on", "command"})
"""Names under which others than people act in histories and in the audit log."""
MIN_PASSWORD, MAX_PASSWORD = 12, 256
_FEW = 5


@dataclass(frozen=True, slots=True)
class User:
    """password: an Argon2id hash, None where only OpenID Connect lets him in. subject: issuer and subject there.
    districts: none means the whole city. Times: seconds since the epoch."""

    name: str
    role: Role
    districts: tuple[str, ...] = ()
    password: str | None = None
    subject: str | None = None
    disabled: bool = False
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Session:
    """id: SHA-256 of the cookie's value, which nobody keeps. seen: to about a minute."""

    id: str
    user: str
    created: float
    seen: float
    address: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """hash: SHA-256 of the token, which nobody keeps. revoked: when, or None."""

    id: str
    hash: str
    user: str
    label: str
    scopes: tuple[Permission, ...]
    created: float
    expires: float
    revoked: float | None = None


def weakness(name: str, password: str) -> str | None:
    """Why a password is refused (a catalogue key), or None. Length counts, not classes of characters (NIST SP 800-63B,
    3.1.1.2)."""
    if len(password) < MIN_PASSWORD:
        return "people.password_short"
    if len(password) > MAX_PASSWORD:
        return "people.password_long"
    if len(set(password)) < _FEW or name in password.lower() or password.lower() in _COMMON:
        return "people.password_weak"
    return None


_COMMON = frozenset(
    {"password1234", "passwordpassword", "123456789012", "qwertyuiop12", "katasandi123", "administrator"}
)


class Passwords(Protocol):
    """Any thread. `matches` takes as long where there is no hash to compare with."""

    def hash(self, password: str) -> str: ...
    def matches(self, known: str | None, password: str) -> bool: ...
    def stale(self, known: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        ...


class PeopleStore(Protocol):
    """Any thread. What changes is on disk, together with its audit entries, when the call returns; StoreError else.

    Another process may write at the same time: accounts are also managed by command.
    """

    def any_user(self) -> bool: ...
    def user(self, name: str) -> User | None: ...
    def user_of(self, subject: str) -> User | None: ...
    def users(self) -> list[User]: ...
    def put_user(self, user: User, audit: Iterable[Entry], *, end_sessions: bool = False) -> None: ...
    def session(self, session: str) -> tuple[Session, User] | None: ...
    def put_session(self, session: Session, audit: Iterable[Entry], *, instead_of: str | None = None) -> None: ...
    def touch(self, session: str, now: float) -> None: ...
    def drop_session(self, session: str, audit: Iterable[Entry]) -> None: ...
    def drop_sessions(self, created_before: float, seen_before: float) -> None: ...
    def token(self, digest: str) -> tuple[Token, User] | None: ...
    def tokens(self) -> list[Token]: ...
    def put_token(self, token: Token, audit: Iterable[Entry]) -> None: ...
    def note(self, audit: Iterable[Entry]) -> None: ...


class AuditStore(Protocol):
    """Any thread; the records themselves are written by whoever does what is recorded."""

    def records(self, after: int = 0) -> Iterator[Record]:
        """In order."""
        ...

    def ends(self) -> tuple[End, End]:
        """(before the first record that is kept, the last one)"""
        ...

    def newest(self, query: AuditQuery) -> Sequence[Record]:
        """The latest first: by their time, then by their number."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """A login by OpenID Connect that is under way. url: where the browser is sent."""

    url: str
    state: str
    nonce: str
    verifier: str


class SignOnRefused(Exception):
    """reason: provider, expired, role, district, disabled, name or wait. detail: for the log."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Provider(Protocol):
    """An OpenID Connect provider. Any thread; waits for the network."""

    def begin(self) -> Flow: ...
    def finish(self, flow: Flow, code: str) -> Mapping[str, Any]:
        """The claims of the ID token, checked. Raises SignOnRefused."""
        ...
