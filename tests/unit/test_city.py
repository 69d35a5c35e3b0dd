"""The made-up city: valid wire events, the same bytes from the same seed, a truth that several cameras share."""

import json
from collections import Counter
from datetime import datetime, timedelta
from math import hypot
from pathlib import Path
from random import Random

import pytest

from contract import codec
from contract.errors import ConfigError
from contract.events import Event
from contract.kinds import Kind
from simulator import city
from simulator.city_acts import SCRIPTS, alike
from simulator.city_map import City, to_location
from simulator.city_profiles import PROFILES

CLOCKS_S = 60.0
"""Wrong clocks are off by up to this."""


@pytest.fixture(scope="module")
def made() -> city.City:
    return city.build(7, 90, 3, "demonstration")


@pytest.fixture(scope="module")
def sent(made: city.City) -> list[Event]:
    return list(made.events())


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, made: city.City) -> None:
    city.write(made, tmp_path / "one")
    city.write(city.build(7, 90, 3, "demonstration"), tmp_path / "two")
    city.write(city.build(8, 90, 3, "demonstration"), tmp_path / "three")
    one = files(tmp_path / "one")
    assert set(one) == {"cameras.geojson", "events.jsonl", "truth.jsonl"}
    assert one == files(tmp_path / "two")
    assert one["events.jsonl"] != files(tmp_path / "three")["events.jsonl"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_line_is_a_valid_wire_event(tmp_path: Path, profile: str) -> None:
    made = city.build(3, 40, 2, profile)
    city.write(made, tmp_path)
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    now = made.begin + timedelta(hours=5)
    assert len(lines) == len(made.deliveries) > 20
    assert [codec.decode_event(line, now) for line in lines] == list(made.events())


def test_events_lie_where_their_cameras_look(tmp_path: Path, made: city.City, sent: list[Event]) -> None:
    city.write(made, tmp_path)
    features = json.loads((tmp_path / "cameras.geojson").read_text())["features"]
    places = {item["properties"]["id"]: item["geometry"]["coordinates"] for item in features}
    assert len(places) == 90
    for event in sent:
        if event.data.kind == Kind.REPORT:
            continue
        where = event.data.location
        assert where is not None
        lon, lat = places[event.data.camera]
        assert hypot(where.lat - lat, where.lon - lon) * 111_195 < 400


def test_each_agents_sequence_counts_what_it_made(sent: list[Event]) -> None:
    agents: dict[str, set[int]] = {}
    for event in sent:
        agents.setdefault(event.agent, set()).add(int(event.sequence))
    numbers = [(len(those), max(those)) for those in agents.values()]
    assert all(count <= last for count, last in numbers)
    lost = sum(last - count for count, last in numbers)
    assert 0 < lost < 0.02 * sum(last for _, last in numbers)


def test_episodes_keep_their_camera_kind_and_begin(sent: list[Event]) -> None:
    episodes: dict[str, dict[str, Event]] = {}
    for event in sent:
        episodes.setdefault(event.data.episode, {})[event.id] = event
    phases = Counter(event.data.phase for members in episodes.values() for event in members.values())
    assert min(phases["begin"], phases["update"], phases["end"]) > 100
    for members in episodes.values():
        assert len({(event.data.camera, event.data.kind, event.data.started) for event in members.values()}) == 1


def test_truth_names_events_that_exist_and_leaves_noise(tmp_path: Path, made: city.City, sent: list[Event]) -> None:
    city.write(made, tmp_path)
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    by_id = {event.id: event for event in sent}
    told = Counter(identity for line in truth for identity in line["events"])
    assert set(told) < set(by_id)
    assert max(told.values()) == 1
    for line in truth:
        first = min(by_id[identity].time for identity in line["events"])
        assert datetime.fromisoformat(line["started"]) <= first + timedelta(seconds=CLOCKS_S)


def test_incidents_are_seen_by_several_cameras_and_told_by_people(made: city.City, sent: list[Event]) -> None:
    by_id = {event.id: event for event in sent}
    groups = [[by_id[one] for one in ids] for ids in made.truth().values()]
    assert sum(len({event.data.camera for event in group}) >= 3 for group in groups) >= 5
    assert sum(any(event.data.kind == Kind.REPORT for event in group) for group in groups) >= 3
    assert sum(len({event.data.kind for event in group}) >= 2 for group in groups) >= 5


def test_some_events_arrive_late_some_twice_and_some_clocks_are_wrong() -> None:
    made = city.build(4, 200, 3, "rain")
    events = list(made.events())
    assert any(event.data.delayed for event in events)
    assert len({event.id for event in events}) < len(events)
    assert any(not event.data.clock.synchronised for event in events)
    wrong = [event.data.clock.offset_ms for event in events if abs(event.data.clock.offset_ms) > 1000]
    assert wrong
    arrived = [one.arrives for one in made.deliveries]
    assert arrived == sorted(arrived)
    assert [one.made for one in made.deliveries] != sorted(one.made for one in made.deliveries)


def test_a_burst_and_a_flapping_camera_are_noise() -> None:
    made = city.build(1, 200, 3, "rain")
    alone = Counter(
        one.camera.id for one in {d.sighting for d in made.deliveries} if one.incident is None and one.camera
    )
    assert max(alone.values()) > 20


def test_nothing_true_touches_another_of_its_like() -> None:
    place = City(60, Random(1))
    district = place.districts[0]
    brawl = SCRIPTS["brawl"](district, (0.0, 0.0), 100.0, Random(1))
    assert alike(brawl, SCRIPTS["brawl"](district, (20.0, 0.0), 150.0, Random(2)), 80.0)
    assert not alike(brawl, SCRIPTS["brawl"](district, (5_000.0, 0.0), 150.0, Random(2)), 80.0)
    assert not alike(brawl, SCRIPTS["brawl"](district, (20.0, 0.0), 90_000.0, Random(2)), 80.0)


def test_many_cameras_get_more_sites_and_distinct_ids_and_places() -> None:
    place = City(2_000, Random(1))
    assert len({camera.id for camera in place.cameras}) == 2_000
    assert len({camera.spot for camera in place.cameras}) == 2_000
    assert len({camera.site for camera in place.cameras}) == len(place.districts) > 40
    first = place.cameras[0]
    assert first in place.near(first.spot, 1.0)


def test_a_place_in_metres_is_that_far_away_in_degrees() -> None:
    a, b = to_location((0.0, 0.0), 10.0), to_location((0.0, 1_000.0), 10.0)
    assert (b.lat - a.lat) * 111_195 == pytest.approx(1_000, abs=0.2)


@pytest.mark.parametrize(
    ("cameras", "hours", "profile"),
    [(0, 1, "weekday"), (10, 0, "weekday"), (10, -1, "weekday"), (200_000, 1, "weekday"), (10, 1, "doomsday")],
)
def test_an_impossible_city_is_refused(cameras: int, hours: float, profile: str) -> None:
    with pytest.raises(ConfigError):
        city.build(1, cameras, hours, profile)
