"""Errors as application/problem+json (RFC 9457)."""

from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aggregator.api.models import Problem
from aggregator.clips import UnknownEvent
from aggregator.core.actions import DeedRefused
from aggregator.core.care import Act
from aggregator.core.errors import StoreError
from aggregator.core.incident import Incident, TransitionRefused
from aggregator.core.silences import SilenceRefused
from aggregator.service import UnknownIncident, UnknownSilence
from aggregator.views import act_view, incident_view
from contract.errors import JagaError

MEDIA_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(msgspec.json.encode(body), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`."""
    return {status: {"model": Problem, "content": {MEDIA_TYPE: {}}} for status in statuses}


def install(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(TransitionRefused, _refused)
    app.add_exception_handler(DeedRefused, _deed_refused)
    app.add_exception_handler(UnknownIncident, _unknown)
    app.add_exception_handler(UnknownSilence, _unknown_silence)
    app.add_exception_handler(UnknownEvent, _unknown_event)
    app.add_exception_handler(SilenceRefused, _silence_refused)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(JagaError, _wished)
    app.add_exception_handler(Exception, _unforeseen)


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), str(error.detail), headers)


def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    where = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in errors)
    return problem(422, "Unusable request", where)


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TransitionRefused)
    detail = f"{error.state} cannot become {error.to}"
    act = error.incident.care.last if error.incident is not None else None
    return problem(409, "Transition not allowed", detail, allowed=list(error.allowed), **_now(error.incident, act))


def _deed_refused(_request: Request, error: Exception) -> Response:
    """As `_wished`, with who was in the way and the incident as it is now."""
    assert isinstance(error, DeedRefused)
    values = {name: str(value) for name, value in error.values.items()}
    more = _now(error.incident, error.act)
    return problem(409, "Not possible", str(error), code=error.key, values=values, **more)


def _now(one: Incident | None, act: Act | None) -> dict[str, Any]:
    shown = msgspec.Raw(incident_view(one)) if one is not None else None
    return {"act": act_view(act), "incident": shown}


def _unknown(_request: Request, error: Exception) -> Response:
    return problem(404, "Not found", f"no incident {error.args[0]}")


def _unknown_silence(_request: Request, error: Exception) -> Response:
    return problem(404, "Not found", f"no silence {error.args[0]}")


def _unknown_event(_request: Request, error: Exception) -> Response:
    return problem(404, "Not found", f"no event {error.args[0]}")


_REFUSALS = {
    "empty": "a silence names a site or a kind",
    "no_site": "a camera or a zone belongs to a site: name it, too",
    "no_camera": "a rule belongs to a camera: name it, too",
    "ends_early": "it would be over before it begins",
    "too_long": "seven days at most",
}


def _silence_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SilenceRefused)
    return problem(409, "Unusable silence", _REFUSALS[error.why])


def _unforeseen(_request: Request, _error: Exception) -> Response:
    """The traceback is in the log, where it belongs."""
    return problem(500, "Something unforeseen happened", "the aggregator's log says what")


def _wished(_request: Request, error: Exception) -> Response:
    """code, values: of the catalogue, so that the page can say it in the reader's language."""
    assert isinstance(error, JagaError)
    values = {name: str(value) for name, value in error.values.items()}
    return problem(409, "Not possible", str(error), code=error.key, values=values)


def _store(_request: Request, error: Exception) -> Response:
    return problem(503, "The store does not take anything now", str(error), {"Retry-After": "5"})
