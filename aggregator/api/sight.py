"""Which incidents a request may speak of."""

import msgspec
from fastapi import HTTPException

from aggregator.core.access import Principal
from aggregator.core.ports import Store


class _Sites(msgspec.Struct):
    sites: tuple[str, ...]


_sites = msgspec.json.Decoder(_Sites)


def sites_of(view: bytes) -> tuple[str, ...]:
    """Of an incident's view."""
    return _sites.decode(view).sites


def seen(store: Store, incident: str, who: Principal) -> bytes:
    """The incident's view, where there is one and `who` may see it; who may not is told that there is none."""
    view = store.incident_view(incident)
    if view is None or (who.sites is not None and not who.sees(sites_of(view))):
        raise HTTPException(404, f"no incident {incident}")
    return view
