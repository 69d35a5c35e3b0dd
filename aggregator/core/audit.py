"""The audit log's chain: each record carries the hash of the one before, so that an edit or a gap shows.

hash = SHA-256 of the record as JSON (keys action, actor, detail, object, prev, seq, time; sorted, no spaces, ASCII with
\\u escapes), `prev` being the hash before in hexadecimal, `time` milliseconds since the epoch. An anchor, "seq:hash",
kept elsewhere shows that nothing up to it was rewritten or cut off.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

GENESIS = "0" * 64
"""Before the first record."""
Entry = tuple[float, str, str, str, str]
"""(seconds since the epoch, actor, action, object, detail)"""


@dataclass(frozen=True, slots=True)
class End:
    """The last record of a part of the chain. seq 0: nothing yet."""

    seq: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


def parse_end(text: str) -> End:
    """Of "seq:hash". Raises ValueError."""
    seq, _, digest = text.strip().partition(":")
    if len(digest) != 64 or set(digest) - set("0123456789abcdef") or not (seq.isascii() and seq.isdigit()):
        raise ValueError(f"{text!r} is not seq:hash")
    return End(int(seq), digest)


@dataclass(frozen=True, slots=True)
class Record:
    """time: milliseconds since the epoch. prev: the hash before."""

    seq: int
    time: int
    actor: str
    action: str
    object: str
    detail: str
    prev: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """None: any. since, until: seconds since the epoch. before: the number of the last record of the page before."""

    limit: int = 100
    before: int | None = None
    action: str | None = None
    actor: str | None = None
    object: str | None = None
    since: float | None = None
    until: float | None = None


_HASHED = ("actor", "action", "detail", "object", "prev", "seq", "time")
_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def digest(record: Record) -> str:
    fields = {name: getattr(record, name) for name in _HASHED}
    return hashlib.sha256(_json.encode(fields).encode()).hexdigest()


def chain(head: End, entries: Iterable[Entry]) -> Iterator[Record]:
    """The records that follow `head`."""
    for time, actor, action, what, detail in entries:
        unsealed = Record(head.seq + 1, round(time * 1000), actor, action, what, detail, head.hash, "")
        record = replace(unsealed, hash=digest(unsealed))
        head = End(record.seq, record.hash)
        yield record


class Broken(Exception):
    """The chain does not hold. reason: changed, gap, link, cut, anchor, or early: an anchor before the
    first record, which shows nothing. seq: where."""

    def __init__(self, reason: str, seq: int) -> None:
        super().__init__(reason, seq)
        self.reason, self.seq = reason, seq


def verify(records: Iterable[Record], floor: End, known: Iterable[End] = ()) -> End:
    """The end of the chain that begins after `floor`. Raises Broken.

    known: ends that were noted earlier, by the store itself or elsewhere: the chain has to go through them.
    """
    wanted = {end.seq: end.hash for end in known}
    if wanted.pop(floor.seq, floor.hash) != floor.hash:
        raise Broken("anchor", floor.seq)
    for seq in wanted:
        if seq < floor.seq:
            raise Broken("early", seq)
    last = floor
    for record in records:
        if record.seq != last.seq + 1:
            raise Broken("gap", last.seq + 1)
        if record.prev != last.hash:
            raise Broken("link", record.seq)
        if digest(record) != record.hash:
            raise Broken("changed", record.seq)
        last = End(record.seq, record.hash)
        if wanted.pop(record.seq, record.hash) != record.hash:
            raise Broken("anchor", record.seq)
    if any(seq > last.seq for seq in wanted):
        raise Broken("cut", last.seq + 1)
    return last
