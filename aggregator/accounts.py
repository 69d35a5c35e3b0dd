"""Logging in, sessions and API tokens: who a request speaks for. Any thread may call anything.

A session is a random value in a cookie; the store knows only its hash, so that a stolen database opens no session. It
is made at a login and never taken from the client. It ends with a logout, with a new password, role or district, when
nobody used it for `idle_s`, and after `longest_s`. An open page counts as use: a screen that somebody watches does not
go dark.
"""

import hashlib
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, ip_address

from aggregator.core.access import Permission, Principal, granted
from aggregator.core.audit import Entry
from aggregator.core.lockout import BY_ACCOUNT, BY_ADDRESS, Attempts
from aggregator.core.people import Passwords, PeopleStore, Session, Token, User, weakness
from contract.errors import JagaError

TOUCH_S = 60.0
AT_ONCE = 2
"""Password hashes computed at the same time: each takes 64 MiB and a core."""
HASH_PATIENCE_S = 10.0
UNKNOWN = "unknown"
"""What the audit log calls a name that no account has: people type passwords into the wrong field."""


class LoginRefused(Exception):
    """Wrong name, wrong password, or disabled: nobody is told which."""


class LoginDelayed(Exception):
    """Too many attempts. wait_s: how long the next one has to wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class PasswordRefused(JagaError):
    """The new password is too weak."""


@dataclass(frozen=True, slots=True)
class Policy:
    """districts: the sites of each. required: accounts are wanted although there is none yet (OpenID Connect)."""

    idle_s: float = 3_600.0
    longest_s: float = 43_200.0
    districts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    required: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session. cookie: its secret, known to the client alone."""

    cookie: str
    principal: Principal


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def normal(name: str) -> str:
    """The form in which names are stored and compared."""
    return unicodedata.normalize("NFKC", name).strip().casefold()[:64]


