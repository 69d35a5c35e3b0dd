"""What the API and the live stream show of the core's values: JSON bytes, encoded once for everybody."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from aggregator.core.care import UNDO_S, Act
from aggregator.core.incident import Change, Incident, Source
from aggregator.core.lateness import Delay
from aggregator.core.linking import Trail
from aggregator.core.liveness import Camera
from aggregator.core.load import Desk
from aggregator.core.movement import path
from aggregator.core.ports import SuppressedSeen
from aggregator.core.precision import Judged
from aggregator.core.response import ResponseTargets
from aggregator.core.silences import Silence
from aggregator.core.states import allowed

_encoder = msgspec.json.Encoder()


class _Shown(msgspec.Struct):
    sites: tuple[str, ...]


_shown = msgspec.json.Decoder(_Shown)


@lru_cache(maxsize=32_768)
def rfc3339(seconds: float | None) -> str | None:
    """UTC with milliseconds and "Z"; None stays None. An incident that goes on is shown again and again, and most of
    its times stay."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sites_of(one: Incident) -> tuple[str, ...]:
    if len(one.sources) == 1:  # as most
        return (one.sources[0].site,)
    return tuple(sorted({source.site for source in one.sources}))


def shown_sites(view: bytes) -> tuple[str, ...]:
    """Where the incident of a view lies."""
    return _shown.decode(view).sites


def gone_view(incidents: Mapping[str, int]) -> bytes:
    """Incidents that the reader may not see any more, or that are past their time: id to the revision then."""
    return _encoder.encode({"incidents": incidents})


def incident_view(one: Incident, trails: Iterable[Trail] = ()) -> bytes:
    view: dict[str, Any] = {
        "id": one.id,
        "kind": one.kind,
        "state": one.state,
        "severity": one.severity,
        "confidence": round(one.confidence, 3),
        "started": rfc3339(one.started),
        "ended": rfc3339(one.ended),
        "last_event": rfc3339(one.last_event),
        "updated": rfc3339(one.updated),
        "location": one.location,
        "path": [{"lat": at.lat, "lon": at.lon, "time": rfc3339(at.time)} for at in path(trails)],
        "sites": sites_of(one),
        "cameras": [source.camera for source in one.sources],
        "sources": len(one.sources),
        "event_count": one.event_count,
        "delayed": one.delayed,
        "zones": one.zones,
        "snapshot": one.snapshot,
        "previous": one.previous,
        "merged_into": one.merged_into,
        "allowed": () if one.merged_into else allowed(one.state),
        "opened": rfc3339(one.opened),
        "raised": one.raised,
        "reports": one.reports,
        "doubts": one.doubts,
        "told": round(one.told, 3),
        "witnesses": [_witness(source) for source in one.sources],
        "why": one.why,
        "subjects": one.subjects,
        "revision": one.revision,
        "owner": one.care.owner,
        "handed_by": one.care.handed_by,
        "acted": one.care.count,
        "last_act": act_view(one.care.last),
        "split_from": one.split_from,
        "told_kind": one.told_kind,
        "told_severity": one.told_severity,
    }
    return _encoder.encode(view)


def act_view(act: Act | None) -> dict[str, Any] | None:
    """undo_until: until when who made it can take it back, null where it cannot be."""
    if act is None:
        return None
    return {
        "number": act.number,
        "action": act.action,
        "actor": act.actor,
        "time": rfc3339(act.time),
        "to": act.after,
        "detail": act.detail,
        "undo_until": rfc3339(act.time + UNDO_S) if act.before is not None else None,
    }


def _witness(source: Source) -> dict[str, Any]:
    """What a source said, and what of it counts by the verdicts on its camera."""
    return {
        "site": source.site,
        "camera": source.camera,
        "kind": source.kind,
        "told": source.confidence if source.told is None else source.told,
        "counts": round(source.confidence, 3),
        "precision": source.precision,
        "verdicts": source.verdicts,
    }


