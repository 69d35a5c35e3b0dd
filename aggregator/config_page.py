"""Sections of the aggregator's config about what the page shows: see aggregator.config."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from aggregator.config_people import Wrong
from aggregator.core.response import ResponseTargets, Targets
from contract.kinds import SEVERITIES

Seconds = Annotated[float, Meta(gt=0)]


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
