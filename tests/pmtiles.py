"""Archives by the PMTiles specification (version 3), vector tiles by the Mapbox specification (2.1): written here, so
that the page's readers are tried with what another hand wrote."""

import gzip
import struct
from collections.abc import Iterable, Iterator, Mapping
from math import asinh, pi, radians, tan
from typing import Any

import msgspec

MVT, PNG = 1, 2
Tile = tuple[int, int, int]
"""z, x, y"""
Box = tuple[float, float, float, float]
"""west, south, east, north in degrees"""
EXTENT = 4096
POINT, LINE, POLYGON = 1, 2, 3
Shape = tuple[int, list[tuple[int, int]], dict[str, str]]
"""kind of geometry, its corners in 4096ths of a tile, properties"""


def tiles_of(box: Box, deepest: int) -> Iterator[Tile]:
    """Those that cover the box, from zoom 0 to the deepest."""
    for z in range(deepest + 1):
        (west, north), (east, south) = _place(z, box[0], box[3]), _place(z, box[2], box[1])
        yield from ((z, x, y) for x in range(west, east + 1) for y in range(north, south + 1))


def _place(z: int, lon: float, lat: float) -> tuple[int, int]:
    return int((lon + 180) / 360 * 2**z), int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z)


def archive(tiles: Mapping[Tile, bytes], kind: int, box: Box, layers: Iterable[str] = ()) -> bytes:
    """Everything in the root directory: enough for some hundreds of tiles. Vector tiles are compressed."""
    squeeze = gzip.compress if kind == MVT else bytes
    data, entries = b"", []
    for number, tile in sorted((_number(*place), squeeze(content)) for place, content in tiles.items()):
        entries.append((number, len(data), len(tile)))
        data += tile
    ids = [number for number, *_ in entries]
    steps = [after - before for before, after in zip([0, *ids], ids, strict=False)]
    columns = (steps, [1] * len(entries), [length for *_, length in entries], [offset + 1 for _, offset, _ in entries])
    root = gzip.compress(_varint(len(entries)) + b"".join(_varint(value) for column in columns for value in column))
    metadata = gzip.compress(
        msgspec.json.encode({"vector_layers": [{"id": name, "fields": {}} for name in layers]} if kind == MVT else {})
    )
    places = (127, len(root), 127 + len(root), len(metadata), 127 + len(root) + len(metadata), 0)
    counts = (len(entries),) * 3
    zooms = [z for z, *_ in tiles]
    header = b"PMTiles\x03" + struct.pack(
        "<11Q6B4iB2i",
        *places,
        places[4],
        len(data),
        *counts,
        1,
        2,
        2 if kind == MVT else 1,
        kind,
        min(zooms),
        max(zooms),
        *(round(degrees * 1e7) for degrees in box),
        max(zooms),
        *(round(degrees * 1e7) for degrees in ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)),
    )
    return header + root + metadata + data


def _number(z: int, x: int, y: int) -> int:
    """Along a Hilbert curve, after all tiles of the zooms above."""
    number, size = 0, 2**z // 2
    while size:
        right, lower = int(bool(x & size)), int(bool(y & size))
        number += size * size * ((3 * right) ^ lower)
        if not lower:
            if right:
                x, y = size - 1 - x, size - 1 - y
            x, y = y, x
        size //= 2
    return ((1 << 2 * z) - 1) // 3 + number


def vector_tile(layers: Mapping[str, Iterable[Shape]]) -> bytes:
    return b"".join(_field(3, _layer(name, list(shapes))) for name, shapes in layers.items())


def _layer(name: str, shapes: list[Shape]) -> bytes:
    keys = sorted({key for *_, properties in shapes for key in properties})
    values = sorted({value for *_, properties in shapes for value in properties.values()})
    found = [_field(1, name.encode())]
    for kind, corners, properties in shapes:
        tags = [number for key, value in properties.items() for number in (keys.index(key), values.index(value))]
        shape = _field(2, b"".join(map(_varint, tags))) + b"\x18" + _varint(kind) + _field(4, _geometry(kind, corners))
        found.append(_field(2, shape))
    found += [_field(3, key.encode()) for key in keys]
    found += [_field(4, _field(1, value.encode())) for value in values]
    return b"".join((*found, b"\x28", _varint(EXTENT), b"\x78", _varint(2)))


def _geometry(kind: int, corners: list[tuple[int, int]]) -> bytes:
    """Commands: 1 moves there, 2 draws a line, 7 closes the ring; coordinates as zigzag steps."""
    numbers: list[int] = []
    before = (0, 0)
    for n, corner in enumerate(corners):
        if n < 2:
            numbers.append(1 << 3 | 1 if n == 0 else len(corners) - 1 << 3 | 2)
        for axis in (0, 1):
            step = corner[axis] - before[axis]
            numbers.append(step << 1 ^ step >> 31)
        before = corner
    return b"".join(map(_varint, [*numbers, *([1 << 3 | 7] if kind == POLYGON else [])]))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def city(box: Box, deepest: int) -> bytes:
    """A made-up one of vector tiles: in each tile a river, a park, two roads and a name."""
    layers: dict[str, Any] = {
        "landuse": [(POLYGON, [(2400, 300), (3700, 300), (3700, 1500), (2400, 1500)], {"kind": "park"})],
        "water": [(POLYGON, [(0, 2600), (4096, 2200), (4096, 3000), (0, 3500)], {"kind": "river"})],
        "roads": [
            (LINE, [(0, 1800), (4096, 1800)], {"kind": "highway", "name": "Jalan Raya"}),
            (LINE, [(1400, 0), (1400, 4096)], {"kind": "major_road", "name": "Jalan Melati"}),
        ],
        "places": [(POINT, [(800, 900)], {"kind": "locality", "name": "Contoh"})],
    }
    tile = vector_tile(layers)
    return archive(dict.fromkeys(tiles_of(box, deepest), tile), MVT, box, layers)
