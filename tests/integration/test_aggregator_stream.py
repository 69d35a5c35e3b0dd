"""Server-sent events over a real server and real sockets."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from aggregator.config_people import HttpSection
from aggregator.live import Delta
from aggregator.runtime import MOST_CONNECTIONS
from tests.brokers import wait_until
from tests.desks import Desk, desk
from tests.timeline import make_event, place


@dataclass
class Sent:
    id: str | None
    event: str
    data: Any


class Stream:
    """One client; iterating yields what the server sends."""

    def __init__(self, url: str, last_event_id: str | None = None, query: str = "") -> None:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        self._client = httpx.Client(timeout=15)
        self._response = self._client.send(
            self._client.build_request("GET", f"{url}/api/v1/stream{query}", headers=headers), stream=True
        )
        self._lines = self._response.iter_lines()
        self.headers = self._response.headers

    def next(self) -> Sent:
        fields: dict[str, str] = {}
        for line in self._lines:
            if line == "" and "event" in fields:
                return Sent(fields.get("id"), fields["event"], json.loads(fields["data"]))
            name, _, value = line.partition(": ")
            fields[name] = value
        raise EOFError

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._client.close()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as running:
        yield running


def see(one: Desk, t: float, phase: str = "begin", camera: str = "gate") -> None:
    one.take(make_event(t, camera, "brawl", phase, location=place(0, 0), started=0.0))  # type: ignore[arg-type]


def test_a_snapshot_and_then_deltas(one: Desk) -> None:
    see(one, 0)
    with Stream(one.url) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        snapshot = stream.next()
        assert snapshot.event == "snapshot"
        assert [incident["event_count"] for incident in snapshot.data["incidents"]] == [1]
        assert [camera["id"] for camera in snapshot.data["cameras"]] == ["gate"]
        assert snapshot.data["cameras"][0]["lat"] == pytest.approx(-6.2)
        assert snapshot.data["response"]["acknowledge_s"] == {"critical": 60, "major": 180, "minor": 900, "info": 3600}
        assert snapshot.data["response"]["resolve_s"]["critical"] == 1800
        see(one, 5, "update")
        delta = stream.next()
        assert (delta.event, delta.data["event_count"]) == ("incident", 2)
        assert delta.data["revision"] > snapshot.data["incidents"][0]["revision"]


def test_resuming_sends_only_what_was_missed(one: Desk) -> None:
    with Stream(one.url) as stream:
        seen = stream.next().id
    see(one, 0)
    see(one, 5, "update")
    with Stream(one.url, seen) as stream:
        missed = [stream.next() for _ in range(4)]
    assert [sent.event for sent in missed] == ["incident", "camera", "incident", "resumed"]
    with Stream(one.url, missed[-2].id) as stream:
        assert stream.next().event == "resumed"
        see(one, 9, "end")
        assert (sent := stream.next()).event == "incident"
        assert sent.data["event_count"] == 3


@pytest.mark.parametrize(
    "stale", ["other-5", "boot-99", "boot-", "boot-x", "nonsense", "boot--1", "boot-" + "9" * 5000]
)
def test_an_id_of_another_run_gets_a_snapshot(one: Desk, stale: str) -> None:
    see(one, 0)
    with Stream(one.url, stale) as stream:
        assert stream.next().event == "snapshot"


def test_who_is_too_far_behind_gets_a_snapshot(tmp_path: Path) -> None:
    with desk(tmp_path, ring=4) as one:
        with Stream(one.url) as stream:
            old = stream.next().id
        for t in range(6):
            see(one, t, "update")
        with Stream(one.url, old) as stream:
            snapshot = stream.next()
        assert (snapshot.event, snapshot.data["incidents"][0]["event_count"]) == ("snapshot", 6)


def test_all_clients_get_the_same_bytes(one: Desk) -> None:
    with Stream(one.url) as a, Stream(one.url) as b:
        a.next(), b.next()
        see(one, 0)
        assert [a.next(), a.next()] == [b.next(), b.next()]


def test_a_page_that_opens_the_stream_anew_says_where_it_was(one: Desk) -> None:
    with Stream(one.url) as stream:
        seen = stream.next().id
    see(one, 0)
    with Stream(one.url, query=f"?after={seen}") as stream:
        assert [stream.next().event for _ in range(3)] == ["incident", "camera", "resumed"]
    with Stream(one.url, "other-1", query=f"?after={seen}") as stream:
        assert stream.next().event == "snapshot"


def test_the_server_says_what_it_knows_of_itself(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.api.stream.HEARTBEAT_S", 0.2)
    with Stream(one.url) as stream:
        first = stream.next().data
        assert (first["broker"], first["delay"]["events"], first["delay"]["typical_s"]) == (True, 0, None)
        event = make_event(0, "gate", "brawl", "begin", location=place(0, 0))
        one.now = event.time.timestamp() + 4.5
        one.service.handle([msgspec.structs.replace(one.message(event), received=one.now)])
        beats = (sent.data["delay"] for sent in iter(stream.next, None) if sent.event == "heartbeat")
        delay = next(one for one in beats if one["events"])
    assert delay == {"events": 1, "delayed": 0, "typical_s": 4.5, "worst_s": 4.5}


def test_heartbeats_come_while_deltas_do(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They tell the age of the picture, and whoever sees a part of the city gets his desk with them."""
    monkeypatch.setattr("aggregator.api.stream.HEARTBEAT_S", 0.2)
    over = threading.Event()

    def flood() -> None:
        while not over.wait(0.002):
            one.live.publish([Delta("camera", b'{"site":"senen"}', ("senen",))])

    publisher = threading.Thread(target=flood)
    publisher.start()
    try:
        with Stream(one.url) as stream:
            seen = [stream.next().event for _ in range(3)]
            while seen[-1] != "heartbeat":
                seen.append(stream.next().event)
    finally:
        over.set()
        publisher.join()
    assert seen.count("camera") > 20


