"""The command `replay` made from what aggregator.core.replay wants, and its reply read."""

from collections.abc import Mapping

import structlog

from aggregator.core.liveness import AgentKey
from aggregator.core.replay import Known, Replays
from aggregator.questions import Questions
from contract import ranges
from contract.messages import Reply
from contract.ranges import Ranges
from contract.replay import read_result

log = structlog.get_logger()


class Replayer:
    """One thread at a time."""

    def __init__(self) -> None:
        self._replays = Replays()
        self._questions: Questions[Ranges] = Questions("replay")

    def commands(self, now: float, agents: Mapping[AgentKey, Known]) -> list[tuple[str, bytes]]:
        """(topic, payload) of each command to be sent now; now: seconds since the epoch."""
        return [self._command(now, key, wanted) for key, wanted in self._replays.step(now, agents).items()]

    def answer(self, key: AgentKey, reply: Reply) -> Ranges:
        """What of the events asked for the agent `key` no longer has; nothing where this answers no question of ours.

        Raises WrongType where the answer is none.
        """
        wanted = self._questions.answered(key, reply)
        if wanted is None:
            return ()
        if not reply.ok:
            log.warning("replay_refused", site=key[0], agent=key[1], error=reply.error)
            return ()
        result = read_result(reply.result)
        gone = ranges.intersect(result.gone, wanted)
        log.info("replay_answered", site=key[0], agent=key[1], queued=result.queued, gone=ranges.count(gone))
        return gone

    def _command(self, now: float, key: AgentKey, wanted: Ranges) -> tuple[str, bytes]:
        log.info("replay_asked", site=key[0], agent=key[1], numbers=ranges.count(wanted), first=wanted[0][0])
        return self._questions.ask(key, wanted, now, {"ranges": wanted})
