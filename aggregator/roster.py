"""Who has an account, and API tokens: what the command and the administrator's routes do, with its record in the audit
log."""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aggregator.accounts import Policy, hashed, normal, sha256
from aggregator.core.access import PERMISSIONS, ROLES, UNLIMITED_ROLES, Permission, Role
from aggregator.core.audit import Entry
from aggregator.core.people import NAME_PATTERN, RESERVED, Passwords, PeopleStore, Token, User
from aggregator.views import rfc3339
from contract.errors import JagaError

TOKEN_PREFIX = "jaga_"
MAX_TOKEN_DAYS = 366
_DAY_S = 86_400.0


class RosterError(JagaError):
    """An account that cannot be made or changed like that."""


@dataclass(frozen=True, slots=True)
class Roster:
    """actor: who does it, for the audit log; origin: from where. now: seconds since the epoch."""

    store: PeopleStore
    passwords: Passwords
    policy: Policy
    now: Callable[[], float]
    actor: str
    origin: str = ""

    def add(self, name: str, role: Role, districts: Sequence[str], password: str) -> User:
        """Raises RosterError or PasswordRefused."""
        name = normal(name)
        if not usable(name):
            raise RosterError("people.name", name=name)
        if self.store.user(name) is not None:
            raise RosterError("people.exists", name=name)
        self._check(role, districts)
        now = self.now()
        user = User(name, role, tuple(districts), hashed(self.passwords, name, password), created=now)
        self.store.put_user(user, [self._entry("user.add", name, about(user))])
        return user

    def change(
        self,
        name: str,
        *,
        role: Role | None = None,
        districts: Sequence[str] | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """What is None stays. Every change ends the user's sessions. Raises RosterError or PasswordRefused."""
        user = self.user(name)
        changed = replace(
            user,
            role=role or user.role,
            districts=user.districts if districts is None else tuple(districts),
            disabled=user.disabled if disabled is None else disabled,
            password=user.password if password is None else hashed(self.passwords, user.name, password),
        )
        self._check(changed.role, changed.districts)
        if _manages(user) and not _manages(changed) and not any(_manages(one) for one in self._others(user)):
            raise RosterError("people.last_administrator", name=user.name)
        entries = [self._entry("user.password", user.name, "")] if password is not None else []
        if replace(changed, password=user.password) != user:
            entries.append(self._entry("user.change", user.name, about(changed)))
        self.store.put_user(changed, entries, end_sessions=True)
        return changed

    def user(self, name: str) -> User:
        found = self.store.user(normal(name))
        if found is None:
            raise RosterError("people.unknown", name=normal(name))
        return found

    def add_token(self, name: str, label: str, scopes: Sequence[str], days: int) -> tuple[Token, str]:
        """(the token, its secret, which is shown once and kept nowhere)"""
        user = self.user(name)
        unknown = [scope for scope in scopes if scope not in ROLES[user.role]]
        if unknown or not scopes:
            allowed = ", ".join(sorted(ROLES[user.role]))
            raise RosterError("people.scope", scopes=", ".join(unknown), role=user.role, allowed=allowed)
        if not 1 <= days <= MAX_TOKEN_DAYS:
            raise RosterError("people.token_days", most=MAX_TOKEN_DAYS)
        secret, now = TOKEN_PREFIX + secrets.token_urlsafe(32), self.now()
        held: tuple[Permission, ...] = tuple(one for one in PERMISSIONS if one in scopes)
        token = Token(secrets.token_hex(4), sha256(secret), user.name, label, held, now, now + days * _DAY_S)
        self.store.put_token(token, [self._entry("token.add", token.id, f"{user.name} {label}: {', '.join(held)}")])
        return token, secret

    def revoke_token(self, token: str) -> Token:
        known = next((one for one in self.store.tokens() if one.id == token), None)
        if known is None:
            raise RosterError("people.unknown_token", token=token)
        revoked = replace(known, revoked=known.revoked or self.now())
        self.store.put_token(revoked, [self._entry("token.revoke", token, known.user)])
        return revoked

    def _check(self, role: Role, districts: Sequence[str]) -> None:
        if districts and role in UNLIMITED_ROLES:
            raise RosterError("people.unlimited", role=role)
        for district in districts:
            if district not in self.policy.districts:
                known = ", ".join(sorted(self.policy.districts)) or "-"
                raise RosterError("people.district", district=district, known=known)

    def _others(self, user: User) -> list[User]:
        return [one for one in self.store.users() if one.name != user.name]

    def _entry(self, action: str, what: str, detail: str) -> Entry:
        return (self.now(), self.actor, action, what, " ".join(filter(None, (detail, self.origin))))


def usable(name: str) -> bool:
    return re.fullmatch(NAME_PATTERN, name) is not None and name not in RESERVED


def shown(user: User) -> dict[str, Any]:
    """A user as the command and the API show him: neither hash nor subject."""
    return {
        "name": user.name,
        "role": user.role,
        "districts": user.districts,
        "disabled": user.disabled,
        "sign_on": user.subject is not None,
        "created": rfc3339(user.created),
    }


def about(user: User) -> str:
    """A user in a line of the audit log."""
    state = " disabled" if user.disabled else ""
    return f"role={user.role} districts={','.join(user.districts) or 'all'}{state}"


def _manages(user: User) -> bool:
    return user.role == "administrator" and not user.disabled
