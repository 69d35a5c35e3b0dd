"""What every part of the API is given, and what its routes have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import HTTPException, Query
from fastapi import Path as UrlPath

from aggregator.api.people import JSON as JSON
from aggregator.api.people import NO_STORE as NO_STORE
from aggregator.api.people import People
from aggregator.config_page import BaseMap
from aggregator.core.access import Principal
from aggregator.core.lateness import Delay
from aggregator.core.people import Passwords
from aggregator.core.ports import Store
from aggregator.core.report_sheet import Printer
from aggregator.core.response import ResponseTargets
from aggregator.live import Live
from aggregator.reports import Reports
from aggregator.service import Service
from aggregator.sign_on import SignOn
from aggregator.views import shown_sites
from contract.ids import UUID7_PATTERN

Limit = Annotated[int, Query(ge=1, le=1000)]
# pydantic's regex engine knows no look-ahead, and needs none: its "$" is the very end.
UUID7 = UUID7_PATTERN
IncidentId = Annotated[str, UrlPath(pattern=UUID7)]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API shows. now: seconds since the epoch. metrics: Prometheus text. broker: whether it is connected.
    delay: how late events come. archive: the file of the map's tiles. hosts: names under which other machines reach it,
    once there are accounts."""

    service: Service
    store: Store
    live: Live
    now: Callable[[], float]
    metrics: Callable[[], bytes]
    broker: Callable[[], bool]
    people: People
    reports: Reports
    printer: Printer
    passwords: Passwords
    stopping: Callable[[], bool] = lambda: False
    stream_clients: int = 1000
    hosts: frozenset[str] = frozenset()
    sign_on: SignOn | None = None
    response: ResponseTargets = field(default_factory=ResponseTargets)
    map: BaseMap = field(default_factory=BaseMap)
    archive: Path | None = None
    delay: Callable[[], Delay] = Delay


def visible(store: Store, incident: str, who: Principal) -> bytes:
    """The incident's view, where there is one and `who` may see it; who may not is told that there is none."""
    view = store.incident_view(incident)
    if view is None or (who.sites is not None and not who.sees(shown_sites(view))):
        raise HTTPException(404, f"no incident {incident}")
    return view
