"""The live stream's route: what a snapshot holds, and what a heartbeat says of the server itself."""

from collections.abc import Callable
from functools import cache
from typing import Annotated

import msgspec
from fastapi import FastAPI, Header, HTTPException, Query
from starlette.responses import Response

from aggregator.api import judged
from aggregator.api.access import Who, note_use
from aggregator.api.parts import Parts
from aggregator.api.problems import documented
from aggregator.api.snapshot import SharedSnapshot
from aggregator.api.stream import EventStream, Reader, Waker
from aggregator.core.states import CLOSED, STATES
from aggregator.views import camera_view, delay_view, districts_view, response_view, rfc3339, silence_view

SNAPSHOT_CLOSED = 500
SNAPSHOT_OPEN = 20_000
_OPEN = tuple(state for state in STATES if state not in CLOSED)
_CLOSED = tuple(sorted(CLOSED))


def install(app: FastAPI, parts: Parts, waker: Waker) -> None:
    accounts = parts.people.accounts

    @cache
    def shared(sites: frozenset[str] | None) -> SharedSnapshot:
        """One for all who may see the same; there are as many as the config has combinations of districts in use."""
        return SharedSnapshot(lambda: _snapshot(parts, sites), lambda: parts.live.last)

    @app.get(
        "/api/v1/stream",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {}}}, **documented(401, 403, 422, 503)},
    )
    async def stream(
        who: Who,
        last_event_id: Annotated[str | None, Header()] = None,
        after: Annotated[str | None, Query(max_length=128)] = None,
    ) -> Response:
        """after: as Last-Event-ID, for a page that opens the stream anew; the header counts where both are there."""
        if waker.clients >= parts.stream_clients:
            raise HTTPException(503, "too many live streams", {"Retry-After": "10"})
        sees = None if who.sites is None else who.sees
        desk = None if who.sites is None else lambda: judged.desk_of(parts.service.desk, who.sites)
        reader = Reader(sees, lambda: accounts.unchanged(who), lambda: note_use(accounts, who), desk)
        place = last_event_id or after
        return EventStream(parts.live, waker, shared(who.sites), _beat(parts), place, parts.stopping, reader)


def _beat(parts: Parts) -> Callable[[], bytes]:
    return lambda: b"{%b}" % _now(parts)


def _now(parts: Parts) -> bytes:
    """What is true of the server at this moment, as members of a JSON object."""
    time, broker = (msgspec.json.encode(one) for one in (rfc3339(parts.now()), parts.broker()))
    return b'"time":%b,"broker":%b,"delay":%b' % (time, broker, delay_view(parts.delay()))


def _snapshot(parts: Parts, sites: frozenset[str] | None) -> bytes:
    """sites: those that the reader may see; None: everything."""
    views = [view for _, view in parts.store.incident_views(states=_OPEN, limit=SNAPSHOT_OPEN, sites=sites)]
    views += [view for _, view in parts.store.incident_views(states=_CLOSED, limit=SNAPSHOT_CLOSED, sites=sites)]
    cameras = b",".join(
        camera_view(camera) for camera in parts.service.cameras() if sites is None or camera.site in sites
    )
    now = parts.now()
    silences = b",".join(
        silence_view(one)
        for one in parts.store.silences(now)
        if one.until > now and (sites is None or one.site is None or one.site in sites)
    )
    return b'{"incidents":[%b],"cameras":[%b],"silences":[%b],"desk":%b,"response":%b,"districts":%b,"map":%b,%b}' % (
        b",".join(views),
        cameras,
        silences,
        judged.desk_of(parts.service.desk, sites),
        response_view(parts.response),
        districts_view(parts.people.policy.districts, sites),
        msgspec.json.encode(parts.map),
        _now(parts),
    )
