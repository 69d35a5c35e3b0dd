"""The contract of aggregator.core.people.PeopleStore and AuditStore, over each implementation."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.adapters.audit_sqlite import SqliteAudit
from aggregator.adapters.people_sqlite import SqlitePeople
from aggregator.adapters.store_sqlite import SqliteStore
from aggregator.core.audit import AuditQuery, Entry, verify
from aggregator.core.errors import StoreError
from aggregator.core.people import AuditStore, PeopleStore, Session, Token, User

RINA = User("rina", "operator", ("north",), "a hash", None, False, 1.0)
ENTRY: Entry = (1.5, "chief", "user.add", "rina", "")
Stores = tuple[PeopleStore, AuditStore]


@pytest.fixture(params=["sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    store = {"sqlite": SqliteStore}[request.param](tmp_path / "jaga.sqlite")
    yield SqlitePeople(store), SqliteAudit(store)
    store.close()


def test_a_user_is_what_was_put_last(stores: Stores) -> None:
    people, _ = stores
    assert not people.any_user()
    assert people.user("rina") is None
    people.put_user(RINA, [ENTRY])
    changed = replace(RINA, role="viewer", districts=(), subject="issuer 1", disabled=True, password=None)
    people.put_user(changed, [ENTRY])
    assert people.any_user()
    assert people.user("rina") == people.user_of("issuer 1") == changed
    assert people.users() == [changed]
    assert people.user_of("issuer 2") is None


def test_a_subject_belongs_to_one_user_and_what_fails_leaves_nothing(stores: Stores) -> None:
    people, audit = stores
    people.put_user(replace(RINA, subject="issuer 1"), [ENTRY])
    with pytest.raises(StoreError):
        people.put_user(User("budi", "viewer", subject="issuer 1"), [ENTRY])
    assert [user.name for user in people.users()] == ["rina"]
    assert audit.ends()[1].seq == 1


def test_sessions_come_with_their_user_and_go(stores: Stores) -> None:
    people, audit = stores
    people.put_user(RINA, [])
    first, second, third = (Session(digit * 64, "rina", 10.0, 10.0, "192.0.2.1") for digit in "abc")
    people.put_session(first, [ENTRY])
    people.put_session(second, [ENTRY], instead_of=first.id)
    assert people.session(first.id) is None
    people.touch(second.id, 20.0)
    assert people.session(second.id) == (replace(second, seen=20.0), RINA)
    people.put_session(third, [])
    people.drop_sessions(created_before=0.0, seen_before=15.0)
    assert people.session(third.id) is None
    people.put_session(third, [])
    people.drop_session(third.id, [ENTRY])
    assert people.session(third.id) is None
    people.put_user(RINA, [], end_sessions=True)
    assert people.session(second.id) is None
    assert audit.ends()[1].seq == 3


def test_tokens_are_found_by_their_hash_and_stay_when_revoked(stores: Stores) -> None:
    people, _ = stores
    people.put_user(RINA, [])
    token = Token("1", "f" * 64, "rina", "wall", ("incident.read", "camera.read"), 1.0, 9.0)
    people.put_token(token, [])
    assert people.token("f" * 64) == (token, RINA)
    assert people.token("e" * 64) is None
    people.put_token(replace(token, revoked=5.0), [])
    assert people.tokens() == [replace(token, revoked=5.0)]


def test_the_log_is_read_from_both_ends(stores: Stores) -> None:
    people, audit = stores
    assert list(audit.records()) == []
    people.note([(float(n), "rina" if n % 2 else "budi", "evidence.read", str(n), "ü\x00'") for n in range(2_500)])
    floor, head = audit.ends()
    assert verify(audit.records(floor.seq), floor, [head]) == head
    assert [record.object for record in audit.records(2_497)] == ["2497", "2498", "2499"]
    assert [record.seq for record in audit.newest(AuditQuery(limit=2))] == [2_500, 2_499]
    older = audit.newest(AuditQuery(limit=2, before=2_499, action="evidence.read", actor="rina"))
    assert [record.object for record in older] == ["2497", "2495"]
    assert [record.object for record in audit.newest(AuditQuery(object="77"))] == ["77"]
    assert [record.seq for record in audit.newest(AuditQuery(since=9.0, until=11.0))] == [11, 10]
    assert [record.seq for record in audit.newest(AuditQuery(since=9.0, until=11.0, before=11))] == [10]
    assert audit.newest(AuditQuery(limit=2, action="session.login")) == []
