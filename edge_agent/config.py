"""An edge config file: TOML in, frozen values out, or one ConfigError that names every mistake."""

import hashlib
import json
import tomllib
from dataclasses import replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from contract.errors import ConfigError
from contract.ids import is_host
from edge_agent.config_camera import check_name, read_camera
from edge_agent.config_reader import EdgeConfigError, Problems, check_unknown, read_section, show, tables_of
from edge_agent.config_sections import (
    AgentSection,
    EdgeConfig,
    EvidenceSection,
    HealthSection,
    MqttSection,
    SpoolSection,
)
from edge_agent.core.spec import CameraSpec, DetectorSpec, TrackerSpec, for_tracking
from edge_agent.core.types import PERSON

SECTIONS: dict[str, type] = {
    "agent": AgentSection,
    "mqtt": MqttSection,
    "detector": DetectorSpec,
    "tracker": TrackerSpec,
    "evidence": EvidenceSection,
    "spool": SpoolSection,
    "health": HealthSection,
}


def load(path: Path) -> EdgeConfig:
    """The config in file `path`; relative paths in it are taken from its folder.

    Raises ConfigError and nothing else: unreadable, not TOML (with the line), or EdgeConfigError with each mistake.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")  # editors of Windows put a mark in front
    except UnicodeDecodeError as error:
        raise ConfigError(
            "edge.config.unreadable", file=str(path), detail=f"not UTF-8 at byte {error.start}"
        ) from error
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ConfigError("edge.config.unreadable", file=str(path), detail=detail) from error
    return parse(text, path)


def parse(text: str, path: Path) -> EdgeConfig:
    """The config written in `text`; `path` is named in errors and its folder is where relative paths begin.

    Raises ConfigError.
    """
    try:
        document = tomllib.loads(text)
        config_hash = content_hash(document)
    except (ValueError, RecursionError) as error:
        raise ConfigError("edge.config.toml", file=str(path), detail=str(error)) from error
    problems = Problems()
    config = _read(document, path, config_hash, problems)
    if problems.found or config is None:
        raise EdgeConfigError(path, tuple(problems.found), _names(document.get("camera")))
    return config


def content_hash(document: dict[str, Any]) -> str:
    """16 hex digits of the SHA-256 of the content: comments, order of keys and layout do not change it."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read(document: dict[str, Any], path: Path, config_hash: str, problems: Problems) -> EdgeConfig | None:
    base = path.parent.absolute()
    check_unknown(document, [*SECTIONS, "camera"], "", problems)
    sections: dict[str, Any] = {}
    section: Any
    for name, cls in SECTIONS.items():
        if name in document:
            section = read_section(cls, document[name], name, problems)
            if section is not None:
                sections[name] = section
    if "agent" not in document:
        problems.add("missing", "agent")
    agent = _agent(sections.get("agent"), base, problems)
    zone = _timezone(agent, problems)
    if "mqtt" in sections:
        sections["mqtt"] = _mqtt(sections["mqtt"], base, problems)
    cameras = _cameras(document.get("camera", []), zone, base, problems)
    detecting: DetectorSpec = sections.pop("detector", DetectorSpec())
    _blur(sections.get("evidence", EvidenceSection()), detecting, problems)
    _precision(detecting, cameras, problems)
    if agent is None or problems.found:
        return None
    sections["agent"] = agent
    detector, tracker = for_tracking(detecting, sections.pop("tracker", TrackerSpec()))
    return EdgeConfig(
        file=path,
        timezone=zone,
        config_hash=config_hash,
        cameras=cameras,
        detector=detector,
        tracker=tracker,
        **sections,
    )


def _names(cameras: object) -> tuple[str, ...]:
    """Their ids, "" where one has none."""
    tables = cameras if isinstance(cameras, list) else []
    return tuple(show(table.get("id", "")).strip('"') if isinstance(table, dict) else "" for table in tables)


def _agent(agent: AgentSection | None, base: Path, problems: Problems) -> AgentSection | None:
    if agent is None:
        return None
    check_name(agent.site, "agent.site", problems)
    check_name(agent.id, "agent.id", problems)
    return AgentSection(site=agent.site, id=agent.id, data_dir=base / agent.data_dir, timezone=agent.timezone)


def _timezone(agent: AgentSection | None, problems: Problems) -> tzinfo:
    if agent is None:
        return UTC
    try:
        return ZoneInfo(agent.timezone)
    except (KeyError, ValueError, OSError):
        # ZoneInfo raises each of these: unknown name, a path that leaves the database, a folder.
        problems.add("timezone", "agent.timezone", value=show(agent.timezone))
        return UTC


def _mqtt(mqtt: MqttSection, base: Path, problems: Problems) -> MqttSection:
    if not is_host(mqtt.host):
        problems.add("host", "mqtt.host", value=show(mqtt.host))
    password = base / mqtt.password_file if mqtt.password_file else None
    authority = base / mqtt.tls_ca if mqtt.tls_ca else None
    return replace(mqtt, password_file=password, tls_ca=authority, tls=mqtt.tls or authority is not None)


def _blur(evidence: EvidenceSection, detector: DetectorSpec, problems: Problems) -> None:
    """Whoever is not looked for cannot be made unrecognisable."""
    if evidence.blurs and detector.classes is not None and PERSON not in detector.classes:
        problems.add("no_person", "detector.classes", value=show(list(detector.classes)))


def _precision(detector: DetectorSpec, cameras: tuple[CameraSpec, ...], problems: Problems) -> None:
    if detector.precision == "int8" and any(rule.kind == "brawl" for camera in cameras for rule in camera.rules):
        problems.add("brawl_int8", "detector.precision", value=show(detector.precision))


def _cameras(value: object, zone: tzinfo, base: Path, problems: Problems) -> tuple[CameraSpec, ...]:
    cameras: list[CameraSpec] = []
    first: dict[str, str] = {}
    for at, table in tables_of(value, "camera", problems):
        camera = read_camera(table, at, zone, base, problems)
        name = table.get("id")
        if isinstance(name, str):
            if name in first:
                problems.add("duplicate", f"{at}.id", value=show(name), first=first[name])
            first.setdefault(name, at)
        if camera is not None:
            cameras.append(camera)
    return tuple(cameras)
