"""Which requests are looked at at all: those of pages of this very server, and of programs.

Against DNS rebinding, the Host header has to name a loopback address, or with accounts the host of http.public_url.
Against cross-site requests, anything but a read has to come from the same origin (Origin, Sec-Fetch-Site) and as JSON,
which no foreign form can send. Who asks, and whether he may, is aggregator.api.access's business.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.api.problems import problem

MAX_BODY_BYTES = 65_536
"""Of a request; what the API takes is a few hundred."""
_TOO_LARGE = f"the body may have {MAX_BODY_BYTES} bytes at most"
HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
READS = frozenset({"GET", "HEAD", "OPTIONS"})


def content_security_policy(origins: Iterable[str] = ()) -> str:
    """MapLibre GL runs its workers from blobs and sets inline styles. origins: where the map that is configured loads
    from, as scheme and host; nothing is ever loaded from elsewhere, and no script from anywhere but here."""
    more = "".join(f" {origin}" for origin in origins)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{more}",
            "media-src blob:",
            f"connect-src 'self'{more}",
            "font-src 'self'",
            "worker-src 'self' blob:",
            "child-src blob:",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def refusal(method: str, headers: Headers, hosts: Collection[str] = HOSTS) -> str | None:
    """Why the request is refused, or None."""
    host = headers.get("host", "")
    name = urlsplit(f"//{host}").hostname
    if name not in hosts:
        return f"host {host!r} is not this machine"
    if method in READS:
        return None
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return f"origin {origin!r} is not this server"
    if foreign(headers):
        return "the request comes from another site"
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return "the body has to be application/json"
    return None


def foreign(headers: Headers) -> bool:
    """Whether the browser says that another site's page is behind the request; programs say nothing of it."""
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


class Guard:
    """ASGI middleware: refuses what `refusal` says with 403, and adds the security headers to every answer. secure: the
    page is reached by TLS. origins: as in `content_security_policy`."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Callable[[], Collection[str]] = lambda: HOSTS,
        secure: bool = False,
        origins: Iterable[str] = (),
    ) -> None:
        self._app, self._hosts = app, hosts
        policy = (b"content-security-policy", content_security_policy(origins).encode())
        self._headers = (policy, *_HEADERS, *((STRICT_TRANSPORT,) if secure else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(send, self._headers)
        try:
            reason = refusal(scope["method"], Headers(scope=scope), self._hosts())
        except ValueError:
            reason = "unreadable Host or Origin header"
        if reason is not None:
            await problem(403, "Refused", reason)(scope, receive, guarded)
        elif _too_large(Headers(scope=scope)):
            await problem(413, _TOO_LARGE, _TOO_LARGE)(scope, receive, guarded)
        else:
            await self._app(scope, _counted(receive), guarded)


def _too_large(headers: Headers) -> bool:
    """By what is announced; what comes in pieces is counted where it is read."""
    length = headers.get("content-length", "0")
    return not length.isascii() or not length.isdigit() or len(length) > 9 or int(length) > MAX_BODY_BYTES


def _counted(receive: Receive) -> Receive:
    """Raises HTTPException to whoever reads the body beyond its limit."""
    got = 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return counted


def _with_headers(send: Send, headers: Iterable[tuple[bytes, bytes]]) -> Callable[[Message], Awaitable[None]]:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *headers]}
        await send(message)

    return guarded
