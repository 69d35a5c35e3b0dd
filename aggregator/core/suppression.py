"""Which events raise no fresh alarm, and the typed reason of each.

Two ways of keeping quiet. What is a duplicate, silenced or inhibited is *kept out*: stored with its reason and not
correlated. What flaps or comes in a cooldown is *hushed*: it joins what it belongs to, so that a second camera still
finds it, but opens nothing by itself. Whatever an incident already holds is never judged: an episode that an operator
has seen begin is also seen to end. And each event is judged anew, so what outlasts its silence or cooldown comes up.

What is critical is never hushed, and only a silence that names its kind keeps it out: at three in the morning a second
fire rings, however often the camera was wrong. Not even a covered lens keeps it out, since smoke covers lenses.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from aggregator.core.flapping import Closing, Cooldowns, Flapping, SourceKey
from aggregator.core.inhibition import EXPLAINS, Inhibition, Known
from aggregator.core.silences import Silence, Silences
from contract.events import Event
from contract.kinds import Kind

Reason = Literal["duplicate", "silence", "inhibited", "flapping", "cooldown"]
HUSHED: frozenset[Reason] = frozenset({"flapping", "cooldown"})
KEPT_OUT: frozenset[Reason] = frozenset({"silence", "inhibited"})
"""A duplicate is neither: its event is dealt with already."""


@dataclass(frozen=True, slots=True)
class SuppressionPolicy:
    """flapping_begins: episodes of a camera and kind within flapping_window_s that are flapping. cooldown_s: after an
    operator has closed an incident. outage_cameras: cameras lost together that are one outage, at least. memory_s: how
    long an episode that was kept out is remembered after it was last heard of."""

    flapping_begins: int = 8
    flapping_window_s: float = 600.0
    cooldown_s: float = 300.0
    outage_cameras: int = 3
    memory_s: float = 7_200.0


@dataclass(frozen=True, slots=True)
class Suppressed:
    """by: id of the silence, of the incident that was closed, of the cause's episode, or of the event itself for a
    duplicate; "" where there is none. detail: a cause's kind, how many begins flap, or how the incident was closed."""

    reason: Reason
    by: str = ""
    detail: str = ""

    @property
    def hushed(self) -> bool:
        """Whether it goes on to the correlation, without a voice of its own."""
        return self.reason in HUSHED

    @property
    def kept_out(self) -> bool:
        """Whether it does not reach the correlation."""
        return self.reason in KEPT_OUT


@dataclass(slots=True)
class _Quiet:
    """An episode that is kept out or hushed. last: the latest time heard of it."""

    suppressed: Suppressed
    last: float


Holder = Callable[[str], object | None]
"""An episode to what is known of the incident that holds it, None where none does."""


