"""From the broker to the page: how fast events are stored, correlated and pushed, and how long each takes.

    python -m benchmarks.ingest

A real mosquitto holds the same events (a made-up city's) for each consumer in turn, QoS 1 under a session of its own:
for a bare subscriber of the same client library, which only counts; for a naive chain (json, a commit per event, each
event to a websocket); and for the aggregator as it runs, with one page on its live stream. Each is a process of its
own. Ratios are medians over rounds. Then the delay from receiving an event to the page having it, at 2,000 events a
second; and how many statements a batch is to the store.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from aggregator import config as configuration
from aggregator.core.ports import Message
from aggregator.pump import BATCH
from aggregator.runtime import Aggregator
from benchmarks.cities import case
from benchmarks.report import Figure, Outcome, at_least, at_most, command
from contract import topics
from contract.events import Event
from simulator.score import quantile
from tests.brokers import Mosquitto

ROUNDS = 3
EVENTS = 15_000
CAMERAS = 2_000
HOURS = 2.0
OF_BARE, OF_NAIVE = 0.80, 4.0
RATE, SECONDS, P99_MS = 2_000, 5, 100.0
NAIVE_SHARE = 5
"""The naive chain gets a fifth of the events: it would take minutes."""
CONFIG = """
[aggregator]
data_dir = "{folder}/data"
[http]
port = 0
[mqtt]
port = {port}
client_id = "jaga"
[correlation]
delayed_after_s = 1000000
"""


@dataclass(frozen=True, slots=True)
class Run:
    """rate: events a second. cpu: seconds of processor time per 1,000 events."""

    rate: float
    cpu: float


def messages(count: int) -> list[tuple[str, bytes]]:
    """(topic, payload), in order of arrival, the latest some seconds ago."""
    one = case(7, "weekday", CAMERAS, HOURS)
    events = [event for _, event in one.arrivals][:count]
    ahead = datetime.now(UTC) - timedelta(seconds=10) - max(event.time for event in events)
    return [(topics.event(event.data.site, event.data.camera), encoded(event, ahead)) for event in events]


def encoded(event: Event, ahead: timedelta) -> bytes:
    data = event.data
    ended = data.ended + ahead if data.ended else None
    moved = msgspec.structs.replace(data, started=data.started + ahead, ended=ended, delayed=False)
    return msgspec.json.encode(msgspec.structs.replace(event, time=event.time + ahead, data=moved))


def publish(port: int, those: list[tuple[str, bytes]]) -> None:
    """QoS 1, until the broker has acknowledged all of them."""
    one = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    left, done = len(those), threading.Event()

    def on_publish(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    one.on_publish = on_publish
    one.max_inflight_messages_set(1000)
    one.connect("127.0.0.1", port)
    one.loop_start()
    for topic, payload in those:
        one.publish(topic, payload, qos=1)
    if not done.wait(120):
        raise RuntimeError("the broker did not take the events")
    one.disconnect()
    one.loop_stop()


@contextmanager
def worker(*arguments: object, module: str = "benchmarks.ingest_peers") -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Raises RuntimeError where it ended without a word."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r}: ended")
    return dict(json.loads(line))


def waiting(port: int, session: str, those: list[tuple[str, bytes]]) -> None:
    """The events lie in the broker under that session."""
    subprocess.run([sys.executable, "-m", "benchmarks.ingest_peers", "subscribe", str(port), session], check=True)
    publish(port, those)


def run(name: str, folder: Path, those: list[tuple[str, bytes]]) -> Run:
    """One consumer, from its connection to its last event."""
    with Mosquitto(folder, persistence=False) as broker:
        waiting(broker.port, name, those)
        config = folder / "aggregator.toml"
        config.write_text(CONFIG.format(folder=folder, port=broker.port))
        more = {"bare": [], "naive": [folder], "jaga": [config]}[name]
        with worker(name, broker.port, len(those), *more) as consumer:
            if name == "bare":
                answer = told(consumer)
            else:
                with worker("page", told(consumer)["port"], "websocket" if name == "naive" else "stream") as page:
                    told(page)
                    assert consumer.stdin is not None
                    consumer.stdin.write("\n")
                    consumer.stdin.flush()
                    answer = told(consumer)
    if not answer["ok"]:
        raise RuntimeError(f"{name} did not get through")
    return Run(len(those) / answer["seconds"], answer["cpu"] / len(those) * 1000)


def delays(folder: Path) -> list[float]:
    """Seconds from publishing an event to the page having it, at RATE events a second, sorted."""
    with Mosquitto(folder, persistence=False) as broker:
        config = folder / "aggregator.toml"
        # Held back for order, every event would take two seconds by choice.
        config.write_text(CONFIG.format(folder=folder, port=broker.port) + "reorder_s = 0\n")
        with worker("serving", broker.port, config) as consumer, worker("watch", told(consumer)["port"]) as page:
            told(page)
            assert consumer.stdin is not None
            consumer.stdin.write("\n")
            consumer.stdin.flush()
            time.sleep(1.0)  # connected and subscribed
            paced(broker.port)
            return list(told(page)["delays"])


def paced(port: int, rate: int = RATE, seconds: int = SECONDS) -> None:
    """The city's events as if each happened the moment it is sent, `rate` a second."""
    one = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    one.max_inflight_messages_set(1000)
    one.connect("127.0.0.1", port)
    one.loop_start()
    began: dict[str, datetime] = {}
    start = time.monotonic()
    for number, (_, event) in enumerate(case(7, "weekday", CAMERAS, HOURS).arrivals[: rate * seconds]):
        wait = start + number / rate - time.monotonic()
        if wait > 0.001:
            time.sleep(wait)
        now = datetime.now(UTC)
        data = event.data
        started = began.setdefault(data.episode, now)
        clock = msgspec.structs.replace(data.clock, offset_ms=0.0)
        ended = now if data.phase == "end" else None
        data = msgspec.structs.replace(data, started=started, ended=ended, delayed=False, clock=clock)
        payload = msgspec.json.encode(msgspec.structs.replace(event, time=now, data=data))
        one.publish(topics.event(data.site, data.camera), payload, qos=1)
    time.sleep(1.0)
    one.disconnect()
    one.loop_stop()


