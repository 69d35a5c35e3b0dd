"""The demo's config files: the same TOML that a real installation writes by hand."""

import json
from pathlib import Path

from jaga.demo_places import DemoAgent, DemoCamera

IMGSZ = 512
"""The scenes' 640x360 at four fifths: 512x288 needs no padding and six tenths of the work."""


def edge_toml(agent: DemoAgent, data_dir: Path, broker_port: int, threads: int) -> str:
    """An edge agent's config. threads: of its detector."""
    head: dict[str, dict[str, object]] = {
        "agent": {"site": agent.site, "id": agent.id, "data_dir": str(data_dir), "timezone": "Asia/Jakarta"},
        "mqtt": {"host": "127.0.0.1", "port": broker_port, "version": "3.1.1"},
        "detector": {"model": "yolov8n", "imgsz": IMGSZ, "confidence": 0.4, "threads": threads},
        "evidence": {"snapshots": True, "blur": "people", "max_side": 640},
        "spool": {"max_mb": 64},
        "health": {"interval_s": 2},
    }
    parts = [_table(f"[{name}]", values) for name, values in head.items()]
    return "\n\n".join([*parts, *(_camera(camera) for camera in agent.cameras)]) + "\n"


def aggregator_toml(data_dir: Path, broker_port: int, http_port: int) -> str:
    return (
        "\n\n".join(
            (
                _table("[aggregator]", {"data_dir": str(data_dir)}),
                _table("[http]", {"host": "127.0.0.1", "port": http_port}),
                _table("[mqtt]", {"host": "127.0.0.1", "port": broker_port, "version": "3.1.1"}),
            )
        )
        + "\n"
    )


def _camera(camera: DemoCamera) -> str:
    """The camera with only the zones and lines that its rules name."""
    used = {rule.get("zone") for rule in camera.rules} | {rule.get("line") for rule in camera.rules}
    head: dict[str, object] = {
        "id": camera.id,
        "name": camera.name,
        "source": camera.source,
        "fps": camera.fps,
        "loop": camera.loop,
    }
    place = camera.location
    lines = [
        _table("[[camera]]", head),
        f"location = {{ lat = {place.lat}, lon = {place.lon}, radius_m = {place.radius_m} }}",
    ]
    for name, polygon in camera.zones.items():
        if name in used:
            lines.append(_table("\n[[camera.zone]]", {"id": name, "polygon": [list(point) for point in polygon]}))
    for name, (start, end) in camera.lines.items():
        if name in used:
            lines.append(_table("\n[[camera.line]]", {"id": name, "start": list(start), "end": list(end)}))
    lines += [_table("\n[[camera.rule]]", rule) for rule in camera.rules]
    return "\n".join(lines)


def _table(header: str, values: dict[str, object]) -> str:
    return "\n".join([header, *(f"{key} = {_value(value)}" for key, value in values.items())])


def _value(value: object) -> str:
    """JSON's strings, numbers, booleans and lists are TOML too, but for DEL and lone surrogates in strings."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")
