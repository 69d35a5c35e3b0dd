"""The made-up city: valid wire events, the same bytes from the same seed, a truth that several cameras share."""

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from contract import codec
from contract.errors import ConfigError
from contract.events import Event
from contract.kinds import KINDS
from simulator import city
from simulator.city_map import DISTRICTS, metres
from simulator.city_script import SCRIPTS


@pytest.fixture(scope="module")
def made() -> city.City:
    return city.build(7, 60, 3)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, made: city.City) -> None:
    city.write(made, tmp_path / "one")
    city.write(city.build(7, 60, 3), tmp_path / "two")
    city.write(city.build(8, 60, 3), tmp_path / "three")
    one = files(tmp_path / "one")
    assert set(one) == {"cameras.geojson", "events.jsonl", "truth.jsonl"}
    assert one == files(tmp_path / "two")
    assert one["events.jsonl"] != files(tmp_path / "three")["events.jsonl"]


def test_every_line_is_a_valid_wire_event(tmp_path: Path, made: city.City) -> None:
    city.write(made, tmp_path)
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    now = city.BEGIN + timedelta(hours=4)
    assert len(lines) == len(made.events) > 100
    assert [codec.decode_event(line, now) for line in lines] == list(made.events)


def test_cameras_stand_where_their_events_say(tmp_path: Path, made: city.City) -> None:
    city.write(made, tmp_path)
    features = json.loads((tmp_path / "cameras.geojson").read_text())["features"]
    places = {item["properties"]["id"]: item["geometry"]["coordinates"] for item in features}
    assert len(places) == 60
    for event in made.events:
        if event.data.kind != "report":
            assert event.data.location is not None
            assert [event.data.location.lon, event.data.location.lat] == places[event.data.camera]


def test_each_agents_sequence_has_no_gap_and_follows_its_clock(made: city.City) -> None:
    agents: dict[str, dict[int, Event]] = {}
    for event in made.events:
        agents.setdefault(event.agent, {})[int(event.sequence)] = event
    for events in agents.values():
        assert sorted(events) == list(range(1, len(events) + 1))
        times = [events[number].time for number in sorted(events)]
        assert times == sorted(times)


def test_episodes_begin_end_and_keep_their_place(made: city.City) -> None:
    episodes: dict[str, dict[str, Event]] = {}
    for event in made.events:
        episodes.setdefault(event.data.episode, {})[event.id] = event
    for members in episodes.values():
        ordered = sorted(members.values(), key=lambda event: (event.time, event.sequence))
        assert ordered[0].data.phase == "begin"
        assert ordered[-1].data.phase == "end"
        assert {event.data.phase for event in ordered[1:-1]} <= {"update"}
        assert len({(event.data.camera, event.data.kind, event.data.started) for event in ordered}) == 1


def test_truth_names_events_that_exist_and_leaves_noise(tmp_path: Path, made: city.City) -> None:
    city.write(made, tmp_path)
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    sent = {event.id: event for event in made.events}
    told = Counter(identity for line in truth for identity in line["events"])
    assert set(told) < set(sent)
    assert max(told.values()) == 1
    assert {line["kind"] for line in truth} <= {str(kind) for kind in SCRIPTS}
    for line in truth:
        assert datetime.fromisoformat(line["started"]) <= min(sent[identity].time for identity in line["events"])
        assert datetime.fromisoformat(line["ended"]) >= max(sent[identity].time for identity in line["events"])


def test_incidents_are_seen_by_several_cameras_with_delays(made: city.City) -> None:
    by_id = {event.id: event for event in made.events}
    seen_by = [len({by_id[one].data.camera for one in ids}) for ids in made.truth.values()]
    assert sum(count >= 3 for count in seen_by) >= 5
    lags = [
        (min(by_id[one].time for one in made.truth[item.number]) - city.BEGIN).total_seconds() - item.started
        for item in made.happenings
    ]
    assert min(lags) >= 0
    assert max(lags) > 2


def test_some_events_arrive_late_and_some_twice() -> None:
    made = city.build(3, 200, 3)
    assert any(event.data.delayed for event in made.events)
    assert len({event.id for event in made.events}) < len(made.events)
    assert [event.time for event in made.events] != sorted(event.time for event in made.events)


def test_an_incident_joins_kinds_that_can_tell_of_one_thing() -> None:
    for kind, script in SCRIPTS.items():
        assert {KINDS[seen].family for seen, _ in script.seen_as} == {KINDS[kind].family}


def test_many_cameras_get_more_sites_and_distinct_ids() -> None:
    made = city.build(1, 500, 0.01)
    assert len({camera.id for camera in made.cameras}) == 500
    assert len({camera.site for camera in made.cameras}) == 25 > len(DISTRICTS)
    here = [camera for camera in made.cameras if camera.site == made.cameras[0].site]
    assert max(metres(here[0].location, other.location) for other in here) < 800


@pytest.mark.parametrize(("cameras", "hours"), [(0, 1), (10, 0), (10, -1), (30_000, 1)])
def test_an_impossible_city_is_refused(cameras: int, hours: float) -> None:
    with pytest.raises(ConfigError):
        city.build(1, cameras, hours)
