"""The whole aggregator against a real broker."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import httpx
import pytest

from aggregator.adapters.mqtt_ingest_paho import PahoIngest
from aggregator.core.errors import StoreError
from aggregator.core.ports import Batch, Message, MqttSpec, Retention
from aggregator.pump import BATCH, FLOOD, Pump
from contract import topics
from contract.codec import encode
from contract.kinds import Kind
from contract.messages import Status
from tests.brokers import Mosquitto, wait_until
from tests.desks import Aggregator, Desk
from tests.e2e.feed import Events, Place, Publisher, picture, places, report

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as one:
        yield one


@pytest.fixture
def publisher(broker: Mosquitto) -> Iterator[Publisher]:
    one = Publisher("127.0.0.1", broker.port)
    yield one
    one.close()


CAMERAS = places(4, Random(1))


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def incidents(aggregator: Aggregator) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = aggregator.get("/api/v1/incidents?limit=1000")["items"]
    return items


@contextmanager
def taking(desk: Desk, ingest: PahoIngest) -> Iterator[Pump]:
    """Not started yet; in the end all of it is closed."""
    pump = Pump(ingest, desk.service, Retention())
    try:
        yield pump
    finally:
        ingest.close()
        pump.stop()
        desk.store.close()


def publish(publisher: Publisher, count: int) -> None:
    """So many beginnings of crowds at one camera; returns once the broker has them."""
    events, began = Events(), ago(60)
    for index in range(count):
        publisher.event(events.make(CAMERAS[0], Kind.CROWD, "begin", began, began, salt=str(index)))
        if index % 300 == 299:
            publisher.wait()
    publisher.wait()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_from_the_broker_to_the_api(tmp_path: Path, broker: Mosquitto, publisher: Publisher, version: str) -> None:
    place = CAMERAS[0]
    jpeg = picture(place, Kind.BRAWL, Random(1))
    sha256 = hashlib.sha256(jpeg).hexdigest()
    events = Events()
    began = ago(30)
    begin = events.make(place, Kind.BRAWL, "begin", began, began, confidence=0.8, sha256=sha256)
    end = events.make(place, Kind.BRAWL, "end", began, began + timedelta(seconds=20), confidence=0.7)
    with Aggregator(tmp_path / "agg", broker.port, version=version) as aggregator:
        report(publisher, CAMERAS, 10)
        publisher.event(begin, jpeg)
        publisher.event(begin)
        publisher.event(end)
        publisher.put(topics.event(place.site, place.camera), b'{"id": 5}')
        publisher.put(topics.evidence(place.site, place.camera, begin.id), b"not a picture")
        publisher.wait()
        wait_until(lambda: aggregator.metric('jaga_events_total{outcome="quarantined"}') == 2, 10, "all taken")

        (one,) = incidents(aggregator)
        assert (one["state"], one["event_count"], one["snapshot"]) == ("open", 2, sha256)
        detail = aggregator.get(f"/api/v1/incidents/{one['id']}")
        assert [item["event"]["id"] for item in detail["events"]] == [begin.id, end.id]
        assert [item["link"]["reasons"]["kind"] for item in detail["events"]] == ["first", "episode"]
        assert [change["reason"] for change in detail["changes"]] == ["first_event", "severe"]
        assert httpx.get(f"{aggregator.url}/api/v1/evidence/{sha256}").content == jpeg
        refused = aggregator.get("/api/v1/quarantine")["items"]
        assert [(row["error"], row["field"]) for row in refused] == [("BadEvidence", "$"), ("WrongType", "$.id")]
        assert aggregator.metric('jaga_events_total{outcome="duplicate"}') == 1
        assert aggregator.metric("jaga_sequence_missing") == 0
        wait_until(lambda: len(aggregator.get("/api/v1/cameras")["features"]) == 4, 10, "health has come")
        assert aggregator.stop() == 0


def test_what_comes_while_it_is_away_is_there_afterwards(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher
) -> None:
    events = Events()
    with Aggregator(tmp_path / "agg", broker.port) as aggregator:
        began = ago(20)
        publisher.event(events.make(CAMERAS[0], Kind.BRAWL, "begin", began, began))
        wait_until(lambda: len(incidents(aggregator)) == 1, 10)
        aggregator.stop()
        publisher.event(events.make(CAMERAS[0], Kind.BRAWL, "end", began, began + timedelta(seconds=9)))
        publisher.event(events.make(CAMERAS[3], Kind.CROWD, "begin", began, began))
        publisher.wait()
        aggregator.start()
        wait_until(lambda: len(incidents(aggregator)) == 2, 10)
        brawl = next(one for one in incidents(aggregator) if one["kind"] == "brawl")
        assert (brawl["event_count"], brawl["ended"] is not None) == (2, True)


@pytest.mark.timeout(600)
def test_killing_it_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher
) -> None:
    rng = Random(3)
    events = Events()
    cameras = places(40, rng)
    made = []
    for index in range(500):
        place = rng.choice(cameras)
        began = ago(rng.uniform(0, 200))
        for phase, later in (("begin", 0.0), ("update", 10.0), ("end", 20.0)):
            when = began + timedelta(seconds=later)
            made.append(events.make(place, Kind.CROWD, phase, began, when, salt=str(index)))  # type: ignore[arg-type]

    def publish() -> None:
        for number, event in enumerate(made):
            publisher.event(event)
            if number % 300 == 299:
                publisher.wait()

    with Aggregator(tmp_path / "agg", broker.port) as aggregator:
        sender = threading.Thread(target=publish)
        sender.start()
        for share in (0.2, 0.5, 0.8):
            wanted = share * len(made)

            def enough(wanted: float = wanted) -> bool:
                return _stored(aggregator) >= wanted

            wait_until(enough, 180, f"{share} of all events")
            aggregator.kill()
            aggregator.start()
        sender.join(180)
        assert not sender.is_alive()
        publisher.wait()
        wait_until(lambda: _stored(aggregator) >= len(made), 180, lambda: f"{_stored(aggregator)} of {len(made)}")
        assert _stored(aggregator) == len(made)
        assert aggregator.metric("jaga_sequence_missing") == 0
        ids: set[str] = set()
        for one in incidents(aggregator):
            detail = aggregator.get(f"/api/v1/incidents/{one['id']}")
            own = {item["event"]["id"] for item in detail["events"]}
            assert len(own) == one["event_count"]
            assert not own & ids
            ids |= own
        assert ids == {event.id for event in made}


def _stored(aggregator: Aggregator) -> int:
    """Events in incidents, over all incidents; survives restarts, other than a counter."""
    return sum(one["event_count"] for one in incidents(aggregator))


@pytest.mark.logs_errors
def test_what_could_not_be_stored_comes_again(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first commits fail; nothing was acknowledged, so the broker sends all of it again."""
    monkeypatch.setattr("aggregator.pump.RETRY_S", 0.1)
    desk = Desk(tmp_path)
    desk.open()
    commit, failures = desk.store.commit, iter(range(4))

    def flaky(batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        if batch.events and (turn := next(failures, None)) is not None:
            if turn % 2 and len(batch.events) > 1:  # with one event alone it would be that event's fault
                raise ZeroDivisionError("a bug")
            raise StoreError("aggregator.store_failed", path="x", detail="disk full")
        commit(batch, meanwhile)

    monkeypatch.setattr(desk.store, "commit", flaky)
    ingest = PahoIngest(MqttSpec(port=broker.port))
    with taking(desk, ingest) as pump:
        pump.start()
        ingest.start(pump.sink)
        wait_until(lambda: ingest.connected, 10, "connected")
        publish(publisher, 50)
        wait_until(lambda: [one["event_count"] for one in desk.incidents()] == [50], 30, "all events")
        assert next(failures, None) is None
        assert [numbers.gaps for numbers in desk.service.gaps().values()] == [0]


@pytest.mark.logs_errors
def test_while_nothing_can_be_stored_memory_does_not_grow(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a full disk the broker sends its window again and again."""
    monkeypatch.setattr("aggregator.pump.RETRY_S", 1.5)  # by then it has connected again
    desk = Desk(tmp_path)
    desk.open()
    commit, full, depths = desk.store.commit, True, list[int]()

    def fails(batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        if full and batch.events:
            depths.append(pump.depth())
            raise StoreError("aggregator.store_failed", path="x", detail="disk full")
        commit(batch, meanwhile)

    monkeypatch.setattr(desk.store, "commit", fails)
    ingest = PahoIngest(MqttSpec(port=broker.port, in_flight=400))
    with taking(desk, ingest) as pump:
        pump.start()
        ingest.start(pump.sink)
        wait_until(lambda: ingest.connected, 10, "connected")
        publish(publisher, 1000)
        wait_until(lambda: len(depths) >= 6, 60, lambda: str(depths))
        assert max(depths) <= 400
        full = False
        wait_until(lambda: sum(one["event_count"] for one in desk.incidents()) == 1000, 60, "all events")
        assert [numbers.gaps for numbers in desk.service.gaps().values()] == [0]


def test_what_does_not_fit_waits_with_the_broker_which_is_not_taken_for_silent(
    tmp_path: Path, broker: Mosquitto, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mosquitto sends a backlog as fast as it is acknowledged: without this nearly all of it would wait in memory."""
    monkeypatch.setattr("aggregator.pump.QUEUE", 200)
    monkeypatch.setattr("aggregator.adapters.mqtt_fast.READ_AHEAD", 50_000)
    desk = Desk(tmp_path)
    desk.open()
    commit, depths = desk.store.commit, list[int]()

    def slow(batch: Batch, meanwhile: Callable[[], None] | None = None) -> None:
        depths.append(pump.depth())
        sleep(4.0 if len(depths) == 3 else 0.05)  # longer than two of paho's keepalives and the broker's patience
        commit(batch, meanwhile)

    monkeypatch.setattr(desk.store, "commit", slow)
    ingest = PahoIngest(MqttSpec(port=broker.port, keepalive_s=1))
    with taking(desk, ingest) as pump:
        ingest.start(pump.sink, pump.full)
        wait_until(lambda: ingest.connected, 10, "connected")
        publish(publisher, 5000)
        pump.start()
        wait_until(lambda: sum(one["event_count"] for one in desk.incidents()) == 5000, 60, "all events")
        assert 200 < max(depths) < 200 + 100 + BATCH
        assert [numbers.gaps for numbers in desk.service.gaps().values()] == [0]
        assert ingest._connection == 1


class _NoBroker(PahoIngest):
    """Nothing is connected; the pump is fed by hand."""

    def acknowledge(self, messages: object) -> None:
        pass


def test_a_flood_of_nonsense_is_cut_back_before_it_fills_the_disk(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.open()
    pump = Pump(_NoBroker(MqttSpec()), desk.service, Retention(quarantine_rows=100))
    pump.start()
    try:
        for _ in range(5_000):
            pump.sink(Message("jaga/v1/site-1/gate/event", b"x" * 100, 1.0, 1))
        wait_until(lambda: pump.depth() == 0, 30, "all taken")
        wait_until(lambda: 0 < len(desk.store.quarantine(10_000)) <= 100 + FLOOD, 20, "cut back")
    finally:
        pump.stop()
        desk.store.close()


def test_a_broker_that_goes_away_comes_back(tmp_path: Path, broker: Mosquitto) -> None:
    with Aggregator(tmp_path / "agg", broker.port) as aggregator:
        broker.kill()
        wait_until(lambda: not aggregator.get("/healthz")["broker"], 20, "it notices")
        broker.start()
        wait_until(lambda: aggregator.get("/healthz")["broker"], 40, "it comes back")
        publisher = Publisher("127.0.0.1", broker.port)
        publisher.event(Events().make(CAMERAS[0], Kind.BRAWL, "begin", ago(1), ago(1)))
        wait_until(lambda: len(incidents(aggregator)) == 1, 10)
        publisher.close()


def test_a_last_will_takes_the_cameras_offline(tmp_path: Path, broker: Mosquitto, publisher: Publisher) -> None:
    with Aggregator(tmp_path / "agg", broker.port) as aggregator:
        report(publisher, CAMERAS, 10)
        wait_until(lambda: _states(aggregator)[:2] == ["online", "online"], 10, "online")
        gone = Status(
            state="offline", time=ago(5), version="0.1.0", boot_id=_boot(CAMERAS[0]), config_hash="5eed5eed5eed5eed"
        )
        publisher.put(topics.status(CAMERAS[0].site, CAMERAS[0].agent), encode(gone), retain=True)
        wait_until(lambda: _states(aggregator) == ["offline"] * 4, 10, "offline")


def _states(aggregator: Aggregator) -> list[str]:
    return [feature["properties"]["state"] for feature in aggregator.get("/api/v1/cameras")["features"]]


def _boot(place: Place) -> str:
    from contract.ids import derived_uuid7

    return derived_uuid7(0, "feed", place.site, place.agent)


def test_it_starts_without_a_broker_and_says_so(tmp_path: Path) -> None:
    aggregator = Aggregator(tmp_path / "agg", broker=1)
    try:
        aggregator.start(connected=False)
        assert aggregator.get("/healthz") == {"status": "degraded", "broker": False}
        assert aggregator.stop() == 0
    finally:
        aggregator.kill()
