"""Commands to agents whose replies are waited for, and which question a reply answers."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from aggregator.core.liveness import AgentKey
from contract import topics
from contract.codec import encode
from contract.ids import uuid7
from contract.messages import Command, CommandName, Reply

EXPIRES_S = 60
"""An agent that gets the command later does not carry it out."""
REMEMBERED = 10_000
"""Commands whose answers are waited for."""
About = TypeVar("About")


class Questions(Generic[About]):
    """Of one command. One thread at a time. Forgets all with a restart: then who misses an answer asks again."""

    def __init__(self, name: CommandName) -> None:
        self._name: CommandName = name
        self._asked: OrderedDict[str, tuple[AgentKey, About]] = OrderedDict()

    def open(self) -> Iterator[About]:
        """What was asked and not answered."""
        return (about for _, about in self._asked.values())

    def ask(
        self, key: AgentKey, about: About, now: float, args: Mapping[str, Any], camera: str | None = None
    ) -> tuple[str, bytes]:
        """(topic, payload) to be sent to the agent; now: seconds since the epoch."""
        id_ = uuid7(int(now * 1000), os.urandom(10))
        self._asked[id_] = key, about
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        issued = datetime.fromtimestamp(now, UTC)
        expires = issued + timedelta(seconds=EXPIRES_S)
        command = Command(id=id_, name=self._name, issued=issued, expires=expires, camera=camera, args=dict(args))
        return topics.command(*key, self._name), encode(command)

    def answered(self, key: AgentKey, reply: Reply) -> About | None:
        """What this reply of the agent `key` is about, once; None where it answers no question of ours."""
        asker, about = self._asked.get(reply.id, (None, None))
        if asker != key:
            return None
        del self._asked[reply.id]
        return about
