"""Routes for logging in and out, and for the audit log."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from itertools import takewhile
from math import ceil
from threading import Lock
from typing import Annotated, Any

import msgspec
from fastapi import Body, FastAPI, HTTPException, Query, Request
from starlette.responses import Response, StreamingResponse

from aggregator.accounts import Accounts, LoginDelayed, LoginRefused, Opened, Policy
from aggregator.api import models_people, models_reports
from aggregator.api.access import Address, Cookies, Visitor, Who
from aggregator.api.models import Moment
from aggregator.api.problems import documented
from aggregator.core.access import Principal
from aggregator.core.audit import AuditQuery, Broken, Record, parse_end
from aggregator.core.audit import verify as verify_chain
from aggregator.core.people import AuditStore, PeopleStore
from aggregator.core.report import Calendar
from aggregator.views import rfc3339

REFUSED = "name and password do not match, or the account is disabled"
NO_ACCOUNTS = "there are no accounts yet: jaga aggregator user add"
JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class People:
    """What the routes of accounts and audit need. signs_on: whether OpenID Connect is configured."""

    accounts: Accounts
    store: PeopleStore
    audit: AuditStore
    policy: Policy
    cookies: Cookies
    now: Callable[[], float]
    signs_on: bool = False
    calendar: Calendar = field(default_factory=lambda: Calendar(UTC))


def install(app: FastAPI, people: People) -> None:
    _session(app, people)
    _password(app, people)
    _audit(app, people)


def session_view(people: People, who: Principal | None) -> dict[str, Any]:
    """Who is logged in. `csrf` has to be sent back with everything that is not a read."""
    view: dict[str, Any] = {
        "accounts": people.accounts.active,
        "sign_on": people.signs_on,
        "zone": {"name": people.calendar.name, "label": people.calendar.label},
        "user": None,
    }
    if who is not None and not who.local:
        view["user"] = {
            "name": who.name,
            "role": who.role,
            "districts": who.districts,
            "permissions": sorted(who.permissions),
            "expires": rfc3339(who.expires),
            "csrf": who.csrf or "",
        }
    return view


def opened(people: People, session: Opened) -> Response:
    answer = personal(session_view(people, session.principal))
    people.cookies.give(answer, session.cookie, people.policy.longest_s)
    return answer


def personal(value: object, status: int = 200) -> Response:
    """An answer that no cache may keep."""
    return Response(msgspec.json.encode(value), status, media_type=JSON, headers=NO_STORE)


def _attempt(login: Callable[[], Opened]) -> Opened:
    try:
        return login()
    except LoginRefused as error:
        raise HTTPException(401, REFUSED) from error
    except LoginDelayed as error:
        wait = ceil(error.wait_s)
        raise HTTPException(429, f"too many attempts: wait {wait} s", {"Retry-After": str(wait)}) from error


def _session(app: FastAPI, people: People) -> None:
    @app.get("/api/v1/session", response_model=models_people.SessionOut)
    def session(who: Visitor) -> Response:
        return personal(session_view(people, who))

    @app.post(
        "/api/v1/session",
        response_model=models_people.SessionOut,
        responses=documented(401, 403, 409, 413, 422, 429, 503),
    )
    def login(wish: Annotated[models_people.LoginIn, Body()], request: Request, where: Address) -> Response:
        if not people.accounts.active:
            raise HTTPException(409, NO_ACCOUNTS)
        previous = people.cookies.of(request.headers)
        return opened(people, _attempt(lambda: people.accounts.login(wish.name, wish.password, where, previous)))

    @app.delete("/api/v1/session", status_code=204, responses=documented(401, 403, 413, 503))
    def logout(who: Who, where: Address) -> Response:
        people.accounts.logout(who, where)
        answer = Response(status_code=204, headers={"Clear-Site-Data": '"cache"'})
        people.cookies.take(answer)
        return answer


def _password(app: FastAPI, people: People) -> None:
    @app.post(
        "/api/v1/session/password",
        response_model=models_people.SessionOut,
        responses=documented(401, 403, 409, 413, 422, 429, 503),
    )
    def password(wish: Annotated[models_people.PasswordIn, Body()], who: Who, where: Address) -> Response:
        if who.session is None:
            raise HTTPException(409, "only a logged-in user changes his password")
        change = people.accounts.change_password
        return opened(people, _attempt(lambda: change(who, wish.current, wish.new, where)))


def _audit(app: FastAPI, people: People) -> None:
    verifying = Lock()

    @app.get("/api/v1/audit", response_model=models_people.AuditPage, responses=documented(401, 403, 422, 503))
    def audit(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        action: Annotated[str | None, Query(max_length=64)] = None,
        actor: Annotated[str | None, Query(max_length=128)] = None,
        what: Annotated[
            str | None, Query(alias="object", max_length=256, description="an incident's id, an account")
        ] = None,
        since: Annotated[Moment | None, Query()] = None,
        until: Annotated[Moment | None, Query()] = None,
    ) -> Response:
        query = AuditQuery(
            limit=limit + 1,
            before=before,
            action=action,
            actor=actor,
            object=what,
            since=since.timestamp() if since else None,
            until=until.timestamp() if until else None,
        )
        rows = people.audit.newest(query)
        more = rows[limit - 1].seq if len(rows) > limit else None
        items = [_shown(row) for row in rows[:limit]]
        return personal({"items": items, "next": more, "anchor": str(people.audit.ends()[1])})

    @app.get(
        "/api/v1/audit/export",
        response_class=Response,
        responses={200: {"content": {"application/jsonl": {}}}, **documented(401, 403, 503)},
    )
    def export(who: Who, where: Address) -> Response:
        people.store.note([(people.now(), who.name, "audit.export", "", where)])
        return StreamingResponse(_lines(people.audit), media_type="application/jsonl", headers=NO_STORE)

    @app.post(
        "/api/v1/audit/verify",
        response_model=models_reports.AuditVerified,
        responses=documented(401, 403, 413, 422, 429, 503),
    )
    def verify(wish: Annotated[models_reports.AuditVerifyIn, Body()], who: Who, where: Address) -> Response:
        if not verifying.acquire(blocking=False):
            raise HTTPException(429, "the chain is being verified already", {"Retry-After": "5"})
        try:
            found = verified(people.audit, wish.anchor)
        finally:
            verifying.release()
        people.store.note([(people.now(), who.name, "audit.verify", found["broken"] or "holds", where)])
        return personal(found)


def verified(audit: AuditStore, anchor: str | None) -> dict[str, Any]:
    """The whole chain, record by record; what somebody appends meanwhile is not looked at. Where its beginning goes
    meanwhile, because its time is over, it is looked at anew."""
    floor, head = audit.ends()
    found: dict[str, Any] = {
        "holds": True,
        "records": head.seq - floor.seq,
        "first": floor.seq + 1,
        "last": head.seq,
        "anchor": str(head),
        "broken": None,
        "seq": None,
    }
    records = takewhile(lambda record: record.seq <= head.seq, audit.records(floor.seq))
    try:
        verify_chain(records, floor, [head, *([parse_end(anchor)] if anchor else [])])
    except Broken as error:
        if audit.ends()[0].seq > floor.seq:
            return verified(audit, anchor)
        found |= {"holds": False, "broken": error.reason, "seq": error.seq}
    return found


def _lines(audit: AuditStore) -> Iterator[bytes]:
    for record in audit.records(audit.ends()[0].seq):
        yield msgspec.json.encode(record) + b"\n"


def _shown(record: Record) -> dict[str, Any]:
    view = msgspec.to_builtins(record)
    view["time"] = rfc3339(record.time / 1000)
    return dict(view)
