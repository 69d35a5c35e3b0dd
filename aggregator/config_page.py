"""Sections of the aggregator's config about what the page shows: see aggregator.config."""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from aggregator.config_people import Url, Wrong, readable
from aggregator.core.response import ResponseTargets, Targets
from contract.kinds import SEVERITIES
from contract.sentence import sentence

Seconds = Annotated[float, Meta(gt=0)]
Place = Annotated[str, Meta(pattern=r"^(https?://[^/\s?#]+|/[^/\s])[^\s]*$", max_length=500)]
"""An address, or a path on this server."""
ARCHIVE_URL = "/api/v1/map/archive"
"""Where this server has the archive of tiles that lies on its own disk."""
_HEADER_BYTES = 127
_TILE_TYPES = (1, 2, 3, 4, 5)
"""Vector tiles (MVT), PNG, JPEG, WebP, AVIF."""
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
"""What may stand in a Content-Security-Policy: anything else would change its meaning."""


class AcknowledgeSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.response.ResponseTargets."""

    critical: Seconds = 60.0
    major: Seconds = 180.0
    minor: Seconds = 900.0
    info: Seconds = 3_600.0


class ResolveSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.response.ResponseTargets."""

    critical: Seconds = 1_800.0
    major: Seconds = 3_600.0
    minor: Seconds = 7_200.0
    info: Seconds = 14_400.0


class ResponseSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How soon somebody has to act."""

    acknowledge_s: AcknowledgeSection = AcknowledgeSection()
    resolve_s: ResolveSection = ResolveSection()


class MapSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lies under the map. style: a MapLibre style (JSON). tiles: pictures by {z}, {x} and {y}. Both may lie on
    this server ("/..."). pmtiles: one file with the tiles of a region, by its address or its path on this machine;
    drawn as style says, else as the page does. attribution: shown with it, as most sources demand. origins: hosts
    besides, that the style fetches from: browsers may load from nowhere else."""

    style: Place | None = None
    tiles: tuple[Place, ...] = ()
    pmtiles: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    attribution: Annotated[str, Meta(max_length=300)] = ""
    max_zoom: Annotated[int, Meta(ge=0, le=24)] = 19
    origins: tuple[Url, ...] = ()


@dataclass(frozen=True, slots=True)
class BaseMap:
    """pmtiles: its address, as the page asks for it. origins: scheme and host from which a page may load, besides its
    own."""

    style: str | None = None
    tiles: tuple[str, ...] = ()
    pmtiles: str | None = None
    attribution: str = ""
    max_zoom: int = 19
    origins: tuple[str, ...] = ()


def base_map(section: MapSection, wrong: Wrong) -> BaseMap:
    """Raises ConfigError."""
    for key, other in (("style", section.style), ("pmtiles", section.pmtiles)):
        if other and section.tiles:
            raise wrong("map.tiles", section.tiles[0], sentence("aggregator.allowed.either", key=key))
    for url in section.tiles:
        if not all(part in url for part in ("{z}", "{x}", "{y}")):
            raise wrong("map.tiles", url, sentence("aggregator.allowed.tiles", z="{z}", x="{x}", y="{y}"))
    pmtiles = ARCHIVE_URL if section.pmtiles and not _is_address(section.pmtiles) else section.pmtiles
    used = [*section.tiles, *(one for one in (section.style, pmtiles) if one), *section.origins]
    origins = []
    for url in used:
        parts = urlsplit(url)
        if parts.scheme and not _HOST.fullmatch(parts.netloc):
            raise wrong("map", url, sentence("aggregator.allowed.host_port"))
        if parts.scheme:
            origins.append(f"{parts.scheme}://{parts.netloc}")
    return BaseMap(
        section.style, section.tiles, pmtiles, section.attribution, section.max_zoom, tuple(sorted(set(origins)))
    )


def archive(section: MapSection, resolve: Callable[[str], Path], wrong: Wrong) -> Path | None:
    """The file of tiles that this server is to hand out, if it lies on this machine. Raises ConfigError where it is no
    PMTiles archive, or not a whole one. Layout: PMTiles specification, version 3, section 3."""
    if section.pmtiles is None or _is_address(section.pmtiles):
        return None
    path = resolve(section.pmtiles)
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise wrong("map.pmtiles", section.pmtiles, readable(error)) from error
    if len(header) < _HEADER_BYTES or header[:8] != b"PMTiles\x03" or header[99] not in _TILE_TYPES:
        raise wrong("map.pmtiles", section.pmtiles, sentence("aggregator.allowed.pmtiles"))
    parts = struct.unpack_from("<8Q", header, 8)
    whole = max(offset + length for offset, length in zip(parts[::2], parts[1::2], strict=True))
    if size < whole:
        raise wrong(
            "map.pmtiles", section.pmtiles, sentence("aggregator.allowed.whole", missing=whole - size, size=whole)
        )
    return path


def _is_address(place: str) -> bool:
    return place.startswith(("https://", "http://"))


def response(section: ResponseSection, wrong: Wrong) -> ResponseTargets:
    """Raises ConfigError where an incident would have to be resolved before it has to be acknowledged."""
    acknowledge = Targets(**msgspec.structs.asdict(section.acknowledge_s))
    resolve = Targets(**msgspec.structs.asdict(section.resolve_s))
    for severity in SEVERITIES:
        first, last = acknowledge.of(severity), resolve.of(severity)
        if last < first:
            raise wrong(
                f"response.resolve_s.{severity}", f"{last:g}", f">= response.acknowledge_s.{severity} ({first:g})"
            )
    return ResponseTargets(acknowledge, resolve)
