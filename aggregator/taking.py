"""What one message changes in memory, and what of it the next commit is to write."""

from collections.abc import Callable, Sequence

import msgspec
import structlog

from aggregator.clips import Clips
from aggregator.core.liveness import Agent, AgentKey, Camera
from aggregator.core.ports import Batch, EventRow, Message, Meter
from aggregator.core.sequence import Sequence as Numbers
from aggregator.core.sequence import give_up, observe, settle
from aggregator.intake import Read, event_number, picture, refused
from aggregator.live import Delta
from aggregator.rebuild import Rebuilt
from aggregator.replayer import Replayer
from contract import topics
from contract.codec import decode
from contract.errors import CodecError
from contract.events import Event
from contract.messages import Health, Reply, Status

log = structlog.get_logger()

Publish = Callable[[Sequence[Delta]], None]
"""To the live stream, as one piece of news. Must not wait."""


class Taking:
    """memory: what it changes. One thread at a time. What is said of a batch as a whole, `finish` says once."""

    def __init__(self, memory: Rebuilt, replayer: Replayer, clips: Clips, meter: Meter, publish: Publish) -> None:
        self._fleet, self._judges, self._numbers = memory.fleet, memory.judges, memory.numbers
        self._delayed_after_s = memory.correlator.policy.delayed_after_s
        self._replayer, self._clips, self._meter, self._publish = replayer, clips, meter, publish
        self._heard: dict[AgentKey, None] = {}
        self._lags: list[float | None] = []

    def take(self, read: Sequence[Read], known: set[str], batch: Batch) -> None:
        """known: ids of events that have come before; these are added."""
        judge, numbers, rows = self._judges.judge, self._numbers, batch.events
        for one in read:
            event = one.event
            if event is None:
                self._other(one, batch)
                continue
            now, key = one.message.received, (event.data.site, event.agent)
            if event.id in known:
                self._again(event, key, now, batch)
                continue
            known.add(event.id)
            if shown := self._fleet.event(event, now):
                self.show(batch, shown)
            lag = now - event.time.timestamp()
            delayed = event.data.delayed or lag > self._delayed_after_s
            rows.append(EventRow(event, one.message.payload, now, delayed))
            suppressed = judge(event, now, now)
            if suppressed is not None:
                batch.suppressed.append(suppressed)
            numbers[key] = observe(numbers.get(key), int(event.sequence))
            self._heard[key] = None
            self._lags.append(None if delayed else lag)

    def _other(self, one: Read, batch: Batch) -> None:
        try:
            if one.error is not None:
                raise one.error
            if one.topic is not None and one.topic.channel == "evidence":
                self._evidence(one.message, one.topic, batch)
            elif one.topic is not None:
                self._about_agent(one.message, one.topic, batch)
        except CodecError as error:
            message = one.message
            self.quarantine(message, type(error).__name__, error.field, str(error), batch)
            log.warning("message_refused", topic=message.topic, field=error.field, error=str(error))

    def quarantine(self, message: Message, error: str, field: str, detail: str, batch: Batch) -> None:
        """An event that is refused has come all the same: asking for it again would only refuse it again."""
        batch.quarantine.append(refused(message, error, field, detail))
        told = event_number(message)
        if told is not None and told[0] in self._numbers:
            self._settle(*told)
        self._meter.events("quarantined", [None])

    def finish(self, batch: Batch) -> None:
        """After the last message of a batch."""
        for key in self._heard:
            agent = self._fleet.agents.get(key) or Agent(site=key[0], id=key[1])
            batch.agents[key] = (agent, self._numbers.get(key))
        self._heard.clear()
        self._meter.events("stored", self._lags)
        self._lags.clear()

    def pass_time(self, batch: Batch, now: float) -> None:
        """Agents that have fallen silent."""
        gone, cameras = self._fleet.tick(now)
        for key in gone:
            self._judges.agent(*key, False, now)
            batch.agents[key] = (self._fleet.agents[key], self._numbers.get(key))
        self.show(batch, cameras)

    def show(self, batch: Batch, cameras: Sequence[Camera]) -> None:
        for camera in cameras:
            batch.cameras[camera.key] = camera

    def _about_agent(self, message: Message, topic: topics.Topic, batch: Batch) -> None:
        key = topic.site, topic.owner
        if topic.channel == "status":
            status = decode(message.payload, Status)
            self.show(batch, self._fleet.status(topic.site, topic.owner, status, message.received))
            self._judges.agent(*key, status.state == "online", message.received)
        elif topic.channel == "health":
            health = decode(message.payload, Health)
            self.show(batch, self._fleet.health(topic.site, topic.owner, health, message.received))
            self._judges.agent(*key, True, message.received)
            if key not in self._numbers and (told := self._fleet.agents[key].told):
                self._numbers[key] = Numbers(told)  # what came before we knew the agent is not asked for
        elif topic.channel == "reply":
            reply = decode(message.payload, Reply)
            if (none := self._clips.answer(key, reply)) is not None:
                about = {"event": none.event, "site": topic.site, "error": none.error, "why": none.why}
                self._publish([Delta("clip", msgspec.json.encode(about), (topic.site,))])
            gone = self._replayer.answer(key, reply)
            if not gone or key not in self._numbers:
                return
            self._numbers[key] = give_up(self._numbers[key], gone)
            log.warning("events_lost", site=topic.site, agent=topic.owner, numbers=gone)
        else:
            return
        self._heard[key] = None

    def _again(self, event: Event, key: AgentKey, now: float, batch: Batch) -> None:
        self._settle(key, int(event.sequence))
        batch.suppressed.append(self._judges.duplicate(event, now))
        self._meter.events("duplicate", [None])

    def _evidence(self, message: Message, topic: topics.Topic, batch: Batch) -> None:
        try:
            batch.evidence.append(picture(message, topic))
        except CodecError:
            self._meter.evidence("refused")
            raise
        self._meter.evidence("stored")

    def _settle(self, key: AgentKey, number: int) -> None:
        before = self._numbers.get(key)
        after = settle(before, number)
        if after is not before:
            self._numbers[key] = after
            self._heard[key] = None
