"""The HTTP API: thin routes over the service and the store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, HTTPException, Query
from fastapi import Path as UrlPath
from starlette.responses import Response

from aggregator.api import acts, basemap, judged, models, pages, people, reference, reports, sign_on, users, watch
from aggregator.api.access import Access, Address, Who, actor
from aggregator.api.guard import HOSTS, Guard
from aggregator.api.parts import JSON, NO_STORE, UUID7, IncidentId, Limit, Parts, visible
from aggregator.api.problems import documented, install
from aggregator.api.stream import Waker
from aggregator.core.states import State
from aggregator.views import camera_feature, change_view, rfc3339
from contract.kinds import Kind

QUARANTINED_SHOWN = 8_192
"""Bytes of a refused message that the API shows; the store keeps more."""
NO_TELEMETRY: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
"""Whatever the environment says: FastAPI would send spans and logs to any collector that is named there."""

EventId = Annotated[str, UrlPath(pattern=UUID7)]
Hash = Annotated[str, UrlPath(pattern="^[0-9a-f]{64}$")]


def create_app(parts: Parts, static: Path = pages.STATIC) -> FastAPI:
    """`app.state.waker.clients` counts the live streams."""
    waker = Waker(parts.live)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        waker.bind(asyncio.get_running_loop())
        yield

    app = FastAPI(
        title="Jaga aggregator",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    app.state.waker = waker
    accounts, everywhere = parts.people.accounts, HOSTS | parts.hosts
    app.add_middleware(Access, accounts=accounts, cookies=parts.people.cookies)
    secure = parts.people.cookies.secure
    app.add_middleware(
        Guard, hosts=lambda: everywhere if accounts.active else HOSTS, secure=secure, origins=parts.map.origins
    )
    install(app)
    _incidents(app, parts)
    acts.install(app, parts)
    _cameras(app, parts)
    judged.install(app, parts)
    reports.install(app, parts)
    watch.install(app, parts, waker)
    basemap.install(app, parts)
    _machine(app, parts)
    people.install(app, parts.people)
    users.install(app, parts.people, parts.passwords)
    sign_on.install(app, parts.people, parts.sign_on)
    reference.install(app)
    pages.mount(app, static)
    return app


class _EventSite(msgspec.Struct):
    site: str


class _EventData(msgspec.Struct):
    id: str
    data: _EventSite


_event_of = msgspec.json.Decoder(_EventData)


def _incidents(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/v1/incidents", response_model=models.Page, responses=documented(401, 403, 422))
    def incidents(
        who: Who,
        state: Annotated[State | None, Query()] = None,
        kind: Annotated[Kind | None, Query()] = None,
        limit: Limit = 100,
        before: Annotated[str | None, Query(pattern=UUID7)] = None,
    ) -> Response:
        states = (state,) if state else ()
        rows = parts.store.incident_views(states=states, kind=kind, before=before, limit=limit + 1, sites=who.sites)
        more = rows[limit - 1][0] if len(rows) > limit else None
        body = (
            b'{"items":['
            + b",".join(view for _, view in rows[:limit])
            + b'],"next":'
            + msgspec.json.encode(more)
            + b"}"
        )
        return Response(body, media_type=JSON)

    @app.get(
        "/api/v1/incidents/{incident}", response_model=models.IncidentDetail, responses=documented(401, 403, 404, 422)
    )
    def incident(incident: IncidentId, who: Who) -> Response:
        view = visible(parts.store, incident, who)
        rows = [
            (_event_of.decode(raw), raw, score, reasons)
            for raw, score, reasons in parts.store.incident_events(incident)
        ]
        clips = parts.store.clips([event.id for event, *_ in rows])
        events = [
            b'{"event":%b,"link":{"score":%b,"reasons":%b},"clip":%b}'
            % (raw, msgspec.json.encode(score), reasons.encode(), msgspec.json.encode(clips.get(event.id)))
            for event, raw, score, reasons in rows
            if who.sites is None or who.sees((event.data.site,))
        ]
        changes = msgspec.json.encode([change_view(change) for change in parts.store.changes(incident)])
        quiet = msgspec.json.encode(parts.store.suppressed_by(incident))
        body = b'%b,"events":[%b],"changes":%b,"suppressed":%b}' % (view[:-1], b",".join(events), changes, quiet)
        return Response(body, media_type=JSON)


def _cameras(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/v1/cameras", response_model=models.Features, responses=documented(401, 403))
    def cameras(who: Who) -> Response:
        features = [camera_feature(camera) for camera in parts.service.cameras() if who.sees((camera.site,))]
        return Response(msgspec.json.encode({"type": "FeatureCollection", "features": features}), media_type=JSON)

    @app.get(
        "/api/v1/evidence/{sha256}",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}, "video/mp4": {}}}, **documented(401, 403, 404, 422, 503)},
    )
    def evidence(sha256: Hash, who: Who, where: Address) -> Response:
        hidden = who.sites is not None and not who.sees((parts.store.evidence_site(sha256) or "",))
        found = None if hidden else parts.service.look(sha256, actor(who, where), "" if who.local else where)
        if found is None:
            raise HTTPException(404, f"no picture {sha256}", NO_STORE)
        content, media = found
        # No cache may answer in our place: each look is noted.
        return Response(content, media_type=media, headers=NO_STORE)

    @app.post(
        "/api/v1/events/{event}/clip",
        status_code=202,
        response_model=models.ClipOut,
        responses={200: {"model": models.ClipOut}, **documented(401, 403, 404, 409, 422, 503)},
    )
    def clip(event: EventId, who: Who, where: Address) -> Response:
        place = parts.store.event_place(event)
        if place is None or not who.sees((place[0],)):
            raise HTTPException(404, f"no event {event}")
        told = parts.service.clip(event, actor(who, where), "" if who.local else where)
        return Response(msgspec.json.encode(told), 200 if told.state == "here" else 202, media_type=JSON)

    @app.get("/api/v1/quarantine", response_model=models.Quarantine, responses=documented(401, 403, 422))
    def quarantine(who: Who, limit: Limit = 100) -> Response:
        items = [
            {
                "id": row.id,
                "received": rfc3339(row.received),
                "topic": row.topic,
                "error": row.error,
                "field": row.field,
                "detail": row.detail,
                "payload": row.payload[:QUARANTINED_SHOWN].decode("utf-8", "replace"),
            }
            for row in parts.store.quarantine(limit)
            if who.sites is None or who.sees(row.topic.split("/")[2:3])
        ]
        return Response(msgspec.json.encode({"items": items}), media_type=JSON)


def _machine(app: FastAPI, parts: Parts) -> None:
    @app.get(
        "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **documented(401, 403)}
    )
    def metrics() -> Response:
        return Response(parts.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/healthz", response_model=models.Health)
    def healthz() -> dict[str, Any]:
        broker = parts.broker()
        return {"status": "ok" if broker else "degraded", "broker": broker}