class Accounts:
    """now: seconds since the epoch."""

    def __init__(self, store: PeopleStore, passwords: Passwords, policy: Policy, now: Callable[[], float]) -> None:
        self._store, self._passwords, self._policy, self._now = store, passwords, policy, now
        self._lock = threading.Lock()
        self._hashing = threading.BoundedSemaphore(AT_ONCE)
        self._by_account, self._by_address = Attempts(BY_ACCOUNT), Attempts(BY_ADDRESS)

    @property
    def active(self) -> bool:
        """Whether anybody has to log in."""
        return self._policy.required or self._store.any_user()

    def login(self, name: str, password: str, address: str, previous: str | None = None) -> Opened:
        """previous: the cookie that came along, whose session ends. Raises LoginRefused, LoginDelayed or StoreError."""
        name, now = normal(name), self._now()
        self._begin(name, address, now)
        user = self._store.user(name)
        usable = user is not None and not user.disabled
        matches = self._matches(user.password if user else None, password)
        if user is None or not usable or not matches:
            why = "unknown" if user is None else "disabled" if user.disabled else "password"
            entry = (now, user.name if user else UNKNOWN, "session.refused", why, address)
            self._store.note([entry])
            raise LoginRefused
        self._forgive(name, address)
        if user.password and self._passwords.stale(user.password):
            user = replace(user, password=self._passwords.hash(password))
            self._store.put_user(user, ())
        return self.open(user, address, "password", previous)

    def open(self, user: User, address: str, how: str, previous: str | None = None) -> Opened:
        """A session for a user who has proved who he is."""
        now, cookie = self._now(), secrets.token_urlsafe(32)
        session = Session(sha256(cookie), user.name, now, now, address)
        old = sha256(previous) if previous else None
        self._store.put_session(session, [(now, user.name, "session.login", how, address)], instead_of=old)
        return Opened(cookie, self._speaks(session, user, cookie))

    def resume(self, cookie: str) -> Principal | None:
        """Who this cookie's session belongs to, if it still runs."""
        found = self._store.session(sha256(cookie))
        return self._speaks(*found, cookie) if found and self._runs(*found) else None

    def bearer(self, token: str) -> Principal | None:
        """Who this API token speaks for."""
        found = self._store.token(sha256(token))
        if found is None:
            return None
        known, user = found
        if not self._valid(known, user):
            return None
        sites = self._sites(user)
        allowed = granted(user.role, sites is not None, known.scopes)
        name = f"{user.name} ({known.label})"
        return Principal(name, allowed, user.role, user.districts, sites, token=known.hash, expires=known.expires)

    def unchanged(self, principal: Principal) -> bool:
        """Whether a principal may still do what it could: for what outlasts a request."""
        if principal.local:
            return not self.active
        if principal.session is None:
            found = self._store.token(principal.token or "")
            return found is not None and self._valid(*found) and self._same(principal, found[1])
        held = self._store.session(principal.session)
        return held is not None and self._runs(*held) and self._same(principal, held[1])

    def used(self, principal: Principal) -> None:
        """Notes that a session is in use. At most one write a minute; it waits for the disk."""
        if principal.session is not None and self.due(principal):
            self._store.touch(principal.session, self._now())

    def due(self, principal: Principal) -> bool:
        """Whether `used` would write."""
        found = self._store.session(principal.session) if principal.session else None
        return found is not None and self._now() - found[0].seen >= TOUCH_S and self._runs(*found)

    def logout(self, principal: Principal, address: str) -> None:
        if principal.session is not None:
            entry: Entry = (self._now(), principal.name, "session.logout", "", address)
            self._store.drop_session(principal.session, [entry])

    def change_password(self, principal: Principal, current: str, new: str, address: str) -> Opened:
        """Ends every session of the user and opens a new one. Raises LoginRefused, LoginDelayed or PasswordRefused."""
        now, user = self._now(), self._store.user(principal.name)
        if user is None or user.disabled or user.password is None:
            raise LoginRefused
        self._begin(user.name, address, now)
        if not self._matches(user.password, current):
            self._store.note([(now, user.name, "session.refused", "password", address)])
            raise LoginRefused
        self._forgive(user.name, address)
        changed = replace(user, password=hashed(self._passwords, user.name, new))
        self._store.put_user(changed, [(now, user.name, "user.password", user.name, address)], end_sessions=True)
        return self.open(changed, address, "password")

    def who_may(self, permission: Permission, sites: Iterable[str] | None = None) -> list[User]:
        """The users who may do this, by name. sites: only those who see something of them, None for everybody."""
        return [user for user in self._store.users() if self._can(user, permission, sites)]

    def may(self, name: str, permission: Permission, sites: Iterable[str]) -> bool:
        user = self._store.user(name)
        return user is not None and self._can(user, permission, sites)

    def tidy(self) -> None:
        """Forgets sessions that are over."""
        now = self._now()
        self._store.drop_sessions(now - self._policy.longest_s, now - self._policy.idle_s)

    def _begin(self, name: str, address: str, now: float) -> None:
        keys = ((self._by_account, name), (self._by_address, network(address)))
        with self._lock:
            wait = max(attempts.wait(key, now) for attempts, key in keys)
            if wait <= 0:
                for attempts, key in keys:
                    attempts.begin(key, now)
        if wait > 0:
            raise LoginDelayed(wait)

    def _forgive(self, name: str, address: str) -> None:
        """After the right password."""
        with self._lock:
            self._by_account.forgive(name, all_of_it=True)
            self._by_address.forgive(network(address), all_of_it=False)

    def _matches(self, known: str | None, password: str) -> bool:
        if not self._hashing.acquire(timeout=HASH_PATIENCE_S):
            raise LoginDelayed(HASH_PATIENCE_S)
        try:
            return self._passwords.matches(known, password)
        finally:
            self._hashing.release()

    def _runs(self, session: Session, user: User) -> bool:
        now = self._now()
        return (
            not user.disabled
            and now - session.created < self._policy.longest_s
            and now - session.seen < self._policy.idle_s
        )

    def _valid(self, token: Token, user: User) -> bool:
        return not user.disabled and token.revoked is None and self._now() < token.expires

    def _sites(self, user: User) -> frozenset[str] | None:
        """A district that the config no longer has shows nothing."""
        if not user.districts:
            return None
        none: frozenset[str] = frozenset()
        return none.union(*(self._policy.districts.get(name, none) for name in user.districts))

    def _can(self, user: User, permission: Permission, sites: Iterable[str] | None) -> bool:
        own = self._sites(user)
        sees = own is None or sites is None or not own.isdisjoint(sites)
        return not user.disabled and permission in granted(user.role, own is not None) and sees

    def _same(self, principal: Principal, user: User) -> bool:
        return not user.disabled and (user.role, user.districts) == (principal.role, principal.districts)

    def _speaks(self, session: Session, user: User, cookie: str) -> Principal:
        sites = self._sites(user)
        return Principal(
            user.name,
            granted(user.role, sites is not None),
            user.role,
            user.districts,
            sites,
            csrf=sha256(f"csrf {cookie}"),
            session=session.id,
            expires=session.created + self._policy.longest_s,
        )


def hashed(passwords: Passwords, name: str, password: str) -> str:
    """Raises PasswordRefused where the password is too weak."""
    why = weakness(name, password)
    if why is not None:
        raise PasswordRefused(why)
    return passwords.hash(password)


def network(address: str) -> str:
    """What one attacker holds of addresses: a single one of IPv4, a /64 of IPv6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ip_address(int(parsed) >> 64 << 64))
    return str(parsed)
