"""Accounts for tests of the API: one user of each role at a desk, and clients who are logged in."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from aggregator.accounts import Policy
from aggregator.core.access import Role
from aggregator.core.people import User
from aggregator.core.ports import Message
from aggregator.roster import Roster
from contract import topics
from tests.desks import QUICK, Desk
from tests.timeline import START, make_event, place

PASSWORD = "correct horse battery"
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 100
SHA = hashlib.sha256(JPEG).hexdigest()
IN_DISTRICTS = Policy(districts={"north": frozenset({"site-1"}), "south": frozenset({"site-2"})})


def roster(one: Desk) -> Roster:
    return Roster(one.people, QUICK, one.people_policy, lambda: one.now, "test")


def add(one: Desk, name: str, role: Role, districts: Sequence[str] = ()) -> User:
    return roster(one).add(name, role, districts, PASSWORD)


class Client(httpx.Client):
    """A browser: keeps the cookie, and sends the session's token along as the page does."""

    def login(self, name: str, password: str = PASSWORD) -> httpx.Response:
        answer = self.post("/api/v1/session", json={"name": name, "password": password})
        if answer.status_code == 200:
            self.headers["content-type"] = "application/json"
            self.headers["x-csrf-token"] = answer.json()["user"]["csrf"]
        return answer


@contextmanager
def client(one: Desk, name: str | None = None) -> Iterator[Client]:
    """Logged in as `name`; without one as nobody."""
    with Client(base_url=one.url, timeout=10) as fresh:
        if name is not None:
            assert fresh.login(name).status_code == 200
        yield fresh


def seen_at(one: Desk, site: str, camera: str, jpeg: bytes = b"", t: float = 0) -> dict[str, Any]:
    """An incident at a site, with its picture."""
    sha256 = hashlib.sha256(jpeg).hexdigest() if jpeg else None
    where = place(0, 0) if site == "site-1" else place(90_000, 0)
    event = make_event(t, camera, "brawl", site=site, location=where, confidence=0.8, snapshot=sha256)
    one.take(event)
    if jpeg:
        one.service.handle([Message(topics.evidence(site, camera, event.id), jpeg, START.timestamp())])
    return next(item for item in one.incidents() if camera in item["cameras"])