def statements(folder: Path, those: list[tuple[str, bytes]]) -> float:
    """Of SQL that a batch of BATCH messages takes in the mean, by the database's own count; no broker."""
    config = folder / "aggregator.toml"
    config.write_text(CONFIG.format(folder=folder, port=1))
    (folder / "data").mkdir()
    aggregator = Aggregator(configuration.load(config))
    run: list[str] = []
    aggregator.store.write(lambda database: database.conn.set_trace_callback(lambda sql: run.append(sql[:20])))
    received, starts = time.time(), range(0, len(those), BATCH)
    for start in starts:
        aggregator.service.handle([Message(*one, received) for one in those[start : start + BATCH]])
    aggregator.store.close()
    return len(run) / len(starts)


def measure() -> Outcome:
    """Rates of the three, the delay to the page, and the statements of a batch."""
    those = messages(EVENTS)
    runs: dict[str, list[Run]] = {"bare": [], "jaga": [], "naive": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            for name, found in runs.items():
                share = those[::NAIVE_SHARE] if name == "naive" else those
                found.append(run(name, Path(folder) / f"{name}-{number}", share))
    rates = {name: median(one.rate for one in found) for name, found in runs.items()}
    figures = [Figure("events", float(len(those)))]
    for name, found in runs.items():
        figures.append(Figure(f"{name}: events/s", rates[name]))
        figures.append(Figure(f"{name}: processor time, s per 1,000", median(one.cpu for one in found)))
    pairs = list(zip(runs["jaga"], runs["bare"], runs["naive"], strict=True))
    figures += [
        at_least("jaga / bare subscriber", median(a.rate / b.rate for a, b, _ in pairs), OF_BARE),
        at_least("jaga / naive chain", median(a.rate / c.rate for a, _, c in pairs), OF_NAIVE),
    ]
    with tempfile.TemporaryDirectory() as folder:
        late = delays(Path(folder) / "delays")
    with tempfile.TemporaryDirectory() as folder:
        asked = statements(Path(folder), those)
    figures += [
        Figure("SQL statements a batch", asked),
        Figure(f"changes seen by the page at {RATE} events/s", float(len(late))),
        Figure("sent to page, median, ms", median(late) * 1000),
        at_most("sent to page, p99, ms", quantile(late, 0.99) * 1000, P99_MS),
    ]
    return Outcome("ingest", tuple(figures))


if __name__ == "__main__":
    sys.exit(command(measure, footage=False))
