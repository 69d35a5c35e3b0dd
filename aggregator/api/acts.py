"""Routes for what people do with incidents, and for what is around one."""

import threading
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Annotated

import msgspec
from fastapi import Body, Depends, FastAPI, HTTPException, Query, params
from starlette.responses import Response

from aggregator.api import models, models_acts
from aggregator.api.access import Who, actor
from aggregator.api.parts import JSON, UUID7, IncidentId, Parts, visible
from aggregator.api.problems import documented
from aggregator.core.actions import Deed, DeedRefused
from aggregator.core.care import Action
from aggregator.core.pace import Pace
from aggregator.core.people import User
from aggregator.nearby import linked, near, neighbours
from aggregator.views import shown_sites

STEPS_A_MINUTE = 240
"""Of one account: more than the quickest hands, and too few to drown the audit log."""
ACTED = documented(401, 403, 404, 409, 413, 422, 429, 503)
_ACT = "/api/v1/incidents/{incident}"


def install(app: FastAPI, parts: Parts) -> None:
    pace, lock = Pace(STEPS_A_MINUTE, 60.0), threading.Lock()

    def paced(who: Who) -> None:
        with lock:
            wait = pace.wait(who.name, parts.now())
        if wait > 0:
            again = str(max(1, ceil(wait)))
            raise HTTPException(429, f"{STEPS_A_MINUTE} steps a minute at most", {"Retry-After": again})

    slowly = [Depends(paced)]
    _steps(app, parts, slowly)
    _words(app, parts, slowly)
    _whose(app, parts, slowly)
    _events(app, parts, slowly)
    _around(app, parts)


def _deed(action: Action, wish: models_acts.DeedIn, who: Who, value: str = "") -> Deed:
    name, reason = actor(who, wish.actor), wish.reason.strip()
    return Deed(action=action, actor=name, value=value, reason=reason, seen=wish.seen)


def _shown(view: bytes) -> Response:
    return Response(view, media_type=JSON)


