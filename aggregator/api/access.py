"""Who asks, and whether he may: the table of aggregator.core.access, kept before any route is reached.

While there are no accounts everybody who reaches the server, which then is on loopback, is `LOCAL`. With accounts a
request speaks for the session of its cookie or for the API token of its Authorization header. The cookie is
SameSite=Strict, and whoever wants more than to read with it also has to send the session's token in X-CSRF-Token, which
only the page itself can know.
"""

import hmac
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aggregator.accounts import Accounts
from aggregator.api.guard import READS
from aggregator.api.problems import problem
from aggregator.core.access import LOCAL, Need, Principal, needed
from aggregator.core.errors import StoreError

CSRF_HEADER = "x-csrf-token"
_PRINCIPAL = "jaga.principal"


@dataclass(frozen=True, slots=True)
class Cookies:
    """secure: where the page is reached by TLS. The prefix makes browsers refuse it from anywhere else."""

    secure: bool = False

    @property
    def session(self) -> str:
        return "__Host-jaga" if self.secure else "jaga"

    @property
    def sign_on(self) -> str:
        """Holds an OpenID Connect login together while the browser is at the provider."""
        return "__Host-jaga-oidc" if self.secure else "jaga-oidc"

    def of(self, headers: Headers) -> str | None:
        return cookie_parser(headers.get("cookie", "")).get(self.session)

    def give(self, response: Response, value: str, longest_s: float) -> None:
        response.set_cookie(
            self.session, value, max_age=int(longest_s), secure=self.secure, httponly=True, samesite="strict", path="/"
        )

    def take(self, response: Response) -> None:
        response.delete_cookie(self.session, secure=self.secure, httponly=True, samesite="strict", path="/")


class Access:
    """ASGI middleware, inside the Guard."""

    def __init__(self, app: ASGIApp, accounts: Accounts, cookies: Cookies) -> None:
        self._app, self._accounts, self._cookies = app, accounts, cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            refused = await self._admit(scope)
        except StoreError as error:
            refused = problem(503, "The store cannot be read now", str(error), {"Retry-After": "5"})
        await (self._app if refused is None else refused)(scope, receive, send)

    async def _admit(self, scope: Scope) -> Response | None:
        """Writes into `scope` who asks. The answer to a request that may not go on, or None."""
        if not self._accounts.active:
            scope[_PRINCIPAL] = LOCAL
            return None
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        need = needed(method, path)
        if need == "anybody" and not path.startswith("/api"):
            return None  # the page's files and the health check look at no account
        who = self._who(headers)
        refused = _refusal(need, who, method, headers)
        if refused is None and who is not None:
            scope[_PRINCIPAL] = who
            await note_use(self._accounts, who)
        return refused

    def _who(self, headers: Headers) -> Principal | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if token:
            return self._accounts.bearer(token.strip()) if kind.lower() == "bearer" else None
        cookie = self._cookies.of(headers)
        return self._accounts.resume(cookie) if cookie else None


async def note_use(accounts: Accounts, who: Principal) -> None:
    """That a session is in use, about once a minute. A full disk must not shut out who only looks."""
    if accounts.due(who):
        with suppress(StoreError):
            await run_in_threadpool(accounts.used, who)


def _refusal(
    need: Need | tuple[str, ...] | None, who: Principal | None, method: str, headers: Headers
) -> Response | None:
    """The answer to a request that may not go on, or None."""
    if isinstance(need, tuple):
        return problem(405, "Method Not Allowed", "Method Not Allowed", {"Allow": ", ".join(need)})
    if need is None and who is not None:
        return problem(404, "Not Found", "Not Found")
    if need != "anybody" and who is None:
        return problem(401, "Not logged in", "log in first", {"WWW-Authenticate": "Bearer"})
    if who is not None and who.csrf is not None and method not in READS and not _from_the_page(need, who, headers):
        return problem(403, "Refused", f"the header {CSRF_HEADER} is missing or wrong: load the page again")
    if need in ("anybody", "anybody logged in") or (who is not None and need in who.permissions):
        return None
    return problem(403, "Not allowed", f"your role does not include {need}", needs=need)


def _from_the_page(need: Need | tuple[str, ...] | None, who: Principal, headers: Headers) -> bool:
    """A login replaces whatever session there was, and proves itself with a password."""
    sent = headers.get(CSRF_HEADER, "")
    return need == "anybody" or hmac.compare_digest(sent.encode(), (who.csrf or "").encode())


def principal(request: Request) -> Principal:
    """Who asks, in a route that needs somebody."""
    who: Principal | None = request.scope.get(_PRINCIPAL)
    assert who is not None, "a route that is open to anybody asks for somebody"
    return who


def visitor(request: Request) -> Principal | None:
    """Who asks, in a route that is open to anybody."""
    who: Principal | None = request.scope.get(_PRINCIPAL)
    return who


def actor(who: Principal, otherwise: str) -> str:
    """In whose name something is noted. otherwise: while there are no accounts."""
    return otherwise if who.local else who.name


def address(request: Request) -> str:
    """Where the request comes from: a proxy's word where http.proxies trusts it."""
    return request.client.host if request.client else "unknown"


Who = Annotated[Principal, Depends(principal)]
Visitor = Annotated[Principal | None, Depends(visitor)]
Address = Annotated[str, Depends(address)]
