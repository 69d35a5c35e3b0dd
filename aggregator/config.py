"""The aggregator's TOML: one frozen struct a section; an error names file, key, value and what is allowed."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from aggregator.accounts import Policy
from aggregator.config_clock import ClockSection, calendar, utc_offset_h
from aggregator.config_page import BaseMap, MapSection, ResponseSection, archive, base_map, response
from aggregator.config_people import (
    AccountsSection,
    DistrictSection,
    HttpSection,
    Oidc,
    OidcSection,
    check_districts,
    check_http,
    oidc,
    policy,
    readable,
)
from aggregator.core.correlation import CorrelationPolicy
from aggregator.core.incident import OpeningPolicy
from aggregator.core.load import LoadPolicy
from aggregator.core.ports import MqttSpec, Retention
from aggregator.core.precision import LearningPolicy
from aggregator.core.report import Calendar
from aggregator.core.response import ResponseTargets
from aggregator.core.suppression import SuppressionPolicy
from aggregator.judges import Policies
from contract.errors import ConfigError
from contract.ids import is_host
from contract.kinds import KINDS
from contract.sentence import Sentence, sentence

_PLAIN = {
    "bool": "true / false",
    "int": "1, 2, 3 ...",
    "float": "0.5, 1, 2 ...",
    "str": '"..."',
    "array": "[...]",
    "object": "{ key = value, ... }",
}
Port = Annotated[int, Meta(ge=1, le=65_535)]
Unit = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Host = Annotated[str, Meta(min_length=1, max_length=255)]


class AggregatorSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """data_dir: the store's folder. cameras: GeoJSON of known cameras. places: GeoJSON of sensitive places. Relative
    paths start at the config file."""

    data_dir: str
    cameras: str | None = None
    places: str | None = None


class MqttSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: Host = "127.0.0.1"
    port: Port = 1883
    client_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "jaga-aggregator"
    username: str | None = None
    password_file: str | None = None
    tls_ca: str | None = None
    version: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30
    session_s: Annotated[int, Meta(ge=60, le=4_294_967_294)] = 604_800
    in_flight: Annotated[int, Meta(ge=1, le=65_535)] = 1000


class CorrelationSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.correlation.CorrelationPolicy and aggregator.core.incident.OpeningPolicy."""

    reorder_s: Annotated[float, Meta(ge=0, le=60)] = 2.0
    max_age_s: Positive = 21_600.0
    max_extent_m: Positive = 2_000.0
    quiet_s: Positive = 1_800.0
    memory_s: Positive = 7_200.0
    delayed_after_s: Positive = 300.0
    open_second_source: Unit = 0.5
    open_severe: Unit = 0.5
    open_strong_source: Unit = 0.7
    open_doubted_per_h: Positive = 0.6
    open_judged: Unit = 0.3
    open_sure: Unit = 0.85
    open_certain: Unit = 0.95
    open_crowded: Annotated[int, Meta(ge=1)] = 15
    open_lasting_s: Positive = 90.0
    open_context_s: Positive = 300.0


class SuppressionSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.suppression.SuppressionPolicy."""

    flapping_begins: Annotated[int, Meta(ge=3, le=100)] = 8
    flapping_window_s: Positive = 600.0
    cooldown_s: Annotated[float, Meta(ge=0, le=3600)] = 300.0
    outage_cameras: Annotated[int, Meta(ge=2)] = 3


class LearningSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.precision.LearningPolicy. utc_offset_h None: of `clock.time_zone`."""

    half_life_days: Positive = 14.0
    camera_weight: Positive = 4.0
    utc_offset_h: Annotated[float, Meta(ge=-12, le=14)] | None = None


class LoadSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See aggregator.core.load.LoadPolicy."""

    operators: Annotated[int, Meta(ge=1, le=1000)] = 1
    per_operator: Positive = 1.0


class RetentionSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    events_days: Positive = 90.0
    audit_days: Positive = 730.0
    evidence_days: Positive = 30.0
    evidence_mb: Positive = 4096.0
    quarantine_rows: Annotated[int, Meta(ge=0)] = 10_000


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    aggregator: AggregatorSection
    http: HttpSection = HttpSection()
    clock: ClockSection = ClockSection()
    mqtt: MqttSection = MqttSection()
    correlation: CorrelationSection = CorrelationSection()
    suppression: SuppressionSection = SuppressionSection()
    learning: LearningSection = LearningSection()
    load: LoadSection = LoadSection()
    response: ResponseSection = ResponseSection()
    map: MapSection = MapSection()
    retention: RetentionSection = RetentionSection()
    accounts: AccountsSection = AccountsSection()
    district: tuple[DistrictSection, ...] = ()
    oidc: OidcSection | None = None


class AggregatorConfig(Struct, frozen=True, kw_only=True):
    """A config that can be used; paths are absolute. archive: the file of the map's tiles, where it lies here. digest:
    of what the file says, and of the cameras."""

    data_dir: Path
    cameras: Path | None
    places: Path | None
    http: HttpSection
    mqtt: MqttSpec
    policy: CorrelationPolicy
    policies: Policies
    response: ResponseTargets
    calendar: Calendar
    map: BaseMap
    archive: Path | None
    retention: Retention
    accounts: Policy
    oidc: Oidc | None
    digest: str
    path: Path


def load(path: Path) -> AggregatorConfig:
    """Raises ConfigError."""
    try:
        text = path.read_text("utf-8-sig")  # editors of Windows put a mark in front
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("aggregator.config_unreadable", file=str(path), detail=str(error)) from error
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError("aggregator.config_no_toml", file=str(path), detail=str(error)) from error
    return parse(raw, path)


def parse(raw: dict[str, Any], path: Path) -> AggregatorConfig:
    """`path` names the file in errors, and is where relative paths start. Raises ConfigError."""
    try:
        sections = msgspec.convert(raw, _File)
    except msgspec.ValidationError as error:
        raise _unusable(str(error), raw, path) from error

    def wrong(key: str, value: object, allowed: str | Sentence) -> ConfigError:
        return _wrong(path, key, value, allowed)

    http = check_http(sections.http, wrong, path)
    check_districts(sections.district, wrong)
    clock = calendar(sections.clock, wrong)
    _check_quiet(sections.correlation.quiet_s, path)
    return AggregatorConfig(
        data_dir=_resolve(path, sections.aggregator.data_dir),
        cameras=_resolve(path, sections.aggregator.cameras) if sections.aggregator.cameras else None,
        places=_resolve(path, sections.aggregator.places) if sections.aggregator.places else None,
        http=http,
        mqtt=_mqtt(sections.mqtt, path),
        policy=_policy(sections.correlation),
        policies=_policies(sections, clock),
        response=response(sections.response, wrong),
        calendar=clock,
        map=base_map(sections.map, wrong),
        archive=archive(sections.map, lambda value: _resolve(path, value), wrong),
        retention=Retention(**msgspec.structs.asdict(sections.retention)),
        accounts=policy(sections.accounts, sections.district, required=sections.oidc is not None),
        oidc=oidc(sections.oidc, http, wrong, path.parent),
        digest=_digest(raw, path, sections.aggregator.cameras, sections.aggregator.places),
        path=path,
    )


def _digest(raw: dict[str, Any], path: Path, *names: str | None) -> str:
    """SHA-256 of what the config says, with the files of cameras and places that it names."""
    found = hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode())
    for file in (_resolve(path, name) for name in names if name):
        found.update(file.read_bytes() if file.is_file() else b"")
    return found.hexdigest()


def _policy(section: CorrelationSection) -> CorrelationPolicy:
    return CorrelationPolicy(
        opening=OpeningPolicy(
            second_source=section.open_second_source,
            severe=section.open_severe,
            strong_source=section.open_strong_source,
            doubted_per_h=section.open_doubted_per_h,
            judged=section.open_judged,
            sure=section.open_sure,
            certain=section.open_certain,
            crowded=section.open_crowded,
            lasting_s=section.open_lasting_s,
            context_s=section.open_context_s,
        ),
        reorder_s=section.reorder_s,
        max_age_s=section.max_age_s,
        max_extent_m=section.max_extent_m,
        quiet_s=section.quiet_s,
        memory_s=section.memory_s,
        delayed_after_s=section.delayed_after_s,
    )


def _policies(sections: _File, clock: Calendar) -> Policies:
    learning = msgspec.structs.asdict(sections.learning)
    if learning["utc_offset_h"] is None:
        learning["utc_offset_h"] = utc_offset_h(clock)
    return Policies(
        SuppressionPolicy(**msgspec.structs.asdict(sections.suppression), memory_s=sections.correlation.memory_s),
        LearningPolicy(**learning),
        LoadPolicy(**msgspec.structs.asdict(sections.load)),
    )


def _mqtt(section: MqttSection, path: Path) -> MqttSpec:
    if not is_host(section.host):
        raise _wrong(path, "mqtt.host", section.host, sentence("aggregator.allowed.host"))
    values = msgspec.structs.asdict(section)
    password_file, tls_ca = values.pop("password_file"), values.pop("tls_ca")
    password = None
    if password_file is not None:
        try:
            password = _resolve(path, password_file).read_text("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _wrong(path, "mqtt.password_file", password_file, readable(error)) from error
    if tls_ca is not None and not _resolve(path, tls_ca).is_file():
        raise _wrong(path, "mqtt.tls_ca", tls_ca, sentence("aggregator.allowed.file"))
    return MqttSpec(**values, password=password, tls_ca=str(_resolve(path, tls_ca)) if tls_ca else None)


def _check_quiet(quiet_s: float, path: Path) -> None:
    """A suspected incident must not close while an event could still join it."""
    longest = max(info.window_s for info in KINDS.values())
    if quiet_s < longest:
        raise _wrong(path, "correlation.quiet_s", quiet_s, f">= {longest:g}")


def _resolve(path: Path, value: str) -> Path:
    return (path.parent / Path(value).expanduser()).resolve()


def _wrong(path: Path, key: str, value: object, allowed: str | Sentence) -> ConfigError:
    return ConfigError("aggregator.config_value", file=str(path), key=key, value=value, allowed=allowed)


def _unusable(message: str, raw: dict[str, Any], path: Path) -> ConfigError:
    """msgspec's message ends in the place ("- at `$.http.port`"); the value is looked up there."""
    what, _, place = message.partition(" - at `")
    key = place.removesuffix("`").removeprefix("$").lstrip(".")
    value = _at(raw, key)
    if "unknown field" in what:
        field = what.split("`")[1]
        full = ".".join(filter(None, (key, field)))
        return ConfigError("aggregator.config_unknown", file=str(path), key=full, allowed=", ".join(_keys(key)))
    if "missing required field" in what:
        field = what.split("`")[1]
        return ConfigError("aggregator.config_missing", file=str(path), key=".".join(filter(None, (key, field))))
    if what.startswith("Invalid enum value"):
        return _wrong(path, key, what.partition("'")[2].removesuffix("'"), ", ".join(_choices(_type_of(key))))
    wanted, _, got = what.removeprefix("Expected ").partition(", got ")
    # A string of another type's digits is told from the number.
    return _wrong(path, key, json.dumps(value) if got and isinstance(value, str) else value, _allowed(wanted))


