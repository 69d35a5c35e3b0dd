"""Clips that people ask agents for: the commands, and what their replies say.

The clip itself comes as evidence of its event, behind whatever waits in the agent's spool; a reply only says that it is
on its way, or why there is none.
"""

from dataclasses import dataclass
from typing import Literal

import structlog

from aggregator.core.liveness import AgentKey
from aggregator.core.wording import worded
from aggregator.questions import EXPIRES_S, Questions
from contract import clip
from contract.errors import JagaError
from contract.messages import Reply
from contract.sentence import Sentence

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
class NoClip:
    """error: in the agent's own words. why: as a sentence of the catalogue, None where there are only words."""

    event: str
    error: str
    why: Sentence | None


COMES_S = 600.0
"""How long a clip that an agent has promised is waited for: on a bad line the events go first."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """by: everybody who has asked for it since the command."""

    event: str
    at: float
    by: set[str]


class Clips:
    """One thread at a time. now: seconds since the epoch."""

    def __init__(self) -> None:
        self._questions: Questions[_Asked] = Questions("clip")
        self._outgoing: list[tuple[str, bytes]] = []
        self._promised: dict[str, _Asked] = {}

    def news(self, event: str, actor: str, now: float) -> bool:
        """Whether it would be something new that this person asks: nobody has asked, or only others have."""
        running = self._running(event, now)
        return running is None or actor not in running.by

    def ask(self, event: str, place: Place, actor: str, now: float) -> None:
        """One command, however many people ask while the agent may still carry it out, or the clip is on its way."""
        running = self._running(event, now)
        if running is not None:
            running.by.add(actor)
            return
        key = place.site, place.agent
        asked = _Asked(event, now, {actor})
        self._outgoing.append(self._questions.ask(key, asked, now, {"event": event}, place.camera))
        log.info("clip_asked", site=place.site, agent=place.agent, event_id=event)

    def commands(self) -> list[tuple[str, bytes]]:
        """(topic, payload) of what is to be sent now, each once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def answer(self, key: AgentKey, reply: Reply) -> NoClip | None:
        """None where the agent `key` has it, or where this answers no question of ours. Raises WrongType where the
        answer is none."""
        asked = self._questions.answered(key, reply)
        if asked is None:
            return None
        if not reply.ok:
            log.info("clip_refused", site=key[0], agent=key[1], event_id=asked.event, error=reply.error)
            return NoClip(asked.event, reply.error, worded(reply.error, reply.why))
        size = clip.read_result(reply.result).bytes
        self._promised[asked.event] = asked
        log.info("clip_comes", site=key[0], agent=key[1], event_id=asked.event, size=size)
        return None

    def _running(self, event: str, now: float) -> _Asked | None:
        self._promised = {name: one for name, one in self._promised.items() if now - one.at < COMES_S}
        open_ = (one for one in self._questions.open() if one.event == event and now - one.at < EXPIRES_S)
        return self._promised.get(event) or next(open_, None)
