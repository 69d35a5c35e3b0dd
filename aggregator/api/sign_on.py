"""Routes for logging in by OpenID Connect: to the provider and back. What goes wrong is said by the page."""

from typing import Annotated, Any

import structlog
from fastapi import FastAPI, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from aggregator.api.access import Address
from aggregator.api.guard import foreign
from aggregator.api.people import People
from aggregator.api.problems import documented
from aggregator.core.people import SignOnRefused
from aggregator.sign_on import FLOW_S, SignOn

log = structlog.get_logger()
ABSENT = "OpenID Connect is not configured"
_FOUND: dict[int | str, dict[str, Any]] = {303: {"description": "To the provider, or to the page."}}


def install(app: FastAPI, people: People, sign_on: SignOn | None) -> None:
    @app.get("/api/v1/oidc/login", status_code=303, response_class=Response, responses=_FOUND | documented(404))
    def login(request: Request, where: Address) -> Response:
        if sign_on is None:
            raise HTTPException(404, ABSENT)
        if foreign(request.headers):
            # A picture's address on somebody's page would begin logins unasked, and use up those of this address.
            log.warning("sign_on_refused", reason="foreign", detail=where)
            return RedirectResponse("/", 303)
        try:
            url, cookie = sign_on.begin(where)
        except SignOnRefused as error:
            return _back(error)
        answer = RedirectResponse(url, 303)
        # Lax, not Strict: the provider sends the browser back from another site. It opens nothing by itself.
        answer.set_cookie(
            people.cookies.sign_on,
            cookie,
            max_age=int(FLOW_S),
            secure=people.cookies.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    @app.get(
        "/api/v1/oidc/callback", status_code=303, response_class=Response, responses=_FOUND | documented(404, 422, 503)
    )
    def callback(
        request: Request,
        where: Address,
        state: Annotated[str, Query(max_length=512)] = "",
        code: Annotated[str, Query(max_length=4096)] = "",
    ) -> Response:
        if sign_on is None:
            raise HTTPException(404, ABSENT)
        cookie = request.cookies.get(people.cookies.sign_on)
        previous = people.cookies.of(request.headers)
        try:
            opened = sign_on.finish(cookie, state, code, where, previous)
        except SignOnRefused as error:
            answer = _back(error)
        else:
            answer = RedirectResponse("/", 303)
            people.cookies.give(answer, opened.cookie, people.policy.longest_s)
        answer.delete_cookie(people.cookies.sign_on, secure=people.cookies.secure, httponly=True, samesite="lax")
        return answer


def _back(error: SignOnRefused) -> Response:
    log.warning("sign_on_refused", reason=error.reason, detail=error.detail)
    return RedirectResponse(f"/#/login/{error.reason}", 303)
