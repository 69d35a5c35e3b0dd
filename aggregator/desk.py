"""The desk as operators see it: computed with each tick, encoded only when it changed."""

from collections.abc import Iterable

import msgspec

from aggregator.core.incident import Incident
from aggregator.core.load import Desk, Load, LoadPolicy, arrange
from aggregator.views import desk_view


class DeskView:
    """One thread updates, any may read `now` and `view`."""

    def __init__(self, policy: LoadPolicy) -> None:
        self._policy = policy
        self.now = Desk(Load(0, 0.0, policy.budget), (), ())
        self.view = msgspec.json.encode(desk_view(self.now))

    def arranged(self, incidents: Iterable[Incident], now: float) -> Desk:
        """What `update` is to take once it is stored."""
        return arrange(incidents, now, self._policy)

    def update(self, desk: Desk) -> bytes | None:
        """What is to be shown, None where that is as before."""
        if desk == self.now:
            return None
        self.now = desk
        view = msgspec.json.encode(desk_view(self.now))
        if view == self.view:
            return None
        self.view = view
        return view
