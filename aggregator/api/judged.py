"""Routes for what raised no alarm, silences, what verdicts have shown, and how the desk is arranged."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Body, FastAPI, HTTPException, Query
from fastapi import Path as UrlPath
from starlette.responses import Response

from aggregator.api import models
from aggregator.api.access import Who, actor
from aggregator.api.parts import JSON, UUID7, Limit, Parts
from aggregator.api.problems import documented
from aggregator.core.ports import SuppressedQuery
from aggregator.core.silences import Silence
from aggregator.core.suppression import Reason
from aggregator.desk import DeskView
from aggregator.judges import SilenceWish
from aggregator.views import desk_view, judged_view, silence_properties, silence_view, suppressed_view
from contract.kinds import Kind

SilenceId = Annotated[str, UrlPath(pattern=UUID7)]
Name = Annotated[str | None, Query(max_length=64)]
Time = Annotated[models.Moment | None, Query()]
_CURSOR = r"^[0-9]{1,12}(\.[0-9]{1,9})?_[0-9]{1,18}$"


def install(app: FastAPI, parts: Parts) -> None:
    _suppressed(app, parts)
    _silences(app, parts)

    @app.get("/api/v1/precision", response_model=models.PrecisionPage, responses=documented(401, 403))
    def precision(who: Who) -> Response:
        items = [judged_view(one) for one in parts.service.judged() if who.sees((one.site,))]
        return Response(msgspec.json.encode({"items": items}), media_type=JSON)

    @app.get("/api/v1/desk", response_model=models.DeskOut, responses=documented(401, 403))
    def desk(who: Who) -> Response:
        now = parts.service.desk.now
        own = now.own if who.sites is None else ()  # ids of the whole city
        view = msgspec.json.decode(desk_of(parts.service.desk, who.sites))
        return Response(msgspec.json.encode({**view, "own": own}), media_type=JSON)


def _suppressed(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/v1/suppressed", response_model=models.SuppressedPage, responses=documented(401, 403, 422))
    def suppressed(
        who: Who,
        reason: Annotated[Reason | None, Query()] = None,
        site: Name = None,
        camera: Name = None,
        kind: Annotated[Kind | None, Query()] = None,
        since: Time = None,
        until: Time = None,
        before: Annotated[str | None, Query(pattern=_CURSOR)] = None,
        limit: Limit = 100,
    ) -> Response:
        time, _, number = (before or "").partition("_")
        query = SuppressedQuery(
            reason=reason,
            site=site,
            camera=camera,
            kind=kind,
            since=_seconds(since),
            until=_seconds(until),
            before=(float(time), int(number)) if before else None,
            limit=limit + 1,
        )
        rows = parts.store.suppressed(query)
        last = rows[limit - 1] if len(rows) > limit else None
        body = {
            "items": [suppressed_view(one) for one in rows[:limit] if who.sees((one.site,))],
            "next": f"{last.time:.6f}_{last.id}" if last else None,
        }
        return Response(msgspec.json.encode(body), media_type=JSON)


def _silences(app: FastAPI, parts: Parts) -> None:
    @app.get("/api/v1/silences", response_model=models.SilencePage, responses=documented(401, 403, 422))
    def silences(who: Who, past: Annotated[bool, Query()] = False) -> Response:
        now = parts.now()
        found = parts.store.silences(0.0 if past else now)

        def concerns(one: Silence) -> bool:
            """What holds in the whole city holds in each district."""
            return one.site is None or who.sees((one.site,))

        items = [silence_properties(one) for one in found if (past or one.until > now) and concerns(one)]
        return Response(msgspec.json.encode({"items": items}), media_type=JSON)

    @app.post(
        "/api/v1/silences",
        status_code=201,
        response_model=models.SilenceOut,
        responses=documented(401, 403, 409, 413, 422, 503),
    )
    def silence(wish: Annotated[models.SilenceIn, Body()], who: Who) -> Response:
        if not who.sees((wish.site,) if wish.site else ()):
            raise HTTPException(403, "you may silence within your districts: name one of their sites")
        made = parts.service.silence(
            SilenceWish(
                actor=actor(who, wish.actor),
                reason=wish.reason,
                expires=wish.expires.timestamp(),
                starts=_seconds(wish.starts),
                maintenance=wish.maintenance,
                site=wish.site,
                camera=wish.camera,
                kind=wish.kind,
                zone=wish.zone,
                rule=wish.rule,
            )
        )
        return Response(silence_view(made), 201, media_type=JSON)

    @app.post(
        "/api/v1/silences/{silence}/end",
        response_model=models.SilenceOut,
        responses=documented(401, 403, 404, 413, 422, 503),
    )
    def end(silence: SilenceId, wish: Annotated[models.SilenceEndIn, Body()], who: Who) -> Response:
        if who.sites is not None and not any(
            one.id == silence and one.site in who.sites for one in parts.store.silences(parts.now())
        ):
            raise HTTPException(404, f"no silence {silence}")
        ended = parts.service.end_silence(silence, actor(who, wish.actor))
        return Response(silence_view(ended), media_type=JSON)


def desk_of(desk: DeskView, sites: frozenset[str] | None) -> bytes:
    """The desk as who is limited to these sites sees it: the load is the city's, the summaries are his."""
    if sites is None:
        return desk.view
    view = desk_view(desk.now)
    view["summaries"] = [one for one in view["summaries"] if one["site"] in sites]
    return msgspec.json.encode(view)


def _seconds(time: datetime | None) -> float | None:
    return time.timestamp() if time is not None else None
