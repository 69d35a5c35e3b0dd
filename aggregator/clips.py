"""Clips that people ask agents for: the commands, and what their replies say.

The clip itself comes as evidence of its event, behind whatever waits in the agent's spool; a reply only says that it is
on its way, or why there is none.
"""

import os
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog

from aggregator.core.liveness import AgentKey
from contract import clip, topics
from contract.codec import encode
from contract.errors import JagaError
from contract.ids import uuid7
from contract.messages import Command, Reply

EXPIRES_S = 60.0
"""An agent that gets the command later does not carry it out; until then nobody asks it again."""
REMEMBERED = 10_000
"""Commands whose answers are waited for."""
log = structlog.get_logger()


class AgentAway(JagaError):
    """The agent that would have the clip is not connected (catalogue key aggregator.agent_away)."""


class UnknownEvent(KeyError):
    """No event has this id."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose event it is."""

    site: str
    agent: str
    camera: str


@dataclass(frozen=True, slots=True)
class ClipState:
    """here: it is stored, under `sha256`. asked: its agent was asked for it, and its evidence will come."""

    event: str
    state: Literal["here", "asked"]
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    agent: AgentKey
    event: str
    at: float


class Clips:
    """One thread at a time. now: seconds since the epoch. Forgets all with a restart: whoever misses his clip then asks
    again."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        self._outgoing: list[tuple[str, bytes]] = []

    def ask(self, event: str, place: Place, now: float) -> None:
        """Once in EXPIRES_S."""
        if any(one.event == event and now - one.at < EXPIRES_S for one in self._asked.values()):
            return
        id_ = uuid7(int(now * 1000), os.urandom(10))
        issued = datetime.fromtimestamp(now, UTC)
        args = {"event": event}
        command = Command(
            id=id_,
            name="clip",
            issued=issued,
            expires=issued + timedelta(seconds=EXPIRES_S),
            camera=place.camera,
            args=args,
        )
        self._asked[id_] = _Asked((place.site, place.agent), event, now)
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        self._outgoing.append((topics.command(place.site, place.agent, command.name), encode(command)))
        log.info("clip_asked", site=place.site, agent=place.agent, event_id=event)

    def commands(self) -> list[tuple[str, bytes]]:
        """(topic, payload) of what is to be sent now, each once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def answer(self, key: AgentKey, reply: Reply) -> tuple[str, str] | None:
        """(event, why there is no clip) where the agent `key` has none; None where it has, or where this answers no
        question of ours. Raises WrongType where the answer is none."""
        asked = self._asked.get(reply.id)
        if asked is None or asked.agent != key:
            return None
        del self._asked[reply.id]
        if not reply.ok:
            log.info("clip_refused", site=key[0], agent=key[1], event_id=asked.event, error=reply.error)
            return asked.event, reply.error
        log.info(
            "clip_comes", site=key[0], agent=key[1], event_id=asked.event, size=clip.read_result(reply.result).bytes
        )
        return None
