"""Routes for the list of accounts."""

from typing import Annotated

from fastapi import Body, FastAPI, HTTPException
from fastapi import Path as UrlPath
from starlette.responses import Response

from aggregator.api import models_people
from aggregator.api.access import Address, Who
from aggregator.api.people import People, personal
from aggregator.api.problems import documented
from aggregator.core.access import Principal
from aggregator.core.people import NAME_PATTERN, Passwords
from aggregator.roster import Roster, shown

Name = Annotated[str, UrlPath(pattern=NAME_PATTERN, max_length=64)]


def install(app: FastAPI, people: People, passwords: Passwords) -> None:
    def roster(who: Principal, where: str) -> Roster:
        return Roster(people.store, passwords, people.policy, people.now, who.name, where)

    @app.get("/api/v1/users", response_model=models_people.Users, responses=documented(401, 403, 503))
    def users() -> Response:
        items = [shown(user) for user in people.store.users()]
        return personal({"items": items, "districts": sorted(people.policy.districts)})

    @app.post(
        "/api/v1/users",
        response_model=models_people.UserOut,
        status_code=201,
        responses=documented(401, 403, 409, 413, 422, 503),
    )
    def add(wish: Annotated[models_people.UserIn, Body()], who: Who, where: Address) -> Response:
        if who.local:
            raise HTTPException(409, "the first account is made by command: jaga aggregator user add")
        return personal(shown(roster(who, where).add(wish.name, wish.role, wish.districts, wish.password)), 201)

    @app.post(
        "/api/v1/users/{name}",
        response_model=models_people.UserOut,
        responses=documented(401, 403, 404, 409, 413, 422, 503),
    )
    def change(name: Name, wish: Annotated[models_people.UserChange, Body()], who: Who, where: Address) -> Response:
        if people.store.user(name) is None:
            raise HTTPException(404, f"no account {name}")
        wanted = wish.model_dump(exclude_unset=True)
        return personal(shown(roster(who, where).change(name, **wanted)))