class Suppression:
    """holder: what the correlation knows. known: how many cameras an agent or site has. One thread, no clock."""

    def __init__(self, policy: SuppressionPolicy, holder: Holder, known: Known) -> None:
        self.policy = policy
        self.silences = Silences()
        self._flapping = Flapping(policy.flapping_begins, policy.flapping_window_s)
        self._cooldowns = Cooldowns(policy.cooldown_s)
        self._inhibition = Inhibition(policy.outage_cameras, known)
        self._holder = holder
        self._kept_out: dict[str, _Quiet] = {}
        self._hushed: dict[str, _Quiet] = {}
        self.outages: list[tuple[str, ...]] = []
        """Episodes that turned out to be one outage, for the caller to take away."""

    def goes_on(self, event: Event) -> bool:
        """Whether it tells of what an incident holds, and nothing else: then `judge` would let it through, whatever its
        time, and remember nothing of it. So it is with most."""
        data = event.data
        if data.phase == "begin" or data.kind in EXPLAINS or data.episode in self._hushed:
            return False
        return self._holder(data.episode) is not None

    def judge(self, event: Event, time: float) -> Suppressed | None:
        """time: when it happened. None: it may raise an alarm."""
        data = event.data
        flaps = None
        if data.phase == "begin" and not data.delayed:
            flaps = self._flapping.note((data.site, data.camera, data.kind), time)
        outage = self._inhibition.note(event, time)
        if outage:
            self.outages.append(outage)
        if data.episode in self._hushed:
            return self._still_hushed(event, time)
        if self._holder(data.episode) is not None:
            return None
        kept_out = self._kept_out.get(data.episode)
        if kept_out is not None and data.phase == "end":
            kept_out.last = time  # nobody saw it begin
            return kept_out.suppressed
        found = self._keep_out(event, time)
        if found is not None:
            self._kept_out[data.episode] = _Quiet(found, time)
            return found
        self._kept_out.pop(data.episode, None)
        return self._hush(event, time, flaps)

    def agent(self, site: str, agent: str, online: bool, now: float) -> None:
        self._inhibition.agent(site, agent, online, now)

    def fault(self, event: Event, time: float) -> tuple[str, ...]:
        """What a store kept of a camera's own fault, in the order they came. The episodes that turned out then to be
        one outage, if any."""
        return self._inhibition.note(event, time)

    def closed(self, keys: Iterable[SourceKey], closing: Closing) -> None:
        """An operator has closed an incident that these told of."""
        for key in keys:
            self._cooldowns.close(key, closing)

    def reopened(self) -> None:
        """Forgets what operators closed; whoever calls it tells anew what still holds."""
        self._cooldowns.clear()

    def restore(
        self,
        silences: Iterable[Silence],
        kept_out: Iterable[tuple[str, float, Suppressed]],
        hushed: Iterable[tuple[str, float, Suppressed]] = (),
        begins: Iterable[tuple[SourceKey, float, bool]] = (),
    ) -> None:
        """What a store kept; kept_out, hushed: (episode, latest time, why); begins: (source, time, whether hushed as
        flapping), in the order they came."""
        for silence in silences:
            self.silences.put(silence)
        for quiet, episodes in ((self._kept_out, kept_out), (self._hushed, hushed)):
            for episode, last, suppressed in episodes:
                quiet[episode] = _Quiet(suppressed, last)
        for key, time, flapping in begins:
            self._flapping.restore(key, time, flapping)

    def forget(self, now: float) -> None:
        """Call it now and then."""
        before = now - self.policy.memory_s
        self.silences.forget(before)
        self._flapping.forget(before)
        self._cooldowns.forget(now)
        self._inhibition.forget(before)
        for quiet in (self._kept_out, self._hushed):
            for episode in [episode for episode, one in quiet.items() if one.last < before]:
                del quiet[episode]

    def _keep_out(self, event: Event, time: float) -> Suppressed | None:
        silence = self.silences.of(event.data, time)
        if silence is not None:
            return Suppressed("silence", silence.id)
        if event.data.severity == "critical":
            return None
        cause = self._inhibition.of(event, time)
        if cause is not None:
            return Suppressed("inhibited", cause.episode, cause.kind)
        return None

    def _hush(self, event: Event, time: float, flaps: int | None) -> Suppressed | None:
        """The first event of an episode that is not kept out."""
        data = event.data
        if data.severity == "critical" or data.kind == Kind.REPORT:
            return None  # a post hears of many things, none of which is its own fault
        closing = self._cooldowns.of((data.site, data.camera, data.kind), time, data.severity == "major")
        if flaps is not None:
            found = Suppressed("flapping", "", str(flaps))
        elif closing is not None:
            found = Suppressed("cooldown", closing.incident, "resolved" if closing.true else "false_alarm")
        else:
            return None
        self._hushed[data.episode] = _Quiet(found, time)
        return found

    def _still_hushed(self, event: Event, time: float) -> Suppressed | None:
        """A later event of an episode that began hushed: it stays so while the reason holds."""
        data = event.data
        quiet = self._hushed[data.episode]
        key = (data.site, data.camera, data.kind)
        if quiet.suppressed.reason == "flapping":
            holds = self._flapping.still(key, time)
        else:
            holds = self._cooldowns.of(key, time, data.severity == "major") is not None
        if not holds or data.severity == "critical":
            del self._hushed[data.episode]
            return None
        quiet.last = time
        return quiet.suppressed
