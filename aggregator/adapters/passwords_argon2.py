"""Password hashes: Argon2id with the library's parameters (RFC 9106, second recommended option)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """See aggregator.core.people.Passwords. time_cost: passes; memory_kib: per hash."""

    def __init__(self, time_cost: int = 3, memory_kib: int = 65_536, parallelism: int = 4) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def matches(self, known: str | None, password: str) -> bool:
        try:
            self._hasher.verify(known or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    def stale(self, known: str) -> bool:
        return self._hasher.check_needs_rehash(known)
