"""The shortcut through PUBLISH packets reads what paho reads, and leaves to paho what is not whole or not plain."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from aggregator.adapters.mqtt_fast import publishes

Taken = tuple[str, bytes, int]


def packet(topic: str, payload: bytes, qos: int, mid: int, five: bool, user: str = "") -> bytes:
    """One PUBLISH, made independently of the reader."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name
    if qos:
        body += mid.to_bytes(2, "big")
    if five:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if user:
            properties.UserProperty = ("key", user)
            properties.MessageExpiryInterval = 60
        body += properties.pack()  # type: ignore[no-untyped-call]
    body += payload
    length, size = b"", len(body)
    while True:
        size, part = divmod(size, 128)
        length += bytes([part | (0x80 if size else 0)])
        if not size:
            break
    return bytes([0x30 | qos << 1]) + length + body


def taken(data: bytes, five: bool) -> tuple[list[Taken], int]:
    got: list[Taken] = []
    used = publishes(bytearray(data), five, lambda *one: got.append(one))
    return got, used


MESSAGES = st.lists(
    st.tuples(
        st.text(min_size=1, max_size=40).filter(lambda text: "\x00" not in text and text.isprintable()),
        st.binary(max_size=300),
        st.integers(0, 1),
        st.integers(1, 65_535),
        st.text(max_size=200, alphabet="abcdefgh"),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(MESSAGES, st.booleans(), st.data())
def test_whole_packets_are_read_and_the_rest_is_left(messages: list[Any], five: bool, data: st.DataObject) -> None:
    packets = [packet(topic, payload, qos, mid, five, user) for topic, payload, qos, mid, user in messages]
    stream = b"".join(packets)
    cut = data.draw(st.integers(0, len(stream)))
    got, used = taken(stream[:cut], five)
    whole, at = 0, 0
    for one in packets:
        if at + len(one) > cut:
            break
        whole, at = whole + 1, at + len(one)
    assert used == at
    assert got == [(topic, payload, mid if qos else 0) for topic, payload, qos, mid, _ in messages[:whole]]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_rubbish_is_left_to_paho(data: bytes, five: bool) -> None:
    got, used = taken(data, five)
    assert used <= len(data)
    assert (used == 0) == (got == [])


def test_what_is_not_plain_is_left_to_paho() -> None:
    good = packet("a/b", b"x", 1, 7, True)
    ping, twice = b"\xd0\x00", packet("a/b", b"x", 2, 8, True)
    assert taken(good + ping + good, True) == ([("a/b", b"x", 7)], len(good))
    assert taken(twice + good, True) == ([], 0)
    assert taken(packet("", b"x", 1, 7, True), True) == ([], 0)  # a topic alias
    assert taken(packet("a/b", b"x", 1, 0, True), True) == ([], 0)
    broken = bytearray(packet("ab", b"x", 0, 0, False))
    broken[4] = 0xFF
    assert taken(bytes(broken), False) == ([], 0)