def _allowed(wanted: str) -> str | Sentence:
    """What msgspec names in Python's words ("`float` <= 60.0", "`str` of length >= 1", "`int | null`") without a
    language, or in both."""
    kind, _, bound = wanted.removeprefix("`").partition("`")
    bound = bound.strip().removesuffix(".0")
    if bound.startswith("matching regex"):
        return sentence("aggregator.allowed.pattern", pattern=bound.removeprefix("matching regex").strip(" '"))
    if bound.startswith("of length"):
        return sentence("aggregator.allowed.length", range=bound.removeprefix("of length "))
    return bound or _PLAIN.get(kind.removesuffix(" | null"), kind)


def _at(raw: dict[str, Any], key: str) -> Any:
    """What stands at "district[0].name"; None where nothing does."""
    value: Any = raw
    for part in re.findall(r"[^.\[\]]+", key):
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _type_of(key: str) -> Any:
    """Of a value within a section."""
    section, _, name = re.sub(r"\[[^\]]*\]", "", key).rpartition(".")
    return next(field.type for field in msgspec.structs.fields(section_types()[section]) if field.name == name)


def _choices(kind: Any) -> list[str]:
    """The words that a type allows, wherever in it they are."""
    within = get_args(kind)
    return list(within) if get_origin(kind) is Literal else [word for one in within for word in _choices(one)]


def _keys(section: str) -> tuple[str, ...]:
    if not section:
        return tuple(field.name for field in msgspec.structs.fields(_File))
    return tuple(field.name for field in msgspec.structs.fields(section_types()[section.partition("[")[0]]))


def section_types() -> dict[str, Any]:
    """The struct of each section by its name, also of those that may be absent, come several times or lie within
    another ("response.resolve_s")."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(_File):
        section = _struct_of(field.type)
        found[field.name] = section
        for inner in msgspec.structs.fields(section):
            if (within := _struct_of(inner.type)) is not None:
                found[f"{field.name}.{inner.name}"] = within
    return found


def _struct_of(kind: Any) -> Any:
    return next((one for one in (kind, *get_args(kind)) if isinstance(one, type(Struct))), None)
