"""What the API shows around an incident: where it comes from, what is near, and which cameras may show it, too."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from aggregator.core.incident import Incident
from aggregator.core.liveness import Camera
from aggregator.core.near import Neighbour, around, cameras_near
from aggregator.core.ports import Store
from aggregator.views import rfc3339
from contract.events import Location


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """See aggregator.api.models_acts.Related."""

    id: str
    kind: str
    state: str
    severity: str
    started: str | None
    sites: tuple[str, ...]
    relation: str = "near"
    owner: str | None = None
    distance_m: float | None = None
    gap_s: float | None = None
    alike: bool = True


class _Origin(msgspec.Struct):
    id: str
    previous: str | None = None
    split_from: str | None = None
    merged_into: str | None = None


class _Where(msgspec.Struct):
    location: Location | None = None


def linked(view: bytes, store: Store) -> list[Near]:
    """Those that an incident comes from and that came from it, the oldest first."""
    own = msgspec.json.decode(view, type=_Origin)
    found = []
    for relation, other in (("previous", own.previous), ("split_from", own.split_from)):
        origin = store.incident_view(other) if other is not None else None
        if origin is not None:
            found.append(_brief(origin, relation))
    for _, other_view in store.followers(own.id):
        came = msgspec.json.decode(other_view, type=_Origin)
        relation = "merged" if came.merged_into == own.id else "next" if came.previous == own.id else "split_off"
        found.append(_brief(other_view, relation))
    return sorted(found, key=lambda one: one.id)


def near(incident: str, held: Sequence[Incident]) -> list[Near]:
    """Of those in memory."""
    one = next((each for each in held if each.id == incident), None)
    return [] if one is None else [_near(each) for each in around(one, held)]


def neighbours(view: bytes, cameras: Iterable[Camera], store: Store) -> list[dict[str, Any]]:
    """The nearest cameras, each with its latest picture."""
    place = msgspec.json.decode(view, type=_Where).location
    found = cameras_near(place, cameras) if place is not None else []
    pictures = store.latest_pictures([camera.key for camera, _ in found])
    shown = []
    for camera, distance in found:
        sha256, received = pictures.get(camera.key, (None, None))
        shown.append(
            {
                "site": camera.site,
                "camera": camera.id,
                "name": camera.name,
                "state": camera.state,
                "distance_m": round(distance, 1),
                "snapshot": sha256,
                "received": rfc3339(received),
            }
        )
    return shown


def _brief(view: bytes, relation: str) -> Near:
    return msgspec.structs.replace(msgspec.json.decode(view, type=Near), relation=relation)


def _near(one: Neighbour) -> Near:
    incident = one.incident
    return Near(
        id=incident.id,
        kind=incident.kind,
        state=incident.state,
        severity=incident.severity,
        started=rfc3339(incident.started),
        sites=tuple(sorted({source.site for source in incident.sources})),
        owner=incident.care.owner,
        distance_m=None if one.distance_m is None else round(one.distance_m, 1),
        gap_s=round(one.gap_s, 1),
        alike=one.alike,
    )
