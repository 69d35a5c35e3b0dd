"""Messages and operators' steps in; commits, and then the live stream, out.

Everything that changes state goes through here under one lock: decode, leave out what is known, correlate, commit,
publish. Nothing is published or acknowledged before its commit. If a commit fails, memory is rebuilt from the store,
and where that fails, too, before it is used again.

While one batch is written, which is mostly waiting for the disk, the next one is taken, and what time alone changes is
done with it when that is due. Memory is then ahead of the store: whoever else comes writes that batch first, and if the
one before it fails, it is forgotten and comes again.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

from aggregator import deltas
from aggregator.acting import Acting, Done
from aggregator.acting import UnknownIncident as UnknownIncident
from aggregator.clips import AgentAway, Clips, ClipState, Place, UnknownEvent
from aggregator.core.actions import Deed
from aggregator.core.errors import StoreError
from aggregator.core.incident import Incident
from aggregator.core.liveness import AgentKey, Camera
from aggregator.core.load import Desk
from aggregator.core.outcome import Outcome
from aggregator.core.ports import Batch, IncidentRow, LinkRow, Message, Meter, Retention, Store
from aggregator.core.precision import Judged
from aggregator.core.replay import Known
from aggregator.core.sequence import Sequence as Numbers
from aggregator.core.silences import Silence
from aggregator.desk import DeskView
from aggregator.intake import read
from aggregator.judges import SilenceWish
from aggregator.live import Delta
from aggregator.rebuild import Fresh as Fresh
from aggregator.rebuild import rebuilt
from aggregator.replayer import Replayer
from aggregator.taking import Publish, Taking
from aggregator.views import gone_view, incident_view, silence_view

log = structlog.get_logger()
TICK_S = 0.5
"""How often is done what time alone changes."""


class UnknownSilence(KeyError):
    """No silence has this id, or it was over long ago."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Messages that were taken while the batch before theirs was written. batch: theirs; None once it is written."""

    messages: Sequence[Message]
    batch: Batch | None


