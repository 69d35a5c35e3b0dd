"""Events that the disk refuses: kept for a while, then lost with a word in the log, and never with a crash."""

from typing import Any

from structlog.testing import capture_logs

from contract.errors import CodecError, JagaError
from edge_agent.core.errors import SpoolError
from edge_agent.runtime_evidence import Output
from edge_agent.runtime_outbox import MOST_UNSAVED, Outbox
from tests.timeline import make_event

FULL = SpoolError("edge.spool.unusable", path="spool.sqlite", detail="database or disk is full")
UNWRITABLE = CodecError("codec.time_too_early", "time", value="1970", allowed="2020")


class Refusing:
    """A spool on which nothing can be kept."""

    def __init__(self, error: JagaError) -> None:
        self._error = error

    def append(self, *_: object) -> object:
        raise self._error


def outbox(error: JagaError) -> Outbox:
    spool: Any = Refusing(error)
    return Outbox(spool, lambda: None, lambda: "0" * 8)


def outputs(count: int) -> list[Output]:
    return [Output(make_event(n, "gate", episode=str(n)), {}) for n in range(count)]


def lost(entries: Any) -> list[str]:
    return [one["id"] for one in entries if one["event"] == "event_lost"]


def test_what_no_room_is_left_for_is_lost_oldest_first_and_the_rest_at_the_end() -> None:
    given = outputs(MOST_UNSAVED + 2)
    box = outbox(FULL)
    with capture_logs() as entries:
        box.store(given)
    assert lost(entries) == [one.event.id for one in given[:2]]
    with capture_logs() as entries:
        box.give_up()
    assert lost(entries) == [one.event.id for one in given[2:]]


def test_an_event_that_cannot_be_written_holds_up_no_other() -> None:
    given = outputs(3)
    box = outbox(UNWRITABLE)
    with capture_logs() as entries:
        box.store(given)
        box.give_up()
    assert lost(entries) == [one.event.id for one in given]
