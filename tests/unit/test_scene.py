"""The scene renderer: the same pixels from the same seed, true boxes that match what is drawn, videos that play."""

import json
import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from contract.errors import JagaError
from simulator.ground import Ground
from simulator.scene import Actor, Scene, Waypoint, compose, render
from simulator.scene_video import encoder, target, write, write_all
from simulator.scenes import demo_scenes
from simulator.sprites import PEOPLE, TINTS, Look, dressed
from simulator.street import Street, paint

STANDING = Actor(0, Look(PEOPLE[0]), (Waypoint(0, 0.0, 14.0), Waypoint(10, 0.0, 14.0)))
WALKING = Actor(1, Look(PEOPLE[1], tint=3), (Waypoint(0, -9.0, 18.0), Waypoint(10, 9.0, 18.0)))


def scene(*actors: Actor, seed: int = 5, duration: float = 1.0) -> Scene:
    return Scene("test", seed, actors, duration, fps=4)


def test_the_same_seed_gives_the_same_frames() -> None:
    first = list(render(scene(STANDING, WALKING)))
    second = list(render(scene(STANDING, WALKING)))
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(first, second, strict=True))


def test_another_seed_gives_another_street() -> None:
    (one, _), (two, _) = next(render(scene(seed=5))), next(render(scene(seed=6)))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("z", [9.0, 14.0, 25.0])
@pytest.mark.parametrize("x", [-2.0, 0.0, 2.5])
@pytest.mark.parametrize("t", [0.0, 0.4, 0.8])
def test_the_true_box_encloses_what_was_drawn(x: float, z: float, t: float) -> None:
    """Judged by the pixels that differ from the empty street, above the shadow's rows."""
    actor = Actor(0, Look(PEOPLE[0]), (Waypoint(0, x, z), Waypoint(1, x + 1, z)))
    shown = scene(actor)
    backdrop = paint(shown.street, shown.ground, shown.seed)
    image, (truth,) = compose(shown, backdrop, t)
    x1, y1, x2, y2 = truth.box
    upper = np.abs(image.astype(int) - backdrop).sum(2)[: round(y1 + 0.8 * (y2 - y1))] > 60
    rows, columns = np.where(upper)
    assert abs(rows.min() - y1) <= 3
    assert columns.min() >= x1 - 2
    assert columns.max() <= x2 + 1
    assert truth.visible == pytest.approx(1.0)


def test_a_person_has_the_height_that_perspective_gives() -> None:
    shown = scene(STANDING)
    _, (truth,) = compose(shown, paint(shown.street, shown.ground, shown.seed), 0.0)
    assert truth.height == pytest.approx(1.75 * shown.ground.focal / 14.0, abs=2)
    assert truth.box[3] == pytest.approx(shown.ground.project(0, 14.0)[1], abs=2)


def test_the_nearer_hides_the_farther() -> None:
    behind = Actor(0, Look(PEOPLE[0]), (Waypoint(0, 0.0, 13.0), Waypoint(9, 0.0, 13.0)))
    before = Actor(1, Look(PEOPLE[0]), (Waypoint(0, 0.0, 12.0), Waypoint(9, 0.0, 12.0)))
    shown = scene(behind, before)
    _, truth = compose(shown, paint(shown.street, shown.ground, shown.seed), 0.0)
    assert [box.actor for box in truth] == [0, 1]
    assert truth[0].visible < 0.5
    assert truth[1].visible == pytest.approx(1.0)


def test_who_is_half_out_of_the_picture_is_half_visible_and_who_left_is_gone() -> None:
    edge = 14.0 * 320 / 620
    half = Actor(0, Look(PEOPLE[0]), (Waypoint(0, edge, 14.0), Waypoint(9, edge, 14.0)))
    gone = Actor(1, Look(PEOPLE[0]), (Waypoint(0, edge + 3, 14.0), Waypoint(9, edge + 3, 14.0)))
    late = Actor(2, Look(PEOPLE[0]), (Waypoint(5, 0, 14.0), Waypoint(9, 0, 14.0)))
    shown = scene(half, gone, late)
    _, truth = compose(shown, paint(shown.street, shown.ground, shown.seed), 0.0)
    assert [box.actor for box in truth] == [0]
    assert truth[0].visible == pytest.approx(0.5, abs=0.15)
    assert truth[0].box[2] == shown.ground.width


