"""Accounts, sessions and tokens in the aggregator's database."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlite_utils import Database

from aggregator.adapters import audit_sqlite
from aggregator.adapters.rows import Shared
from aggregator.core.audit import Entry
from aggregator.core.people import Session, Token, User

_USER = "u.name, u.role, u.districts, u.password, u.subject, u.disabled, u.created"
_SESSION = "s.id, s.user, s.created, s.seen, s.address"
_TOKEN = "t.id, t.hash, t.user, t.label, t.scopes, t.created, t.expires, t.revoked"


class SqlitePeople:
    """See aggregator.core.people.PeopleStore."""

    def __init__(self, store: Shared) -> None:
        self._store = store
        self._any = False

    def any_user(self) -> bool:
        """Accounts are never deleted, so that a yes needs no second look."""
        self._any = self._any or bool(self._store.read("SELECT 1 FROM users LIMIT 1"))
        return self._any

    def user(self, name: str) -> User | None:
        return _one(self._store.read(f"SELECT {_USER} FROM users u WHERE name = ?", (name,)))

    def user_of(self, subject: str) -> User | None:
        return _one(self._store.read(f"SELECT {_USER} FROM users u WHERE subject = ?", (subject,)))

    def users(self) -> list[User]:
        return [_user(row) for row in self._store.read(f"SELECT {_USER} FROM users u ORDER BY name")]

    def put_user(self, user: User, audit: Iterable[Entry], *, end_sessions: bool = False) -> None:
        names = ("role", "districts", "password", "subject", "disabled", "created")
        upsert = (
            "INSERT INTO users (name, role, districts, password, subject, disabled, created) VALUES (?,?,?,?,?,?,?) "
            f"ON CONFLICT (name) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)}"
        )
        values = (
            user.name,
            user.role,
            json.dumps(user.districts),
            user.password,
            user.subject,
            user.disabled,
            user.created,
        )

        def write(db: Database) -> None:
            db.conn.execute(upsert, values)
            if end_sessions:
                db.conn.execute("DELETE FROM sessions WHERE user = ?", (user.name,))
            audit_sqlite.append(db.conn, audit)

        self._store.write(write)

    def session(self, session: str) -> tuple[Session, User] | None:
        sql = f"SELECT {_SESSION}, {_USER} FROM sessions s JOIN users u ON u.name = s.user WHERE s.id = ?"
        rows = self._store.read(sql, (session,))
        return (Session(*rows[0][:5]), _user(rows[0][5:])) if rows else None

    def put_session(self, session: Session, audit: Iterable[Entry], *, instead_of: str | None = None) -> None:
        values = (session.id, session.user, session.created, session.seen, session.address)

        def write(db: Database) -> None:
            db.conn.execute("DELETE FROM sessions WHERE id = ?", (instead_of,))
            db.conn.execute("INSERT INTO sessions VALUES (?,?,?,?,?)", values)
            audit_sqlite.append(db.conn, audit)

        self._store.write(write)

    def touch(self, session: str, now: float) -> None:
        self._store.write(lambda db: _run(db, "UPDATE sessions SET seen = ? WHERE id = ?", (now, session)))

    def drop_session(self, session: str, audit: Iterable[Entry]) -> None:
        self._store.write(lambda db: _run(db, "DELETE FROM sessions WHERE id = ?", (session,), audit))

    def drop_sessions(self, created_before: float, seen_before: float) -> None:
        sql = "DELETE FROM sessions WHERE created < ? OR seen < ?"
        self._store.write(lambda db: _run(db, sql, (created_before, seen_before)))

    def token(self, digest: str) -> tuple[Token, User] | None:
        sql = f"SELECT {_TOKEN}, {_USER} FROM tokens t JOIN users u ON u.name = t.user WHERE t.hash = ?"
        rows = self._store.read(sql, (digest,))
        return (_token(rows[0][:8]), _user(rows[0][8:])) if rows else None

    def tokens(self) -> list[Token]:
        return [_token(row) for row in self._store.read(f"SELECT {_TOKEN} FROM tokens t ORDER BY created")]

    def put_token(self, token: Token, audit: Iterable[Entry]) -> None:
        values = (
            token.id,
            token.hash,
            token.user,
            token.label,
            json.dumps(token.scopes),
            token.created,
            token.expires,
            token.revoked,
        )
        sql = "INSERT INTO tokens VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET revoked = excluded.revoked"
        self._store.write(lambda db: _run(db, sql, values, audit))

    def note(self, audit: Iterable[Entry]) -> None:
        self._store.write(lambda db: audit_sqlite.append(db.conn, audit))


def _run(db: Database, sql: str, values: Sequence[Any], audit: Iterable[Entry] = ()) -> None:
    db.conn.execute(sql, values)
    audit_sqlite.append(db.conn, audit)


def _one(rows: list[Any]) -> User | None:
    return _user(rows[0]) if rows else None


def _user(row: Sequence[Any]) -> User:
    name, role, districts, password, subject, disabled, created = row
    return User(name, role, tuple(json.loads(districts)), password, subject, bool(disabled), created)


def _token(row: Sequence[Any]) -> Token:
    number, digest, user, label, scopes, created, expires, revoked = row
    return Token(number, digest, user, label, tuple(json.loads(scopes)), created, expires, revoked)