def test_each_page_is_told_its_own_time_to_come_back(one: Desk) -> None:
    """All of them lose their connection at once where the server is started again."""
    told = set()
    for _ in range(12):
        with httpx.stream("GET", f"{one.url}/api/v1/stream") as stream:
            first = next(line for line in stream.iter_lines() if line)
        told.add(int(first.removeprefix("retry: ")))
    assert all(2000 <= wait < 4000 for wait in told)
    assert len(told) > 6


def test_heartbeats(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.api.stream.HEARTBEAT_S", 0.2)
    with Stream(one.url) as stream:
        assert [stream.next().event for _ in range(3)] == ["snapshot", "heartbeat", "heartbeat"]


def test_a_client_that_reads_nothing_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.api.stream.SEND_TIMEOUT_S", 0.5)
    with desk(tmp_path, ring=100_000) as one:
        host, port = one.url.removeprefix("http://").split(":")
        with socket.socket() as idle:
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.connect((host, int(port)))
            idle.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_until(lambda: _clients(one) == 1, 10, "connected")
            for _ in range(200):
                one.live.publish([Delta("incident", b'"' + b"x" * 50_000 + b'"', ())])
            wait_until(lambda: _clients(one) == 0, 15, "dropped")


def test_too_many_clients_are_refused(tmp_path: Path) -> None:
    with desk(tmp_path, stream_clients=1) as one, Stream(one.url) as stream:
        stream.next()
        answer = httpx.get(f"{one.url}/api/v1/stream")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


def test_a_client_that_leaves_is_forgotten(one: Desk) -> None:
    with Stream(one.url) as stream:
        stream.next()
        assert _clients(one) == 1
    wait_until(lambda: _clients(one) == 0, 10, "gone")


def _clients(one: Desk) -> int:
    return one.clients()


def test_connections_have_a_limit_so_that_the_broker_stays_within_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.runtime.MOST_CONNECTIONS", 5)
    with desk(tmp_path) as one:
        port = int(one.url.rpartition(":")[2])
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        wait_until(lambda: httpx.get(f"{one.url}/healthz").status_code == 503, 10, "refused")
        for connection in held:
            connection.close()
        wait_until(lambda: httpx.get(f"{one.url}/healthz").status_code == 200, 10, "served again")


def test_all_handles_fit_into_what_the_mqtt_library_can_wait_for() -> None:
    """Connections, and with room to spare the store's, the broker's and the interpreter's own."""
    assert HttpSection().stream_clients < MOST_CONNECTIONS < 1024 - 100
