"""A whole agent against a real broker: events with evidence, health, commands, reload, a stop that loses nothing.

The detector is a stand-in that sees one person where the picture is bright: what a real one sees is tested elsewhere.
"""

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest

from contract import topics
from contract.errors import ConfigError
from contract.events import Event
from contract.sentence import sentence
from edge_agent.adapters import memory_npz
from edge_agent.config import load
from edge_agent.core.errors import CommandRefused
from edge_agent.core.types import Detections, Image
from edge_agent.runtime import Runtime
from edge_agent.runtime_camera import LiveCamera
from tests.agents import BrightnessDetector, World, running
from tests.brokers import wait_until
from tests.clips import write_clip
from tests.data import ROOT

pytestmark = pytest.mark.broker


def test_a_signal_that_another_thread_took_ends_the_agent_too(world: World) -> None:
    world.write(world.camera())
    runtime = Runtime(load(world.config), BrightnessDetector())
    rescue = threading.Timer(20, runtime.request, ("stop",))

    def take() -> None:
        wait_until(lambda: world.state("gate") == "online")
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: runtime.request("stop"))
    taker = threading.Thread(target=take)
    try:
        rescue.start()
        taker.start()
        runtime.run()
        assert not rescue.finished.is_set()
    finally:
        rescue.cancel()
        taker.join()
        signal.signal(signal.SIGUSR1, before)


