"""The demo's scenes do what they promise: the real detector sees them, the real pipeline tells their story."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scene_detection import scores
from benchmarks.scorers import Scores
from edge_agent.adapters.detectors import open_detector
from edge_agent.core.spec import DetectorSpec
from jaga.demo import CAMERA_FPS
from jaga.demo_config import IMGSZ, edge_toml
from jaga.demo_places import DemoCamera, rendered
from simulator.scene_video import Rendered, write_all
from simulator.scenes import demo_scenes

STORY: dict[str, tuple[str, list[tuple[float, float]]]] = {
    "kota-1": ("crowd", [(4, 14)]),
    "kota-2": ("crowd", [(20, 32)]),
    "kota-3": ("crowd", [(39, 50)]),
    "gerbang": ("intrusion", [(8, 15)]),
    "halte": ("loitering", [(26, 40)]),
    "zebra": ("line_crossing", [(10, 16), (16, 22), (38, 44)]),
}
"""Kind, and between which seconds of the loop each episode begins."""


Told = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendered]:
    wanted = [scene for scene in demo_scenes() if scene.name in STORY]
    return {made.name: made for made in write_all(wanted, tmp_path_factory.mktemp("scenes"), workers=2)}


@pytest.fixture(scope="module")
def told(videos: dict[str, Rendered], tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A camera's events, as `jaga analyze` writes them, made once; all loops begin at the same moment."""
    return cache(lambda name: events(name, videos, tmp_path_factory.mktemp(name)))


def events(name: str, videos: dict[str, Rendered], folder: Path) -> list[dict[str, Any]]:
    agents = rendered({scene.name: videos[name].video for scene in demo_scenes()}, CAMERA_FPS)
    agent = next(agent for agent in agents if any(camera.id == name for camera in agent.cameras))
    config, out = folder / "edge.toml", folder / "events.jsonl"
    config.write_text(edge_toml(agent, folder / "data", 1883, 0), "utf-8")
    command = [sys.executable, "-m", "jaga", "analyze", str(videos[name].video), "--config", str(config)]
    command += ["--camera", name, "--start", "2026-01-01T00:00:00Z", "--out", str(out)]
    subprocess.run(command, check=True, timeout=150, capture_output=True)
    return [json.loads(line) for line in out.read_text().splitlines()]


def feature(site: str, camera: DemoCamera) -> dict[str, Any]:
    """As the aggregator knows the camera."""
    place = camera.location
    assert place is not None
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
        "properties": {"id": camera.id, "site": site, "radius_m": place.radius_m},
    }


@pytest.mark.parametrize("name", STORY)
def test_each_camera_tells_its_part_of_the_story(name: str, told: Told) -> None:
    kind, spans = STORY[name]
    found = told(name)
    assert {event["data"]["kind"] for event in found} == {kind}
    begun = sorted(event["data"]["started"] for event in found if event["data"]["phase"] == "begin")
    seconds = [float(time[17:-1]) for time in begun]
    assert len(seconds) == len(spans)
    for second, (earliest, latest) in zip(seconds, spans, strict=True):
        assert earliest <= second <= latest


def test_the_group_is_one_incident_of_three_cameras(told: Told, tmp_path: Path) -> None:
    sent, places, out = tmp_path / "events.jsonl", tmp_path / "cameras.geojson", tmp_path / "incidents.jsonl"
    sent.write_text("".join(json.dumps(event) + "\n" for name in STORY for event in told(name)))
    agents = rendered({scene.name: Path() for scene in demo_scenes()}, CAMERA_FPS)
    features = [feature(agent.site, camera) for agent in agents for camera in agent.cameras]
    places.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    command = [sys.executable, "-m", "jaga", "correlate", str(sent), "--cameras", str(places), "--out", str(out)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    incidents = [json.loads(line) for line in out.read_text().splitlines()]
    crowds = [incident for incident in incidents if incident["kind"] == "crowd"]
    assert [incident["sources"] for incident in crowds] == [3]
    wanted = {event["id"] for name in ("kota-1", "kota-2", "kota-3") for event in told(name)}
    assert set(crowds[0]["events"]) == wanted


def test_the_detector_sees_people_and_buses_that_are_there() -> None:
    detector = open_detector(DetectorSpec(confidence=0.4, imgsz=IMGSZ))
    try:
        crowd, stop = (scene for scene in demo_scenes() if scene.name in ("kota-3", "halte"))
        found = [scores(scene, detector, looks_per_second=0.5) for scene in (crowd, stop)]
    finally:
        detector.close()
    people = sum((one["person"] for one in found), Scores())
    buses = sum((one["bus"] for one in found), Scores())
    assert people.tp + people.fn > 50
    assert people.recall >= 0.9
    assert people.precision >= 0.95
    assert buses.tp >= 2
    assert buses.recall >= 0.85