class Service:
    """Any thread may call anything. `now` is the clock: seconds since the epoch."""

    def __init__(self, store: Store, fresh: Fresh, publish: Publish, meter: Meter, now: Callable[[], float]) -> None:
        self._store, self._fresh, self._publish, self._meter, self._now = store, fresh, publish, meter, now
        self._lock = threading.Lock()
        self._numbers: dict[AgentKey, Numbers] = {}
        self._replayer, self._clips = Replayer(), Clips()
        self._ahead: _Ahead | None = None
        self._sound = False
        """Whether memory is as the store has it, but for what was taken ahead."""
        self.desk = DeskView(fresh.policies.load)
        self.refused = 0
        """Messages put into quarantine since `prune`."""
        self.ticked = 0.0
        """When it was last done what time alone changes."""
        self._arranged = True
        """Whether the desk is as the latest tick makes it."""
        self._restore()

    def handle(self, messages: Sequence[Message], ahead: Callable[[], Sequence[Message]] = tuple) -> None:
        """Stores the messages: when it returns, they may be acknowledged. Raises StoreError where none was stored.
        ahead: gives what is to be handled next; it is taken while the store writes."""
        with self._lock:
            taken = self._ahead
            if taken is None or taken.messages is not messages:
                self._catch_up()
                self._handle(messages, ahead)
                return
            self._ahead = None
            if taken.batch is not None:
                try:
                    self._write(taken.batch, ahead)
                except StoreError:
                    raise
                except Exception:  # noqa: BLE001 - `_handle` tells whose fault it is
                    self._handle(messages, ahead)

    def act(self, incident: str, deed: Deed) -> bytes:
        """The incident's new view. Raises UnknownIncident, TransitionRefused, DeedRefused or StoreError."""
        return self._do(lambda now: self._acting.act(incident, deed, now))[0]

    def merge(self, incident: str, other: str, deed: Deed) -> bytes:
        """The view of the one that goes on. Raises as `act`."""
        return self._do(lambda now: self._acting.merge(incident, other, deed, now), (incident, other))[0]

    def split(self, incident: str, event: str, deed: Deed) -> list[bytes]:
        """The incident's view and that of the new one. event: any of the episode that is taken out. Raises as `act`."""
        return self._do(lambda now: self._acting.split(incident, event, deed, now), (incident,))

    def hand_over(self, deed: Deed, sees: Callable[[Iterable[str]], bool]) -> list[bytes]:
        """Everything that deed.actor has in hand goes to deed.value, but what `sees` says he may not see. The views of
        what went, and of what stays. Raises DeedRefused or StoreError."""
        return self._do(lambda now: self._acting.hand_over(deed, sees, now))

    def silence(self, wish: SilenceWish) -> Silence:
        """Raises SilenceRefused or StoreError."""
        with self._alone():
            silence = self._judges.silence(wish, self._now())
            self._keep(silence, wish.actor, "silence.create")
            return silence

    def end_silence(self, identity: str, actor: str) -> Silence:
        """Raises UnknownSilence or StoreError."""
        with self._alone():
            try:
                silence = self._judges.end_silence(identity, self._now(), actor)
            except KeyError:
                raise UnknownSilence(identity) from None
            self._keep(silence, actor, "silence.end")
            return silence

    def judged(self) -> list[Judged]:
        """What verdicts have shown of each camera's rules."""
        with self._alone():
            return self._judges.judged(self._now())

    def look(self, sha256: str, actor: str, address: str = "") -> tuple[bytes, str] | None:
        """A picture or clip, and its media type; that somebody looked at it is noted before it is handed out."""
        found = self._store.evidence(sha256)
        if found is not None:
            self._store.commit(Batch(audit=[(self._now(), actor, "evidence.read", sha256, address)]))
        return found

    def clip(self, event: str, actor: str, address: str = "") -> ClipState:
        """Where the event's clip is; asks its agent if it is not here. Raises UnknownEvent, AgentAway, StoreError."""
        with self._alone():
            found = self._store.event_place(event)
            if found is None:
                raise UnknownEvent(event)
            if (here := self._store.clips([event]).get(event)) is not None:
                return ClipState(event, "here", here)
            place, now = Place(*found), self._now()
            agent = self._fleet.agents.get((place.site, place.agent))
            if agent is None or not agent.online:
                raise AgentAway("aggregator.agent_away", agent=place.agent, site=place.site)
            if self._clips.news(event, actor, now):
                self._store.commit(Batch(audit=[(now, actor, "evidence.ask", event, address)]))
            self._clips.ask(event, place, actor, now)
            return ClipState(event, "asked")

    def tick(self) -> None:
        """What time alone changes; call it TICK_S after `ticked`, unless what was taken ahead is handled next."""
        with self._alone():
            try:
                self._tick(self._now())
            except StoreError:
                raise
            except Exception:
                self._restore(unlinked=False)  # the culprit may be one that waited to be assigned
                raise

    def prune(self, retention: Retention) -> None:
        self.refused = 0
        past: dict[tuple[str, ...], dict[str, int]] = {}
        for identity, revision, sites in self._store.prune(retention, self._now()):
            past.setdefault(sites, {})[identity] = revision
        self._publish([Delta("gone", gone_view(ids), sites) for sites, ids in past.items()])

    def cameras(self) -> tuple[Camera, ...]:
        with self._alone():
            return tuple(self._fleet.cameras[key] for key in sorted(self._fleet.cameras))

    def incidents(self) -> tuple[Incident, ...]:
        """All that are in memory."""
        with self._alone():
            return tuple(self._correlator.incidents())

    def waiting(self) -> int:
        """Events that are stored and not assigned yet."""
        with self._alone():
            return self._correlator.waiting

    def gaps(self) -> dict[AgentKey, Known]:
        with self._alone():
            return self._known_numbers(ready=True)

    def asks(self, ready: bool) -> list[tuple[str, bytes]]:
        """(topic, payload) of commands that are to be sent now: agents are asked again for what has not come. What was
        taken ahead counts as come: if it cannot be stored it comes again.

        ready: False while there is no connection, or messages that have come wait to be taken.
        """
        with self._lock:
            if not self._sound:
                self._restore()
            replays = self._replayer.commands(self._now(), self._known_numbers(ready))
            return [*replays, *self._clips.commands()] if ready else replays

    def _tick(self, now: float) -> None:
        batch = Batch()
        self._pass_time(batch, now)
        if batch:
            self._commit(batch)
        self._show_desk(self._arrange())

    def _pass_time(self, batch: Batch, now: float) -> None:
        self.ticked, self._arranged = now, False
        for outcome in (self._correlator.tick(now), *self._judges.gather(now)):
            self._correlated(outcome, batch)
        self._taking.pass_time(batch, now)

    def _arrange(self) -> Desk | None:
        """The desk by what is in memory, once for each tick."""
        if self._arranged:
            return None
        self._arranged = True
        return self.desk.arranged(self._correlator.incidents(), self.ticked)

    def _show_desk(self, desk: Desk | None) -> None:
        view = self.desk.update(desk) if desk is not None else None
        if view is not None:
            self._publish([Delta("desk", view, ())])

    def _do(self, deed: Callable[[float], Done], settled: Sequence[str] = ()) -> list[bytes]:
        """What a person does; the views that it is answered with. settled: incidents that are to hold their event: what
        was announced before its event's turn gets it now."""
        with self._alone():
            now = self._now()
            for incident in settled:
                batch = Batch()
                self._correlated(self._correlator.settle(incident, now), batch)
                if batch:
                    self._commit(batch)
            done = deed(now)
            self._put(done.batch, done.incidents)
            self._correlated(done.outcome, done.batch)
            self._commit(done.batch)
            if done.batch.withdrawn:
                self._judges.relearn(self._store.verdicts(), now)
            return [done.batch.incidents[one.id].view for one in done.shown]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """For all but `handle`: nothing is in memory that is not in the store. Raises StoreError."""
        with self._lock:
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        """Writes what was taken ahead. Where that fails it is forgotten, and whoever comes between is not told:
        `handle` comes upon it again. Raises StoreError where memory cannot be rebuilt."""
        taken = self._ahead
        if taken is not None and taken.batch is not None:
            self._ahead = None
            with suppress(Exception):
                self._write(taken.batch)
                self._ahead = _Ahead(taken.messages, None)
        if not self._sound:
            self._restore()

    def _known_numbers(self, ready: bool) -> dict[AgentKey, Known]:
        known = {}
        for key, numbers in self._numbers.items():
            agent = self._fleet.agents.get(key)
            known[key] = Known(numbers, agent.told if agent else 0, ready and agent is not None and agent.online)
        return known

    def _handle(self, messages: Sequence[Message], ahead: Callable[[], Sequence[Message]] = tuple) -> None:
        """One batch; where something unforeseen breaks it, one message at a time, and the culprit into quarantine."""
        try:
            batch = self._take(messages)
            if batch:
                self._write(batch, ahead)
        except StoreError:
            raise  # nobody's fault: all of it comes again
        except Exception as error:
            self._restore(unlinked=False)  # the culprit may be one that waited to be assigned
            log.exception("batch_failed", size=len(messages))
            if len(messages) > 1:
                for message in messages:
                    self._handle([message])
                return
            batch = Batch()
            self._taking.quarantine(messages[0], type(error).__name__, "$", str(error), batch)
            self._taking.finish(batch)
            self._commit(batch)

    def _take(self, messages: Sequence[Message], before: Batch | None = None) -> Batch:
        """What the messages make of memory, as the store is to have it. before: the batch that is being written."""
        batch = Batch()
        reads = [read(message) for message in messages]
        ids = [one.event.id for one in reads if one.event is not None]
        known = set(self._store.known(ids)) if ids else set()
        if before is not None:
            known.update(row.event.id for row in before.events)
        self._taking.take(reads, known, batch)
        self._taking.finish(batch)
        if batch.events:
            kept_out = {row.event.id for row in batch.suppressed if row.suppressed.kept_out}
            hushed = frozenset(row.event.id for row in batch.suppressed if row.suppressed.hushed)
            fresh = [row.event for row in batch.events if row.event.id not in kept_out]
            self._correlated(self._correlator.step(fresh, messages[-1].received, hushed), batch)
        if before is not None and abs((now := self._now()) - self.ticked) >= TICK_S:
            self._pass_time(batch, now)
        self._see(batch)
        return batch

    def _take_ahead(self, messages: Sequence[Message], before: Batch) -> Desk | None:
        """The desk as the tick before made it. Raises nothing while the store writes: what a message breaks, `handle`
        comes upon again, where it can be told whose fault it is; what time alone breaks is told here."""
        desk = None
        try:
            desk = self._arrange()
            if messages:
                batch = self._take(messages, before)
                self._ahead = _Ahead(messages, batch or None)
        except Exception:
            self._sound = False
            log.warning("ahead_failed", size=len(messages), exc_info=True)
        return desk

    def _correlated(self, outcome: Outcome, batch: Batch) -> None:
        batch.merged += outcome.merged
        batch.moved += outcome.moved
        batch.episodes.update(outcome.episodes)
        batch.changes += outcome.changes
        batch.counted.update(((one.site, one.camera, one.family, one.many), one) for one in outcome.counted)
        self._put(batch, outcome.incidents)
        for one in outcome.assigned:
            episode = one.event.data.episode
            state = self._correlator.episode(episode)
            if state is not None:
                batch.episodes[episode] = state
            batch.links.append(LinkRow(one.event.id, one.incident, one.link, one.refused))

    def _put(self, batch: Batch, incidents: Sequence[Incident]) -> None:
        """The view is encoded once per batch, in `_commit`."""
        for one in incidents:
            batch.incidents[one.id] = IncidentRow(one, (), b"")

    def _keep(self, silence: Silence, actor: str, action: str) -> None:
        batch = Batch(silences=[silence], audit=[(self._now(), actor, action, silence.id, silence.reason)])
        self._commit(batch)
        self._publish([Delta("silence", silence_view(silence), (silence.site,) if silence.site else None)])

    def _see(self, batch: Batch) -> None:
        """Incidents as they are now, encoded once for everybody."""
        for key, row in batch.incidents.items():
            trails = self._correlator.trails(key)
            batch.incidents[key] = IncidentRow(row.incident, trails, incident_view(row.incident, trails))

    def _commit(self, batch: Batch) -> None:
        self._see(batch)
        self._write(batch)

    def _write(self, batch: Batch, ahead: Callable[[], Sequence[Message]] = tuple) -> None:
        """Commits, then publishes. ahead: what is to be taken while the store writes."""
        desks: list[Desk | None] = []
        try:
            gone = deltas.gone(batch, self._store.incident_view)
            self._store.commit(batch, lambda: desks.append(self._take_ahead(ahead(), batch)))
        except Exception:
            self._restore()
            raise
        self.refused += len(batch.quarantine)
        self._publish([*deltas.changed(batch), *gone])
        for desk in desks:
            self._show_desk(desk)

    def _restore(self, unlinked: bool = True) -> None:
        """unlinked: also takes in again what was stored and not yet assigned."""
        self._ahead, self._sound = None, False
        known = rebuilt(self._store, self._fresh, self._now(), unlinked)
        self._fleet, self._correlator, self._judges, self._numbers = (
            known.fleet,
            known.correlator,
            known.judges,
            known.numbers,
        )
        self._acting = Acting(known.correlator, known.judges, self._store)
        self._taking = Taking(known, self._replayer, self._clips, self._meter, self._publish)
        self._sound = True
