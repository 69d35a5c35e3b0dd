"""What `python -m benchmarks.ingest` runs as processes of their own: a bare subscriber, a naive chain, Jaga, a page.

Each consumer finds its messages waiting in the broker under its session and prints JSON with the seconds from the
broker's answer to its CONNECT until all of them were dealt with, and its processor time.
"""

import base64
import hashlib
import json
import os
import re
import resource
import socket
import sqlite3
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

FILTER = "jaga/v1/+/+/event"
IN_FLIGHT = 1000
GIVE_UP_S = 120.0


def client(name: str, connected: Callable[[], None]) -> paho.Client:
    """MQTT 5 with a session that outlives the connection, as Jaga's own."""
    made = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5)

    def on_connect(*_: Any) -> None:
        connected()

    made.on_connect = on_connect
    return made


def connect(one: paho.Client, port: int) -> None:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = IN_FLIGHT
    one.connect("127.0.0.1", port, clean_start=False, properties=properties)


def subscribe(name: str, port: int) -> None:
    """Leaves a session behind in which the broker keeps what comes."""
    done = threading.Event()
    one = client(name, lambda: one.subscribe(FILTER, qos=1))  # type: ignore[arg-type]
    one.on_subscribe = lambda *_: done.set()
    connect(one, port)
    one.loop_start()
    if not done.wait(10):
        raise RuntimeError("no SUBACK")
    one.disconnect()
    one.loop_stop()


def bare(port: int, count: int) -> None:
    """Receives and counts, nothing else."""
    began: list[float] = []
    left = count
    done = threading.Event()

    def on_message(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    one = client("bare", lambda: began.append(time.monotonic()))
    one.on_message = on_message
    connect(one, port)
    one.loop_start()
    finish(done.wait(GIVE_UP_S), began)


class Page:
    """One websocket client at a time: the upgrade (RFC 6455), then text frames, each sent as it comes."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self._peer: socket.socket | None = None

    def accept(self) -> None:
        peer, _ = self.listener.accept()
        request = b""
        while b"\r\n\r\n" not in request:
            request += peer.recv(4096)
        key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")).split()[1]
        answer = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        peer.sendall(head + b"Sec-WebSocket-Accept: " + answer + b"\r\n\r\n")
        self._peer = peer

    def send(self, text: bytes) -> None:
        assert self._peer is not None
        size = len(text)
        head = struct.pack(">BBH", 0x81, 126, size) if 125 < size < 65536 else struct.pack(">BB", 0x81, size)
        self._peer.sendall(head + text)


def naive(port: int, count: int, folder: Path) -> None:
    """What one writes in an afternoon: json, an INSERT and a commit per event, then the event to each websocket."""
    began: list[float] = []
    left = count
    done = threading.Event()
    page = Page()
    print(json.dumps({"port": page.listener.getsockname()[1]}), flush=True)
    page.accept()
    database = sqlite3.connect(folder / "naive.sqlite", check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE events (id TEXT PRIMARY KEY, camera TEXT, kind TEXT, time TEXT, body TEXT)")
    lock = threading.Lock()

    def on_message(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        nonlocal left
        event = json.loads(message.payload)
        data = event["data"]
        row = (event["id"], data["camera"], data["kind"], event["time"], json.dumps(event))
        with lock:
            database.execute("INSERT OR IGNORE INTO events VALUES (?,?,?,?,?)", row)
            database.commit()
        page.send(json.dumps({"type": "event", "event": event}).encode())
        left -= 1
        if left == 0:
            done.set()

    one = client("naive", lambda: began.append(time.monotonic()))
    one.on_message = on_message
    connect(one, port)
    one.loop_start()
    finish(done.wait(GIVE_UP_S), began)


def jaga(port: int, count: int, config: Path) -> None:
    """The aggregator as it runs: broker, service, store, correlation, HTTP server, live stream."""
    import structlog

    from aggregator import config as configuration
    from aggregator.folder import data_folder
    from aggregator.runtime import Aggregator, listen, serve, steady

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    loaded = configuration.load(config)
    with data_folder(loaded.data_dir):
        listener = listen("127.0.0.1", 0)
        aggregator = Aggregator(loaded)
        done = acknowledged(aggregator.ingest, count)
        server = serve(aggregator)
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        sys.stdin.readline()  # the page is there
        steady()
        with aggregator:
            while not aggregator.ingest.connected:
                time.sleep(0.001)
            began = [time.monotonic()]
            well = done.wait(GIVE_UP_S)
            finish(well and aggregator.meter.stored() >= count, began, waiting=aggregator.service.waiting())


def acknowledged(ingest: Any, count: int) -> threading.Event:
    """Set when so many messages are: they have been committed and pushed. Nobody who looks again and again takes the
    interpreter from those who work: the other two consumers are not looked at either."""
    left, done, acknowledge = count, threading.Event(), ingest.acknowledge

    def counted(messages: Sequence[Any]) -> None:
        nonlocal left
        acknowledge(messages)
        left -= len(messages)
        if left <= 0:
            done.set()

    ingest.acknowledge = counted
    return done


def page(port: int, kind: str) -> None:
    """Reads whatever comes, as fast as it comes, until the server ends it."""
    with socket.create_connection(("127.0.0.1", port)) as peer:
        if kind == "websocket":
            key = base64.b64encode(os.urandom(16)).decode()
            ask = f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        else:
            ask = f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n"
        peer.sendall(ask.encode())
        if not peer.recv(65536):
            raise RuntimeError("no answer")
        print(json.dumps({"open": True}), flush=True)
        got = 0
        while chunk := peer.recv(1 << 18):
            got += len(chunk)


def watch(port: int) -> None:
    """A page on the live stream that notes, for each change of an incident, how long ago its latest event was made:
    from the publisher's clock to this one's, which is the same. Ends when nothing has come for IDLE_S."""
    delays: list[float] = []
    with socket.create_connection(("127.0.0.1", port), timeout=IDLE_S) as peer:
        ask = f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n"
        peer.sendall(ask.encode())
        buffer = peer.recv(65536)
        print(json.dumps({"open": True}), flush=True)
        while True:
            try:
                buffer += peer.recv(1 << 18)
            except TimeoutError:
                break
            now = time.time()
            whole = buffer.rfind(b"\n\n") + 2
            told = (found[1].decode() for found in _LATEST.finditer(buffer[:whole]))
            delays.extend(now - datetime.fromisoformat(text).timestamp() for text in told)
            buffer = buffer[whole:]
    print(json.dumps({"delays": sorted(delays)}), flush=True)


IDLE_S = 8.0
_LATEST = re.compile(rb'event: incident\ndata: [^\n]*?"last_event":"([^"]+)"')


def serving(port: int, config: Path) -> None:
    """The aggregator, until it is killed."""
    jaga(port, 1 << 40, config)


def finish(well: bool, began: list[float], **more: Any) -> None:
    took = time.monotonic() - began[0]
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"ok": well, "seconds": took, "cpu": used.ru_utime + used.ru_stime, **more}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    what, at, *rest = sys.argv[1:]
    if what == "subscribe":
        subscribe(rest[0], int(at))
    elif what == "bare":
        bare(int(at), int(rest[0]))
    elif what == "naive":
        naive(int(at), int(rest[0]), Path(rest[1]))
    elif what == "jaga":
        jaga(int(at), int(rest[0]), Path(rest[1]))
    elif what == "serving":
        serving(int(at), Path(rest[0]))
    elif what == "watch":
        watch(int(at))
    else:
        page(int(at), rest[0])
