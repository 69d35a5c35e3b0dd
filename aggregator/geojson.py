"""Cameras and sensitive places from GeoJSON files (RFC 7946): FeatureCollections of points. A camera has the properties
id, site and, if known, name, agent, radius_m and where it looks (heading_deg clockwise from north, fov_deg, range_m); a
place has name and, if it is not the usual one, radius_m."""

from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from aggregator.core.liveness import Camera, CameraKey, View
from aggregator.core.severity import Place
from contract.codec import refusal
from contract.errors import ConfigError
from contract.events import Location, Name

T = TypeVar("T")
RADIUS_M = 30.0
RANGE_M = 50.0
"""How far a camera sees, where nobody says otherwise."""
PLACE_RADIUS_M = 150.0
"""How far around a sensitive place things matter, where nobody says otherwise."""


class _Point(Struct, frozen=True):
    coordinates: Annotated[tuple[float, ...], Meta(min_length=2, max_length=3)]
    type: Literal["Point"] = "Point"


class _Properties(Struct, frozen=True, kw_only=True):
    id: Name
    site: Name
    agent: str | None = None
    name: str | None = None
    radius_m: Annotated[float, Meta(ge=0, le=100_000)] = RADIUS_M
    heading_deg: Annotated[float, Meta(ge=0, le=360)] | None = None
    fov_deg: Annotated[float, Meta(gt=0, le=360)] | None = None
    range_m: Annotated[float, Meta(gt=0, le=5_000)] = RANGE_M


class _Feature(Struct, frozen=True, kw_only=True):
    properties: _Properties
    geometry: _Point | None = None


class _PlaceProperties(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    radius_m: Annotated[float, Meta(gt=0, le=2_000)] = PLACE_RADIUS_M


class _PlaceFeature(Struct, frozen=True, kw_only=True):
    properties: _PlaceProperties
    geometry: _Point


class _Collection(Struct, frozen=True, kw_only=True):
    features: list[Any]
    type: Literal["FeatureCollection"]


def load_cameras(path: Path) -> tuple[Camera, ...]:
    """Raises ConfigError naming the file and the field; also for a camera that is there twice, since nobody knows which
    place is right."""
    cameras = _load(path, _camera, "aggregator.cameras_unreadable", "aggregator.cameras_wrong")
    first: dict[CameraKey, int] = {}
    for index, camera in enumerate(cameras):
        if (before := first.setdefault(camera.key, index)) != index:
            raise ConfigError(
                "aggregator.camera_twice", file=str(path), site=camera.site, id=camera.id, index=index, first=before
            )
    return cameras


def load_places(path: Path) -> tuple[Place, ...]:
    """Raises ConfigError naming the file and the field."""
    return _load(path, _place, "aggregator.places_unreadable", "aggregator.places_wrong")


def _load(path: Path, make: Callable[[Any], T], unreadable: str, wrong: str) -> tuple[T, ...]:
    try:
        collection = msgspec.json.decode(path.read_bytes().removeprefix(BOM_UTF8), type=_Collection)
        return tuple(_made(make, raw, index) for index, raw in enumerate(collection.features))
    except OSError as error:
        raise ConfigError(unreadable, file=str(path), detail=str(error)) from error
    except msgspec.ValidationError as error:
        raise ConfigError(wrong, file=str(path), detail=refusal(str(error))) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(wrong, file=str(path), detail=str(error)) from error


def _made(make: Callable[[Any], T], raw: Any, index: int) -> T:
    try:
        return make(raw)
    except msgspec.ValidationError as error:
        what, _, within = str(error).partition(" - at `$")
        raise msgspec.ValidationError(f"{what} - at `$.features[{index}]{within or '`'}") from error


def _place(raw: Any) -> Place:
    feature = msgspec.convert(raw, _PlaceFeature)
    return Place(feature.properties.name, _location(feature.geometry, feature.properties.radius_m))


def _camera(raw: Any) -> Camera:
    feature = msgspec.convert(raw, _Feature)
    place = feature.properties
    location = _location(feature.geometry, place.radius_m) if feature.geometry is not None else None
    if (place.heading_deg is None) != (place.fov_deg is None):
        raise msgspec.ValidationError("heading_deg and fov_deg belong together - at `$.properties`")
    view = None
    if place.heading_deg is not None and place.fov_deg is not None:
        view = View(place.heading_deg, place.fov_deg, place.range_m)
    return Camera(
        site=place.site, id=place.id, agent=place.agent or "", name=place.name or "", location=location, view=view
    )


def _location(point: _Point, radius_m: float) -> Location:
    lon, lat = point.coordinates[:2]
    return msgspec.convert({"lat": lat, "lon": lon, "radius_m": radius_m}, Location)