def test_dusk_is_darker_than_day() -> None:
    day, dusk = (next(render(replace(scene(), street=Street(light=light))))[0].mean() for light in ("day", "dusk"))
    assert dusk < 0.7 * day


def test_tints_change_clothes_and_leave_heads() -> None:
    plain, tinted = dressed(PEOPLE[0], 0), dressed(PEOPLE[0], 3)
    head = round(0.14 * len(plain))
    assert np.array_equal(plain[:head, :, 3], tinted[:head, :, 3])
    assert np.abs(plain[:head].astype(int) - tinted[:head]).mean() < 2
    assert np.abs(plain[head:].astype(int) - tinted[head:]).mean() > 5
    assert dressed(PEOPLE[0], TINTS) is not tinted


def test_ground_distance_inverts_project() -> None:
    ground = Ground()
    for z in (8.0, 15.0, 40.0):
        assert ground.distance(ground.project(3.0, z)[1]) == pytest.approx(z)


def test_the_video_plays_and_its_truth_has_a_line_a_frame(tmp_path: Path) -> None:
    shown = scene(STANDING, WALKING, duration=2.0)
    done = write(shown, tmp_path)
    with av.open(str(done.video)) as container:
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    lines = [json.loads(line) for line in done.truth.read_text().splitlines()]
    assert len(pictures) == len(lines) == shown.frame_count
    assert [line["frame"] for line in lines] == list(range(shown.frame_count))
    original, truth = next(render(shown))
    assert np.abs(pictures[0].astype(int) - original).mean() < 6
    assert [box["box"] for box in lines[0]["boxes"]] == [list(box.box) for box in truth]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([done.video.name, done.truth.name])


def test_rendered_scenes_are_kept_and_changed_scenes_are_not(tmp_path: Path) -> None:
    shown = scene(STANDING)
    (done,) = write_all([shown], tmp_path, workers=1)
    written = done.video.stat().st_mtime_ns
    seen: list[tuple[int, int]] = []
    assert write_all([shown], tmp_path, 1, lambda *now: seen.append(now)) == (done,)
    assert done.video.stat().st_mtime_ns == written
    assert seen == [(1, 1)]
    assert target(replace(shown, seed=6), tmp_path) != done


def test_what_a_killed_renderer_left_is_removed_and_what_one_is_writing_stays(tmp_path: Path) -> None:
    old, new = tmp_path / "a.1.part", tmp_path / "b.2.part"
    for part in (old, new):
        part.write_bytes(b"")
    os.utime(old, (0, 0))
    write_all([], tmp_path, 1)
    assert (old.exists(), new.exists()) == (False, True)


def test_the_encoder_falls_back_and_says_so_when_there_is_none() -> None:
    assert encoder(lambda name: name == "mpeg4") == "mpeg4"
    with pytest.raises(JagaError):
        encoder(lambda name: False)


def test_the_demo_has_a_group_in_three_cameras_within_a_minute() -> None:
    busy: dict[str, list[float]] = {}
    for shown in demo_scenes(1):
        backdrop = paint(shown.street, shown.ground, shown.seed)
        for second in range(int(shown.duration)):
            _, truth = compose(shown, backdrop, float(second))
            if sum(box.cls == "person" and box.visible > 0.5 for box in truth) >= 5:
                busy.setdefault(shown.name, []).append(float(second))
    assert set(busy) == {"kota-1", "kota-2", "kota-3"}
    assert busy["kota-1"][0] < busy["kota-2"][0] < busy["kota-3"][0] < busy["kota-1"][0] + 60


def test_demo_scenes_follow_from_the_seed() -> None:
    assert demo_scenes(3) == demo_scenes(3)
    assert demo_scenes(3) != demo_scenes(4)
    assert all(len(list(islice(render(shown), 2))) == 2 for shown in demo_scenes(3))
