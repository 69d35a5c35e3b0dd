"""What a commit sends to the live stream."""

from collections.abc import Callable

import msgspec

from aggregator.core.ports import Batch
from aggregator.live import Delta
from aggregator.views import camera_view, gone_view, shown_sites, sites_of


def changed(batch: Batch) -> list[Delta]:
    deltas = [Delta("incident", row.view, sites_of(row.incident)) for row in batch.incidents.values()]
    deltas += [Delta("camera", camera_view(camera), (camera.site,)) for camera in batch.cameras.values()]
    for shot in batch.evidence:
        about = {"sha256": shot.sha256, "event": shot.event, "site": shot.site, "media": shot.media}
        deltas.append(Delta("evidence", msgspec.json.encode(about), (shot.site,)))
    return deltas


def gone(batch: Batch, shown: Callable[[str], bytes | None]) -> list[Delta]:
    """For who saw an incident only at a site that a split takes from it. shown: the view of an incident as the store
    has it before the commit."""
    found = []
    for identity in {source for _, source, _ in batch.moved}:
        one, before = batch.incidents[identity].incident, shown(identity)
        lost = set(shown_sites(before)) - set(sites_of(one)) if before is not None else set()
        if lost:
            found.append(Delta("gone", gone_view({one.id: one.revision}), tuple(sorted(lost)), sites_of(one)))
    return found