def test_an_event_comes_with_evidence_health_and_ends_with_the_agent(world: World) -> None:
    world.write(world.camera(), world.camera("broken", source="absent.mp4"))
    with running(world):
        wait_until(lambda: any(event.data.phase == "begin" for event in world.listener.events()))
        wait_until(lambda: world.state("broken") == "failed" and world.state("gate") == "online")
        health = world.health()
        assert health is not None
        gate = next(camera for camera in health.cameras if camera.camera == "gate")
        assert gate.fps_analysed > 2
        assert gate.location is not None
        broken = next(camera for camera in health.cameras if camera.camera == "broken")
        assert (broken.reason, broken.why) == ("no such file", sentence("camera.no_file"))
    wait_until(lambda: world.listener.statuses() == ["online", "offline"])
    events = world.listener.events()
    begin = next(event for event in events if event.data.phase == "begin")
    assert begin.data.why.config_hash == load(world.config).config_hash
    assert begin.data.why.model == "brightness/test"
    (taken,) = begin.data.evidence
    (picture,) = world.listener.of(topics.evidence("manggarai", "gate", begin.id))
    assert sha256(picture.payload).hexdigest() == taken.sha256
    image = cv2.imdecode(np.frombuffer(picture.payload, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    person, beside = image[60:200, 130:190], image[60:200, 10:70]
    assert cv2.Laplacian(person, cv2.CV_32F).std() < 0.5 * cv2.Laplacian(beside, cv2.CV_32F).std()
    assert [int(event.sequence) for event in events] == list(range(1, len(events) + 1))
    begun = {event.data.episode for event in events if event.data.phase == "begin"}
    assert {event.data.episode for event in events if event.data.phase == "end"} == begun


def test_a_model_that_sees_no_people_makes_no_pictures_that_should_be_blurred(world: World) -> None:
    class Cars(BrightnessDetector):
        classes = ("car",)

    config = world.write(world.camera())
    with pytest.raises(ConfigError, match="does not see people"):
        Runtime(load(config), Cars())
    config.write_text(config.read_text().replace("[evidence]", "[evidence]\nsnapshots = false"))
    with running(world, Cars()) as runtime:
        config.write_text(config.read_text().replace("snapshots = false", ""))
        with pytest.raises(ConfigError, match="does not see people"):
            runtime.reload()


def test_commands(world: World) -> None:
    world.write(world.camera())
    with running(world):
        wait_until(lambda: world.state("gate") == "online")
        picture = world.ask("snapshot", "gate")
        assert picture.ok, picture.error
        assert isinstance(picture.result["jpeg"], str)
        assert world.ask("suspend", "gate").ok
        wait_until(lambda: world.state("gate") == "suspended")
        refused = world.ask("snapshot", "gate")
        assert (refused.ok, "suspended" in refused.error) == (False, True)
        assert refused.why == sentence("edge.command.not_watching", camera="gate", state="suspended")
        assert world.ask("resume", "gate").ok
        wait_until(lambda: world.state("gate") in ("online", "idle"))
        unknown = world.ask("suspend", "nowhere")
        assert (unknown.ok, "there are: gate" in unknown.error) == (False, True)
        clip = world.ask("clip", "gate")
        assert (clip.ok, "$.args" in clip.error and "event" in clip.error) == (False, True)


def test_what_was_suspended_stays_so_though_its_config_changes(world: World) -> None:
    world.write(world.camera(), world.camera("yard"))
    with running(world) as runtime:
        wait_until(lambda: world.state("gate") in ("online", "idle"))
        assert world.ask("suspend", "gate").ok
        world.write(world.camera(duration=0.4), world.camera("yard", duration=0.4))
        assert world.ask("reload").ok
        gate, yard = runtime.cameras
        assert (gate.spec.rules[0].episodes.min_duration_s, gate.state) == (0.4, "suspended")
        wait_until(lambda: yard.state in ("online", "idle"))
        assert gate.state == "suspended"
        assert world.ask("resume", "gate").ok
        wait_until(lambda: gate.state in ("online", "idle"))


@contextmanager
def amid_a_reload(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reload that has ended the changed camera and goes on to its successor when the block ends."""
    amid, go = threading.Event(), threading.Event()
    opened = Runtime._open

    def slow(self: Runtime, *args: Any) -> LiveCamera:
        amid.set()
        assert go.wait(20)
        return opened(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Runtime, "_open", slow)
        reloading = threading.Thread(target=runtime.reload)
        reloading.start()
        try:
            assert amid.wait(20)
            yield
        finally:
            go.set()
            reloading.join(20)
            assert not reloading.is_alive()


@pytest.mark.parametrize("name", ["suspend", "resume"])
def test_what_is_asked_amid_a_reload_is_done_to_the_camera_that_comes(
    name: Literal["suspend", "resume"], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(world.camera())
    with running(world) as runtime:
        wait_until(lambda: world.state("gate") in ("online", "idle"))
        (old,) = runtime.cameras
        if name == "resume":
            assert world.ask("suspend", "gate").ok
        world.write(world.camera(duration=0.4))
        with amid_a_reload(runtime, monkeypatch):
            asked = threading.Thread(target=world.ask, args=(name, "gate"))
            asked.start()
            asked.join(1)  # it waits for the reload; were it not to, it would be done by now
        asked.join(20)
        (new,) = runtime.cameras
        assert (old.state, new.state == "suspended") == ("suspended", name == "suspend")


def test_an_agent_that_stops_amid_a_reload_leaves_no_camera_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(world.camera())
    runtime = Runtime(load(world.config), BrightnessDetector())
    runtime.start()
    wait_until(lambda: world.state("gate") in ("online", "idle"))
    world.write(world.camera(duration=0.4))
    stopping = threading.Thread(target=runtime.stop)
    with amid_a_reload(runtime, monkeypatch):
        stopping.start()
        stopping.join(1)
    stopping.join(20)
    assert not stopping.is_alive()
    assert [camera.state for camera in runtime.cameras] == ["suspended"]
    with pytest.raises(CommandRefused, match="stopping"):
        runtime.reload()


def test_what_was_learned_goes_over_to_the_camera_that_a_reload_puts_in_its_place(world: World) -> None:
    learning = '[[camera.rule]]\nkind = "scene_anomaly"\n'

    def watched_s() -> float:
        known = memory_npz.load(world.folder / "data" / "memory" / "gate.npz")
        return float(known["scene-anomaly/watched"].sum())

    world.write(world.camera() + learning)
    with running(world) as runtime:
        wait_until(lambda: world.health() is not None)
        (first,) = runtime.cameras
        wait_until(lambda: first.analysed > 30, 20)
        world.write(world.camera(duration=0.4) + learning)
        assert world.ask("reload").ok
        before = watched_s()
        assert before > 0
        (second,) = runtime.cameras
        wait_until(lambda: second.analysed > 5, 20)
    assert second is not first
    assert watched_s() > before


def test_a_replay_sends_again_what_was_acknowledged_with_the_same_ids(world: World) -> None:
    world.write(world.camera())
    with running(world) as runtime:
        wait_until(lambda: len(world.listener.events()) >= 3, 20)
        wait_until(lambda: runtime.health().host.spool_depth == 0)
        first = world.listener.events()[:2]
        pictures = len([m for m in world.listener.messages if m.topic.endswith(first[0].id)])
        assert runtime.health().host.last_sequence >= 3
        reply = world.ask("replay", ranges=[[1, 2], [900, 901]])
        assert reply.ok, reply.error
        assert reply.result == {"queued": 2, "gone": [[900, 901]]}

        def again() -> list[Event]:
            return [event for event in world.listener.events() if event.id in (first[0].id, first[1].id)]

        wait_until(lambda: len(again()) == 4, what="both came twice")
        assert [event.sequence for event in again()] == [event.sequence for event in first] * 2
        wait_until(lambda: len([m for m in world.listener.messages if m.topic.endswith(first[0].id)]) == 2 * pictures)
        assert pictures == 1
        refused = world.ask("replay", ranges=[[2, 1]])
        assert (refused.ok, "$.args" in refused.error) == (False, True)
        newest = runtime.health().host.last_sequence
        wait_until(lambda: int(world.listener.events()[-1].sequence) > newest, 20, "new events go on")


def test_reload_keeps_what_did_not_change_running(world: World) -> None:
    world.write(world.camera("a"), world.camera("b"))
    with running(world) as runtime:
        wait_until(lambda: world.state("a") == "online" and world.state("b") == "online")
        before = {camera.spec.id: camera for camera in runtime.cameras}
        world.write(world.camera("a"), world.camera("c", duration=0.5), quality=60)
        reply = world.ask("reload")
        assert reply.ok, reply.error
        assert reply.result["config_hash"] == load(world.config).config_hash
        wait_until(lambda: world.state("c") == "online" and world.state("b") == "")
        after = {camera.spec.id: camera for camera in runtime.cameras}
        assert after["a"] is before["a"]
        assert sorted(after) == ["a", "c"]
        new_hash = load(world.config).config_hash

        def recent() -> list[Event]:
            return [e for e in world.listener.events() if e.data.camera == "a" and e.data.why.config_hash == new_hash]

        wait_until(recent, what="an event of the unchanged camera under the new config")
        world.config.write_text("[agent\n")
        refused = world.ask("reload")
        assert (refused.ok, "not valid TOML" in refused.error) == (False, True)
        world.write(world.camera("a"))
        world.config.write_text(world.config.read_text().replace("[health]", "keepalive_s = 33\n[health]"))
        refused = world.ask("reload")
        assert (refused.ok, "mqtt" in refused.error) == (False, True)
        assert {camera.spec.id for camera in runtime.cameras} == {"a", "c"}


class SlowDetector(BrightnessDetector):
    """Takes a tenth of a second a picture, and counts pictures by their width."""

    def __init__(self) -> None:
        self.looked: Counter[int] = Counter()

    def detect(self, images: Sequence[Image], *, exact: bool = False, features: bool = True) -> list[Detections]:
        self.looked.update(image.shape[1] for image in images)
        time.sleep(0.1 * len(images))
        return super().detect(images)


def test_a_busy_camera_does_not_starve_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.runtime.processors", lambda: 1)  # with more there would be time for all it brings
    rng = np.random.default_rng(5)
    clips = []
    for width, rate in ((320, 30), (160, 5), (192, 5)):
        frames = [np.asarray(rng.integers(0, 255, (120, width, 3)), np.uint8) for _ in range(2 * rate)]
        clips.append(write_clip(world.folder / f"{width}.mp4", frames, fps=rate))
    cameras = [
        world.camera(f"cam-{n}", source=str(clip)).replace("fps = 10", "fps = 30") for n, clip in enumerate(clips)
    ]
    world.write(*cameras)
    detector = SlowDetector()
    with running(world, detector):
        wait_until(lambda: len(detector.looked) == 3, 20)
        detector.looked.clear()
        wait_until(lambda: sum(detector.looked.values()) >= 30, 20)
        looked = dict(detector.looked)
    assert min(looked.values()) >= 0.6 * max(looked.values()), looked


def test_a_broker_that_is_away_costs_nothing(world: World) -> None:
    world.write(world.camera())
    with running(world) as runtime:
        wait_until(lambda: world.listener.events())
        world.broker.stop()
        count = len(world.listener.events())
        wait_until(lambda: runtime.health().host.spool_depth >= 3, 20, "another episode of the looping scene")
        world.broker.start()
        wait_until(lambda: len(world.listener.events()) > count, 20)
        wait_until(lambda: world.state("gate") in ("online", "idle"))
    numbers = {int(event.sequence) for event in world.listener.events()}
    assert numbers == set(range(1, max(numbers) + 1))


def test_the_command_runs_until_a_signal_and_reloads_on_hangup(world: World, tmp_path: Path) -> None:
    world.write(world.camera())
    log = (tmp_path / "agent.log").open("w+")
    agent = subprocess.Popen(
        [sys.executable, "-m", "jaga", "edge", "run", "--config", str(world.config)], stderr=log, cwd=ROOT
    )
    try:
        wait_until(lambda: world.state("gate") in ("online", "idle"), 60, "the agent's health")
        world.config.write_text("[agent\n")
        agent.send_signal(signal.SIGHUP)
        wait_until(lambda: "reload_refused" in (tmp_path / "agent.log").read_text())
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    finally:
        agent.kill()
        agent.wait()
        log.close()
    assert world.listener.statuses() == ["online", "offline"]
    assert "Traceback" not in (tmp_path / "agent.log").read_text()