def suppressed_view(one: SuppressedSeen) -> dict[str, Any]:
    return {
        "event": one.event,
        "reason": one.reason,
        "by": one.by,
        "detail": one.detail,
        "incident": one.incident,
        "site": one.site,
        "camera": one.camera,
        "kind": one.kind,
        "severity": one.severity,
        "phase": one.phase,
        "time": rfc3339(one.time),
        "received": rfc3339(one.received),
        "count": one.count,
    }


def silence_properties(one: Silence) -> dict[str, Any]:
    return {
        "id": one.id,
        "actor": one.actor,
        "reason": one.reason,
        "maintenance": one.maintenance,
        "site": one.site,
        "camera": one.camera,
        "kind": one.kind,
        "zone": one.zone,
        "rule": one.rule,
        "created": rfc3339(one.created),
        "starts": rfc3339(one.starts),
        "expires": rfc3339(one.expires),
        "ended": rfc3339(one.ended),
        "ended_by": one.ended_by,
    }


def silence_view(one: Silence) -> bytes:
    return _encoder.encode(silence_properties(one))


def judged_view(one: Judged) -> dict[str, Any]:
    return {
        "site": one.site,
        "camera": one.camera,
        "kind": one.kind,
        "rule": one.rule,
        "precision": one.mean,
        "low": one.low,
        "high": one.high,
        "right": one.right,
        "wrong": one.wrong,
        "last": rfc3339(one.last),
        "city": one.city,
        "recent": one.recent,
        "drift": one.drift,
        "by_hour": dict(one.by_hour),
    }


def desk_view(desk: Desk) -> dict[str, Any]:
    load = desk.load
    return {
        "load": {
            "opened": load.opened,
            "per_operator": load.per_operator,
            "budget": load.budget,
            "over": load.over,
        },
        "summaries": [
            {"site": one.site, "kind": one.kind, "alarm": one.alarm, "incidents": one.incidents}
            for one in desk.summaries
        ],
    }


def response_view(targets: ResponseTargets) -> bytes:
    """Seconds by severity."""
    return _encoder.encode({"acknowledge_s": targets.acknowledge, "resolve_s": targets.resolve})


def delay_view(delay: Delay) -> bytes:
    return _encoder.encode(delay)


def districts_view(districts: Mapping[str, frozenset[str]], sites: frozenset[str] | None) -> bytes:
    """The sites of each district; of those only that lie within `sites`, where the reader sees no more."""
    seen = {name: sorted(own) for name, own in sorted(districts.items()) if sites is None or own <= sites}
    return _encoder.encode(seen)


def change_view(change: Change) -> dict[str, Any]:
    return {
        "time": rfc3339(change.time),
        "actor": change.actor,
        "from": change.before,
        "to": change.after,
        "reason": change.reason,
        "action": change.action,
        "detail": change.detail,
        "number": change.number,
        "undone": change.undone,
    }


def camera_properties(camera: Camera) -> dict[str, Any]:
    """GeoJSON properties; see aggregator.core.liveness.Camera."""
    return {
        "id": camera.id,
        "site": camera.site,
        "agent": camera.agent,
        "name": camera.name,
        "state": camera.state,
        "fps_in": round(camera.fps_in, 2),
        "fps_analysed": round(camera.fps_analysed, 2),
        "last_frame_age_s": camera.last_frame_age_s,
        "last_seen": rfc3339(camera.last_seen),
        "reason": camera.reason,
        "why": camera.why,
        "view": camera.view,
    }


def camera_view(camera: Camera) -> bytes:
    """What the live stream sends: the properties, with the place (null where nobody knows)."""
    place = camera.location
    at = {name: getattr(place, name) if place else None for name in ("lat", "lon", "radius_m")}
    return _encoder.encode({**camera_properties(camera), **at})


def camera_feature(camera: Camera) -> dict[str, Any]:
    """RFC 7946: longitude first."""
    place = camera.location
    geometry = {"type": "Point", "coordinates": [place.lon, place.lat]} if place else None
    return {
        "type": "Feature",
        "id": f"{camera.site}/{camera.id}",
        "geometry": geometry,
        "properties": camera_properties(camera),
    }
