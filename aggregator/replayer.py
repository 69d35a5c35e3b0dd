"""The command `replay` made from what aggregator.core.replay wants, and its reply read."""

import os
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from aggregator.core.liveness import AgentKey
from aggregator.core.replay import Known, Replays
from contract import ranges, topics
from contract.codec import encode
from contract.ids import uuid7
from contract.messages import Command, Reply
from contract.ranges import Ranges
from contract.replay import read_result

EXPIRES_S = 60
"""An agent that gets the command later does not carry it out: it will have been asked again."""
REMEMBERED = 10_000
"""Commands whose answers are waited for."""
log = structlog.get_logger()


class Replayer:
    """One thread at a time."""

    def __init__(self) -> None:
        self._replays = Replays()
        self._asked: OrderedDict[str, tuple[AgentKey, Ranges]] = OrderedDict()

    def commands(self, now: float, agents: Mapping[AgentKey, Known]) -> list[tuple[str, bytes]]:
        """(topic, payload) of each command to be sent now; now: seconds since the epoch."""
        return [self._command(now, key, wanted) for key, wanted in self._replays.step(now, agents).items()]

    def answer(self, key: AgentKey, reply: Reply) -> Ranges:
        """What of the events asked for the agent `key` no longer has; nothing where this answers no question of ours.

        Raises WrongType where the answer is none.
        """
        asker, wanted = self._asked.get(reply.id, (None, ()))
        if asker != key:
            return ()
        del self._asked[reply.id]
        if not reply.ok:
            log.warning("replay_refused", site=key[0], agent=key[1], error=reply.error)
            return ()
        result = read_result(reply.result)
        gone = ranges.intersect(result.gone, wanted)
        log.info("replay_answered", site=key[0], agent=key[1], queued=result.queued, gone=ranges.count(gone))
        return gone

    def _command(self, now: float, key: AgentKey, wanted: Ranges) -> tuple[str, bytes]:
        id_ = uuid7(int(now * 1000), os.urandom(10))
        self._asked[id_] = key, wanted
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        issued = datetime.fromtimestamp(now, UTC)
        expires = issued + timedelta(seconds=EXPIRES_S)
        command = Command(id=id_, name="replay", issued=issued, expires=expires, args={"ranges": wanted})
        log.info("replay_asked", site=key[0], agent=key[1], numbers=ranges.count(wanted), first=wanted[0][0])
        return topics.command(*key, command.name), encode(command)
