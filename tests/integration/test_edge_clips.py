"""Clips of events: kept on the camera host, blurred, and sent only when somebody asks."""

import subprocess
import sys
import threading
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from contract import topics
from contract.events import Event
from contract.ids import derived_uuid7
from contract.sentence import english
from edge_agent.adapters import clips_mp4
from edge_agent.adapters.clips_mp4 import ClipFiles
from edge_agent.core.clip_buffer import ClipPicture
from edge_agent.core.types import Image
from tests.agents import World, running
from tests.brokers import wait_until
from tests.samples import NOW_MS

SHORT = "clip_before_s = 1.0\nclip_after_s = 0.6"


def begun(world: World) -> Event:
    wait_until(lambda: any(event.data.phase == "begin" for event in world.listener.events()))
    return next(event for event in world.listener.events() if event.data.phase == "begin")


def pictures(mp4: bytes) -> list[Image]:
    with av.open(BytesIO(mp4), "r") as container:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0)]


@pytest.mark.broker
def test_a_clip_comes_when_it_is_asked_for_with_nobody_to_be_recognised(world: World) -> None:
    world.write(world.camera(), evidence=SHORT)
    with running(world):
        begin = begun(world)
        place = topics.evidence("manggarai", "gate", begin.id)
        wait_until(lambda: len(world.listener.of(place)) == 1, what="the still")
        wait_until(lambda: world.ask("clip", "gate", event=begin.id).ok, what="the clip is complete")
        wait_until(lambda: len(world.listener.of(place)) == 2, what="the clip")
        reply = world.ask("clip", "gate", event=begin.id)
    content = world.listener.of(place)[1].payload
    assert reply.result == {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
    shown = pictures(content)
    assert shown[0].mean() < 100, "it begins before there was anybody"
    bright = [image for image in shown if image.mean() > 100]
    assert len(bright) >= 3
    for image in bright[2:]:
        person, beside = image[70:190, 135:185], image[70:190, 10:70]
        assert cv2.Laplacian(person, cv2.CV_32F).std() < 0.5 * cv2.Laplacian(beside, cv2.CV_32F).std()


@pytest.mark.broker
def test_a_clip_begins_before_what_was_told_only_later(world: World) -> None:
    """The rule waits for 1.2 s: the clip of 1.5 s before shows how it began, not how it was told."""
    world.write(world.camera(duration=1.2), evidence="clip_before_s = 1.5\nclip_after_s = 1.5")
    with running(world):
        begin = begun(world)
        place = topics.evidence("manggarai", "gate", begin.id)
        wait_until(lambda: world.ask("clip", "gate", event=begin.id).ok, what="the clip is complete")
        wait_until(lambda: len(world.listener.of(place)) >= 2, what="the clip")
    light = [image.mean() > 100 for image in pictures(world.listener.of(place)[1].payload)]
    assert not light[0]
    assert sum(light) > 5, "and goes on until after it was told"


@pytest.mark.broker
def test_a_picture_that_nobody_looked_at_is_in_no_clip(world: World) -> None:
    """Whoever has come into it since the last look could be recognised. Noise is no motion, so here the gate has the
    detector look twice a second, and ten pictures come."""
    still = world.camera().replace("enabled = false", "hold_s = 0, refresh_s = 0.5")
    world.write(still, evidence=SHORT.replace("1.0", "2.5"))
    with running(world):
        begin = begun(world)
        place = topics.evidence("manggarai", "gate", begin.id)
        wait_until(lambda: world.ask("clip", "gate", event=begin.id).ok, what="the clip is complete")
        wait_until(lambda: len(world.listener.of(place)) >= 2, what="the clip")
    dark = [image for image in pictures(world.listener.of(place)[1].payload) if image.mean() < 100]
    assert 1 <= len(dark) <= 6, "of the fifteen and more that come before there is anybody"


@pytest.mark.broker
def test_what_there_is_no_clip_of_is_told(world: World) -> None:
    world.write(world.camera(), evidence=SHORT.replace("0.6", "29"))
    with running(world):
        runs = world.ask("clip", "gate", event=begun(world).id)
        assert (runs.ok, "29 s after its begin" in runs.error) == (False, True)
        unknown = world.ask("clip", "gate", event=derived_uuid7(NOW_MS, "clip", "nowhere"))
        assert (unknown.ok, "kept for 24 h" in unknown.error) == (False, True)
        assert unknown.why is not None
        assert (unknown.why.key, english(unknown.why)) == ("edge.command.no_clip", unknown.error)
        spoiled = derived_uuid7(NOW_MS, "clip", "spoiled")
        (world.folder / "data" / "clips" / f"{spoiled}.mp4").mkdir(parents=True)
        refused = world.ask("clip", "gate", event=spoiled)
        assert (refused.ok, "directory" in refused.error, refused.why) == (False, True, None)


@pytest.mark.broker
def test_without_pictures_there_are_no_clips(world: World) -> None:
    world.write(world.camera(), evidence=f"snapshots = false\n{SHORT}")
    with running(world):
        refused = world.ask("clip", "gate", event=begun(world).id)
    assert (refused.ok, "evidence.snapshots = false" in refused.error) == (False, True)
    assert not list(world.folder.rglob("*.mp4.part"))
    assert not list((world.folder / "data" / "clips").glob("*"))


def shots(count: int) -> list[ClipPicture]:
    picture = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    _, coded = cv2.imencode(".jpg", picture)
    return [ClipPicture(1.8e9 + t / 5, coded.tobytes()) for t in range(count)]


def test_clips_go_when_they_are_old_or_too_many(tmp_path: Path) -> None:
    now = [0.0]
    files = ClipFiles(tmp_path, clock=lambda: now[0])

    def there() -> list[str]:
        return files.later(lambda: sorted(path.stem for path in tmp_path.glob("*.mp4"))).result()

    for name in ("a", "b", "c"):
        files.save(name, shots(5))
    assert files.later(lambda: all(files.read(name) for name in ("a", "b", "c"))).result()
    one = (tmp_path / "a.mp4").stat()
    now[0] = one.st_mtime + 50
    files.prune(100.0, 10**9)
    assert there() == ["a", "b", "c"]
    files.prune(100.0, 2 * one.st_size)
    assert there() == ["b", "c"]
    now[0] += 200
    files.prune(100.0, 10**9)
    assert there() == []
    files.close()


def test_what_a_power_cut_left_half_written_is_deleted(tmp_path: Path) -> None:
    half, other = tmp_path / ".a.mp4.part", tmp_path / "notes.txt"
    half.write_bytes(b"half a clip")
    other.write_text("not ours")
    files = ClipFiles(tmp_path)
    files.prune(10**9, 10**9)
    files.close()
    assert not half.exists()
    assert other.exists()


def test_a_clip_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    files = ClipFiles(tmp_path)
    (tmp_path / "a.mp4").mkdir()
    files.save("a", shots(5))
    files.save("b", shots(5))
    files.save("none", [])
    assert files.later(lambda: files.read("b")).result() is not None
    assert files.read("none") is None
    files.close()


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from edge_agent.adapters.overlay_av import VideoWriter
from edge_agent.core.errors import OutputError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
rng = np.random.default_rng(0)
try:
    with VideoWriter(Path(sys.argv[1]) / "a.mp4", 5) as video:
        for n in range(80):
            video.write(rng.integers(0, 255, (320, 320, 3), dtype=np.uint8), n / 5)
except OutputError as error:
    print(error.values["detail"])
"""


@pytest.mark.parametrize("room", [0, 8192, 200_000])
def test_a_full_disk_costs_the_clip_and_not_the_agent(tmp_path: Path, room: int) -> None:
    """Refused at the header, at a picture: libav takes the process down where what was refused goes on. In a process
    of its own, for that is what it would end."""
    command = [sys.executable, "-c", FULL, str(tmp_path), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "File too large\n"), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_of_many_clips_at_once_only_so_many_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips_mp4, "MOST_WAITING", 4)
    files, free = ClipFiles(tmp_path), threading.Event()
    files.later(lambda: free.wait(20))
    shot = ClipPicture(1.0, cv2.imencode(".jpg", np.zeros((32, 32, 3), np.uint8))[1].tobytes())
    threads = [threading.Thread(target=files.save, args=(f"event-{n}", [shot])) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    free.set()
    files.later(lambda: None).result(20)
    assert len(list(tmp_path.glob("*.mp4"))) == 4
    files.save("later", [shot])
    files.close()
    assert (tmp_path / "later.mp4").exists()