def _steps(app: FastAPI, parts: Parts, slowly: Sequence[params.Depends]) -> None:
    @app.post(f"{_ACT}/transition", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def transition(incident: IncidentId, wish: Annotated[models_acts.TransitionIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        return _shown(parts.service.act(incident, _deed("state", wish, who, wish.to)))

    @app.post(f"{_ACT}/take", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def take(incident: IncidentId, wish: Annotated[models_acts.DeedIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        return _shown(parts.service.act(incident, _deed("take", wish, who)))

    @app.post(f"{_ACT}/release", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def release(incident: IncidentId, wish: Annotated[models_acts.DeedIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        return _shown(parts.service.act(incident, _deed("release", wish, who)))

    @app.post(f"{_ACT}/undo", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def undo(incident: IncidentId, wish: Annotated[models_acts.UndoIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        name, reason = actor(who, wish.actor), wish.reason.strip()
        deed = Deed(action="undo", actor=name, value=str(wish.number), reason=reason)
        return _shown(parts.service.act(incident, deed))


def _words(app: FastAPI, parts: Parts, slowly: Sequence[params.Depends]) -> None:
    @app.post(f"{_ACT}/note", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def note(incident: IncidentId, wish: Annotated[models_acts.NoteIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        text = wish.text.strip()
        if not text:
            raise HTTPException(422, "text: a note has at least one visible character")
        deed = Deed(action="note", actor=actor(who, wish.actor), reason=text)
        return _shown(parts.service.act(incident, deed))

    @app.post(f"{_ACT}/severity", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def severity(incident: IncidentId, wish: Annotated[models_acts.SeverityIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        return _shown(parts.service.act(incident, _deed("severity", wish, who, wish.severity or "")))

    @app.post(f"{_ACT}/kind", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def kind(incident: IncidentId, wish: Annotated[models_acts.KindIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        return _shown(parts.service.act(incident, _deed("kind", wish, who, wish.kind or "")))


def _whose(app: FastAPI, parts: Parts, slowly: Sequence[params.Depends]) -> None:
    accounts = parts.people.accounts

    def able(sites: Iterable[str] | None) -> list[User]:
        if not accounts.active:
            raise DeedRefused("actions.no_accounts")
        return accounts.who_may("incident.act", sites)

    def named(name: str, sites: Iterable[str] | None) -> str:
        """A user who may act there; raises DeedRefused."""
        known = [user.name for user in able(sites)]
        if name not in known:
            raise DeedRefused("actions.assignee", name=name, known=", ".join(known[:20]) or "-")
        return name

    @app.get("/api/v1/assignees", response_model=models_acts.Assignees, responses=documented(401, 403, 404, 422, 503))
    def assignees(who: Who, incident: Annotated[str | None, Query(pattern=UUID7)] = None) -> Response:
        sites = shown_sites(visible(parts.store, incident, who)) if incident is not None else None
        found = able(sites) if accounts.active else []
        items = [{"name": user.name, "role": user.role} for user in found]
        return _shown(msgspec.json.encode({"items": items}))

    @app.post(f"{_ACT}/assign", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def assign(incident: IncidentId, wish: Annotated[models_acts.AssignIn, Body()], who: Who) -> Response:
        sites = shown_sites(visible(parts.store, incident, who))
        return _shown(parts.service.act(incident, _deed("assign", wish, who, named(wish.to, sites))))

    @app.post(
        "/api/v1/handover",
        response_model=models_acts.HandoverOut,
        responses=documented(401, 403, 409, 413, 422, 429, 503),
        dependencies=slowly,
    )
    def handover(wish: Annotated[models_acts.HandoverIn, Body()], who: Who) -> Response:
        to = named(wish.to, None)
        if to == who.name:
            raise DeedRefused("actions.yourself")
        deed = Deed(action="handover", actor=who.name, value=to, reason=wish.note.strip())
        views = parts.service.hand_over(deed, lambda sites: accounts.may(to, "incident.act", sites))
        owned = {True: list[bytes](), False: list[bytes]()}
        for view in views:
            owned[_owner.decode(view).owner == to].append(view)
        return _shown(b'{"handed":[%b],"kept":[%b]}' % (b",".join(owned[True]), b",".join(owned[False])))


class _Owner(msgspec.Struct):
    owner: str | None


_owner = msgspec.json.Decoder(_Owner)


def _events(app: FastAPI, parts: Parts, slowly: Sequence[params.Depends]) -> None:
    @app.post(f"{_ACT}/merge", response_model=models.IncidentOut, responses=ACTED, dependencies=slowly)
    def merge(incident: IncidentId, wish: Annotated[models_acts.MergeIn, Body()], who: Who) -> Response:
        """The older of the two goes on; the answer is that one."""
        for one in (incident, wish.other):
            visible(parts.store, one, who)
        return _shown(parts.service.merge(incident, wish.other, _deed("merge", wish, who, wish.other)))

    @app.post(f"{_ACT}/split", response_model=models_acts.SplitOut, responses=ACTED, dependencies=slowly)
    def split(incident: IncidentId, wish: Annotated[models_acts.SplitIn, Body()], who: Who) -> Response:
        visible(parts.store, incident, who)
        place = parts.store.event_place(wish.event) if who.sites is not None else None
        if who.sites is not None and (place is None or not who.sees(place[:1])):
            raise DeedRefused("actions.not_in_it")
        old, new = parts.service.split(incident, wish.event, _deed("split", wish, who))
        return _shown(b'{"incident":%b,"split":%b}' % (old, new))


def _around(app: FastAPI, parts: Parts) -> None:
    @app.get(f"{_ACT}/related", response_model=models_acts.RelatedOut, responses=documented(401, 403, 404, 422, 503))
    def related(incident: IncidentId, who: Who) -> Response:
        """What it comes from and led to, others near in place and time, and the nearest cameras with their latest
        picture."""
        view = visible(parts.store, incident, who)
        held = parts.service.incidents()
        shown = [one for one in (*linked(view, parts.store), *near(incident, held)) if who.sees(one.sites)]
        once = {one.id: one for one in reversed(shown)}
        cameras = [one for one in parts.service.cameras() if who.sees((one.site,))]
        body = {
            "incidents": [msgspec.to_builtins(one) for one in reversed(once.values())],
            "cameras": neighbours(view, cameras, parts.store),
        }
        return _shown(msgspec.json.encode(body))
