"""Cameras from a GeoJSON file (RFC 7946): a FeatureCollection of points with properties id, site and, if known, name,
agent and radius_m."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from aggregator.core.liveness import Camera
from contract.errors import ConfigError
from contract.events import Location, Name

RADIUS_M = 30.0


class _Point(Struct, frozen=True):
    coordinates: Annotated[tuple[float, ...], Meta(min_length=2, max_length=3)]
    type: Literal["Point"] = "Point"


class _Properties(Struct, frozen=True, kw_only=True):
    id: Name
    site: Name
    agent: str | None = None
    name: str | None = None
    radius_m: Annotated[float, Meta(ge=0, le=100_000)] = RADIUS_M


class _Feature(Struct, frozen=True, kw_only=True):
    properties: _Properties
    geometry: _Point | None = None


class _Collection(Struct, frozen=True, kw_only=True):
    features: list[Any]
    type: Literal["FeatureCollection"]


def load_cameras(path: Path) -> tuple[Camera, ...]:
    """Raises ConfigError naming the file and the field."""
    try:
        collection = msgspec.json.decode(path.read_bytes(), type=_Collection)
        return tuple(_camera(raw, index) for index, raw in enumerate(collection.features))
    except OSError as error:
        raise ConfigError("aggregator.cameras_unreadable", file=str(path), detail=str(error)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError("aggregator.cameras_wrong", file=str(path), detail=str(error)) from error


def _camera(raw: Any, index: int) -> Camera:
    try:
        feature = msgspec.convert(raw, _Feature)
        place = feature.properties
        location = None
        if feature.geometry is not None:
            lon, lat = feature.geometry.coordinates[:2]
            location = msgspec.convert({"lat": lat, "lon": lon, "radius_m": place.radius_m}, Location)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"features[{index}]: {error}") from error
    return Camera(site=place.site, id=place.id, agent=place.agent or "", name=place.name or "", location=location)
