"""What every Spool does."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from contract import topics
from contract.codec import decode
from contract.events import Event, sequence_text
from contract.ids import derived_uuid7
from edge_agent.adapters.spool_sqlite import SqliteSpool
from edge_agent.core.ports import Spool
from tests.fakes import MemorySpool
from tests.samples import NOW_MS, sample_event

MAKERS: dict[str, Callable[[Path], Spool]] = {
    "sqlite": lambda folder: SqliteSpool(folder / "spool.sqlite", 100_000_000),
    "memory": lambda folder: MemorySpool(),
}


@pytest.fixture(params=MAKERS)
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spool]:
    made = MAKERS[request.param](tmp_path)
    yield made
    made.close()


def numbered(number: int) -> Event:
    return msgspec.structs.replace(sample_event(), id=derived_uuid7(NOW_MS, "spool", str(number)))


def test_events_get_gap_free_sequence_numbers_and_come_back_in_order(spool: Spool) -> None:
    stored = [spool.append(numbered(n), {}) for n in range(20)]
    assert [event.sequence for event in stored] == [sequence_text(n) for n in range(1, 21)]
    assert [decode(message.payload, Event) for message in spool.pending(100)] == stored
    assert spool.depth() == 20


def test_evidence_lies_right_behind_its_event(spool: Spool) -> None:
    first, second = numbered(1), numbered(2)
    spool.append(first, {"a" * 64: b"\xff\xd8picture"})
    spool.append(second, {})
    site, camera = first.data.site, first.data.camera
    event_topic, picture_topic = topics.event(site, camera), topics.evidence(site, camera, first.id)
    waiting = spool.pending(10)
    assert [message.topic for message in waiting] == [event_topic, picture_topic, event_topic]
    assert waiting[1].payload == b"\xff\xd8picture"


def test_pending_pages_by_key_and_limit(spool: Spool) -> None:
    for number in range(5):
        spool.append(numbered(number), {})
    page = spool.pending(2)
    rest = spool.pending(10, after=page[-1].key)
    assert len(page) == 2
    keys = [message.key for message in (*page, *rest)]
    assert keys == sorted(set(keys))
    assert len(keys) == 5


def test_only_what_is_acknowledged_goes(spool: Spool) -> None:
    for number in range(4):
        spool.append(numbered(number), {})
    keys = [message.key for message in spool.pending(10)]
    spool.acknowledge([keys[1], keys[3], keys[3], 10**9])
    spool.acknowledge([])
    assert [message.key for message in spool.pending(10)] == [keys[0], keys[2]]
    spool.append(numbered(9), {})
    assert spool.pending(10)[-1].key > keys[3]


def acknowledge_all(spool: Spool) -> None:
    spool.acknowledge([message.key for message in spool.pending(1000)])


def test_a_replay_makes_events_and_their_evidence_wait_again(spool: Spool) -> None:
    made = [spool.append(numbered(n), {"a" * 64: b"picture %d" % n} if n == 2 else {}) for n in range(5)]
    before = spool.pending(100)
    acknowledge_all(spool)
    assert (spool.depth(), list(spool.pending(100))) == (0, [])
    assert spool.replay(((2, 3), (5, 5))) == (3, ())
    again = spool.pending(100)
    assert [decode(m.payload, Event) for m in again if m.topic.endswith("/event")] == [made[1], made[2], made[4]]
    assert [m.payload for m in again if "/evidence/" in m.topic] == [b"picture 2"]
    assert [m.key for m in again] == [before[1].key, before[2].key, before[3].key, before[5].key]
    assert [m.stored for m in again] == [m.stored for m in before if m.key in {one.key for one in again}]
    assert spool.depth() == 4
    acknowledge_all(spool)
    assert spool.depth() == 0
    assert spool.replay(((2, 2),)) == (1, ())


def test_a_replay_tells_what_is_gone_and_counts_what_waits_anyway(spool: Spool) -> None:
    for number in range(4):
        spool.append(numbered(number), {})
    spool.acknowledge([spool.pending(1)[0].key])
    assert spool.replay(((1, 2), (4, 9), (20, 30))) == (3, ((5, 9), (20, 30)))
    assert spool.depth() == 4
    assert spool.replay(((7, 7),)) == (0, ((7, 7),))


def test_the_last_number_is_told_and_does_not_depend_on_what_is_kept(spool: Spool) -> None:
    assert spool.last_sequence() == 0
    for number in range(3):
        spool.append(numbered(number), {})
    acknowledge_all(spool)
    spool.prune()
    assert spool.last_sequence() == 3


def test_any_thread_may_append(spool: Spool) -> None:
    threads = [
        threading.Thread(target=lambda base=base: [spool.append(numbered(base + n), {}) for n in range(10)])
        for base in range(0, 40, 10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequences = [decode(message.payload, Event).sequence for message in spool.pending(100)]
    assert sequences == [sequence_text(n) for n in range(1, 41)]
