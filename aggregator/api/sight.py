"""Which incidents a request may speak of."""

from fastapi import HTTPException

from aggregator.core.access import Principal
from aggregator.core.ports import Store
from aggregator.views import shown_sites


def seen(store: Store, incident: str, who: Principal) -> bytes:
    """The incident's view, where there is one and `who` may see it; who may not is told that there is none."""
    view = store.incident_view(incident)
    if view is None or (who.sites is not None and not who.sees(shown_sites(view))):
        raise HTTPException(404, f"no incident {incident}")
    return view
