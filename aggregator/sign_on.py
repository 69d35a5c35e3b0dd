"""Logging in by OpenID Connect: which account the provider's word makes or opens."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aggregator.accounts import UNKNOWN, Accounts, Opened, Policy, network, normal
from aggregator.core.access import UNLIMITED_ROLES, Role
from aggregator.core.lockout import BY_ADDRESS, Attempts
from aggregator.core.people import Flow, PeopleStore, Provider, SignOnRefused, User
from aggregator.roster import about, usable

FLOW_S = 600.0
"""How long somebody may take at the provider."""
MOST_FLOWS = 1_000


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which claims mean what: see aggregator.config_people.OidcSection."""

    roles: Mapping[str, Role]
    role_claim: str
    name_claim: str
    district_claim: str | None = None


class SignOn:
    """Any thread. now: seconds since the epoch."""

    def __init__(
        self,
        provider: Provider,
        mapped: Mapped,
        accounts: Accounts,
        store: PeopleStore,
        policy: Policy,
        now: Callable[[], float],
    ) -> None:
        self._provider, self._mapped, self._accounts = provider, mapped, accounts
        self._store, self._policy, self._now = store, policy, now
        self._lock = threading.Lock()
        self._flows: OrderedDict[str, tuple[Flow, float]] = OrderedDict()
        self._begun = Attempts(BY_ADDRESS)

    def begin(self, address: str) -> tuple[str, str]:
        """(where the browser goes, the cookie that holds the login together). Raises SignOnRefused."""
        with self._lock:  # whoever began many would push the others' out
            key, now = network(address), self._now()
            if (wait := self._begun.wait(key, now)) > 0:
                raise SignOnRefused("wait", f"{address}: {wait:.0f} s")
            self._begun.begin(key, now)
        flow, cookie = self._provider.begin(), secrets.token_urlsafe(32)
        with self._lock:
            self._flows[cookie] = (flow, self._now() + FLOW_S)
            while len(self._flows) > MOST_FLOWS:
                self._flows.popitem(last=False)
        return flow.url, cookie

    def finish(self, cookie: str | None, state: str, code: str, address: str, previous: str | None) -> Opened:
        """Each flow once, in the browser that began it. Raises SignOnRefused."""
        with self._lock:
            flow, until = self._flows.pop(cookie or "", (None, 0.0))
        if flow is None or self._now() >= until or not secrets.compare_digest(flow.state.encode(), state.encode()):
            raise SignOnRefused("expired")
        claims = self._provider.finish(flow, code)
        try:
            user = self._user(claims)
        except SignOnRefused as error:
            who = f"{claims.get('iss')} {claims.get('sub')} {address}"
            self._store.note([(self._now(), UNKNOWN, "session.refused", f"sign_on {error.reason}", who)])
            raise
        with self._lock:
            self._begun.forgive(network(address), all_of_it=False)
        return self._accounts.open(user, address, "sign_on", previous)

    def _user(self, claims: Mapping[str, Any]) -> User:
        """Known by issuer and subject, which nobody chooses; by name never, or somebody else could take it over."""
        subject = f"{claims['iss']} {claims['sub']}"
        role = self._role(claims)
        known = self._store.user_of(subject)
        districts = self._districts(claims, role, known)
        if known is not None:
            if known.disabled:
                raise SignOnRefused("disabled")
            wanted = replace(known, role=role, districts=districts)
            if wanted != known:
                entry = (self._now(), "sign_on", "user.change", known.name, about(wanted))
                self._store.put_user(wanted, [entry], end_sessions=True)
            return wanted
        name = normal(str(claims.get(self._mapped.name_claim, "")))
        if not usable(name) or self._store.user(name) is not None:
            raise SignOnRefused("name", name)
        user = User(name, role, districts, subject=subject, created=self._now())
        self._store.put_user(user, [(self._now(), "sign_on", "user.add", name, about(user))])
        return user

    def _role(self, claims: Mapping[str, Any]) -> Role:
        """The first in the config's order that the claim has."""
        held = _values(claims.get(self._mapped.role_claim))
        for value, role in self._mapped.roles.items():
            if value in held:
                return role
        raise SignOnRefused("role", ", ".join(sorted(held)))

    def _districts(self, claims: Mapping[str, Any], role: Role, known: User | None) -> tuple[str, ...]:
        """Without a claim for them: what an administrator gave; a login must not widen it to the whole city."""
        if role in UNLIMITED_ROLES:
            return ()
        if self._mapped.district_claim is None:
            return known.districts if known else ()
        held = _values(claims.get(self._mapped.district_claim))
        found = tuple(name for name in self._policy.districts if name in held)
        if not found:
            raise SignOnRefused("district", ", ".join(sorted(held)))
        return found


def _values(claim: Any) -> frozenset[str]:
    if isinstance(claim, str):
        return frozenset({claim})
    return frozenset(str(one) for one in claim) if isinstance(claim, list) else frozenset()
