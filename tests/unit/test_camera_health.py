"""Covered, defocused, moved and frozen cameras; and what is none of these."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from contract.codec import check_event, decode_event, encode
from edge_agent.adapters.privacy_cv2 import tiny_luma
from edge_agent.core.camera_health import CALM_S, EVERY_S, SETTLED_S, CameraHealth
from edge_agent.core.look import look
from edge_agent.core.rules.camera_base import Sight
from edge_agent.core.rules.camera_defocused import Defocused
from edge_agent.core.spec import CAMERA_FAULTS, TamperSpec
from edge_agent.core.types import Frame, Image
from edge_agent.core.view import ViewMemory
from simulator.tamper import KINDS, STRENGTHS, Kind, Strength, tampered
from tests.cameras import HEIGHT, WIDTH, begins, told, view
from tests.scenes import T0, every

KIND_OF: dict[Kind, str] = {
    "cover": "camera_covered",
    "blur": "camera_defocused",
    "shift": "camera_moved",
    "freeze": "camera_frozen",
    "glare": "camera_covered",
}
CLEAN = 8.0
Change = Callable[[Image, float], Image]


def after(change: Change, begin: float = CLEAN) -> Callable[[float], Image]:
    return lambda t: change(view(t), t) if t >= begin else view(t)


def relit(image: Image, gain: float, offset: float = 0.0) -> Image:
    return np.asarray(np.clip(image.astype(np.float32) * gain + offset, 0, 255), np.uint8)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_tampering_is_told_within_ten_seconds_and_by_its_name(kind: Kind, strength: Strength) -> None:
    times = every(5, 0, CLEAN + 10)
    pictures = tampered((view(t) for t in times), kind, strength, int(CLEAN * 5), seed=3)
    events = told(times, lambda _: next(pictures))
    assert begins(events)[:1] == [KIND_OF[kind]]
    first = next(event for event in events if event.data.phase == "begin")
    assert first.data.started.timestamp() >= T0 + CLEAN - 0.05
    assert first.data.zone is None
    assert first.data.subjects == ()
    assert any(measure.threshold is not None for measure in first.data.why.measures)
    check_event(decode_event(encode(first)))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_blur_between_bars_is_told(axis: int, strength: Strength) -> None:
    """The bars' edges stay sharp, and are most of the detail where the view is soft."""
    times = every(5, 0, CLEAN + 6)
    soft = (np.asarray(cv2.GaussianBlur(relit(view(t), 0.5, 110), (0, 0), 0.7), np.uint8) for t in times)
    bar = [(30, 30) if side == axis else (0, 0) for side in range(3)]
    pictures = (np.pad(image, bar) for image in tampered(soft, "blur", strength, int(CLEAN * 5), 3))
    assert begins(told(times, lambda _: next(pictures))) == ["camera_defocused"]


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_blur_of_a_dark_place_with_one_lamp_is_told(strength: Strength) -> None:
    """All around the lamp is nearly black, as bars are; but there is no picture between them."""
    times = every(5, 0, CLEAN + 6)
    dark = [np.where(view(t) > 128, 18, 2).astype(np.uint8) for t in times]
    for image in dark:
        image[20:26, 30:36] = 230
    pictures = tampered(dark, "blur", strength, int(CLEAN * 5), 3)
    assert begins(told(times, lambda _: next(pictures))) == ["camera_defocused"]


def shaken(_image: Image, t: float) -> Image:
    """A mast in the wind: two pixels to and fro."""
    return view(t, x=100 + round(2 * np.sin(7 * t)), y=60 + round(2 * np.cos(5 * t)))


def lorry(image: Image, t: float) -> Image:
    """A plain lorry that takes two thirds of the picture and needs two seconds to pass."""
    changed = image.copy()
    left = int((t - CLEAN) / 2 * WIDTH * 1.7 - WIDTH * 0.7)
    changed[30:, max(left, 0) : max(left + WIDTH * 2 // 3, 0)] = 150
    return changed


def headlight(image: Image, t: float) -> Image:
    """Light that sweeps over the picture in two seconds."""
    x = (t - CLEAN) / 2 * WIDTH
    bell = 500 * np.exp(-(((np.arange(WIDTH) - x) / (0.2 * WIDTH)) ** 2))
    return np.asarray(np.clip(image + bell[None, :, None], 0, 255), np.uint8)


def grey(image: Image, _t: float) -> Image:
    """The infrared filter swings away: no colour, other gain."""
    mono = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return relit(np.repeat(mono[..., None], 3, axis=2), 0.7, 30)


def rain(image: Image, t: float) -> Image:
    rng = np.random.default_rng(round(t * 100))
    changed = image.copy()
    for _ in range(250):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        cv2.line(changed, (x, y), (x + 2, y + 14), (200, 200, 200), 1)
    return changed


def coded(image: Image, _t: float) -> Image:
    found, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 15])
    assert found
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


HARMLESS: dict[str, Change] = {
    "night falls": lambda image, t: relit(image, max(0.15, 1 - (t - CLEAN) / 15)),
    "infrared": grey,
    "fog": lambda image, t: relit(image, 1 - min(0.7, (t - CLEAN) / 10), 200 * min(0.7, (t - CLEAN) / 10)),
    "headlight": headlight,
    "rain": rain,
    "lamp flickers": lambda image, t: relit(image, 1.0 if int(t * 5) % 2 else 0.6),
    "wind": shaken,
    "lorry": lorry,
    "compression": coded,
    "exposure": lambda image, _t: relit(image, 1.3, 10),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_weather_light_and_traffic_are_none_of_these(name: str) -> None:
    assert begins(told(every(5, 0, 28), after(HARMLESS[name]))) == []


def test_a_recording_that_begins_with_a_title_has_not_moved() -> None:
    assert begins(told(every(5, 0, 20), lambda t: view(t, x=0, y=0) if t < 3 else view(t, x=250, y=150))) == []


def test_each_move_of_an_operator_is_told_and_its_new_view_learned() -> None:
    places = ((0, 0), (250, 150), (0, 150), (250, 0))
    events = told(every(5, 0, 39.8), lambda t: view(t, x=places[int(t // 10)][0], y=places[int(t // 10)][1]))
    assert begins(events) == ["camera_moved"] * 3
    ends = [e.data.ended.timestamp() - T0 for e in events if e.data.phase == "end" and e.data.ended is not None]
    assert [end // 10 for end in ends] == [1, 2, 3]
    assert {event.data.severity for event in events} == {"minor"}
    known = told(every(5, 0, 15), lambda t: view(t, x=places[int(t // 10)][0]), TamperSpec(ptz=True))
    assert {event.data.severity for event in known} <= {"info"}


def test_two_clean_seconds_are_enough_to_tell_a_cover() -> None:
    def wrapped(image: Image, t: float) -> Image:
        changed = image.copy()
        changed[:, WIDTH - int(WIDTH * min(1.0, (t - 2.2) / 1.5)) :] = 190
        return changed

    assert begins(told(every(5, 0, 4.4), after(wrapped, 2.2))) == ["camera_covered"]


def test_a_cover_with_creases_of_its_own_is_no_other_recording() -> None:
    """It comes from one side while the view is still young, and in the end there is detail again."""

    def wrapped(image: Image, t: float) -> Image:
        changed = image.copy()
        left = int(WIDTH * max(0.15, 1 - (t - 2.0) / 1.4))
        changed[:, left:] = 190
        if t >= 3.3:
            changed[:, left : WIDTH // 3] = view(t, x=250, y=150)[:, left : WIDTH // 3]
        return changed

    assert begins(told(every(5, 0, 4.4), after(wrapped, 2.0))) == ["camera_covered"]


def test_a_cover_ends_when_it_is_taken_away() -> None:
    hand = after(lambda image, t: np.full_like(image, 40) if t < 20 else image)
    events = told(every(5, 0, 30), hand)
    assert [event.data.phase for event in events if event.data.phase != "update"] == ["begin", "end"]
    ended = events[-1].data.ended
    assert ended is not None
    assert ended.timestamp() == pytest.approx(T0 + 20, abs=0.5)


def test_a_still_scene_without_noise_is_not_soon_called_frozen() -> None:
    """Rendered or strongly coded pictures repeat exactly where nothing moves."""

    def drawn(t: float) -> Image:
        image = view(0.0).copy()
        if t < 10:
            image[80:120, int(t * 20) : int(t * 20) + 20] = 0
        return image

    assert begins(told(every(5, 0, 55), drawn)) == []
    assert begins(told(every(5, 0, 90), drawn)) == ["camera_frozen"]


def test_a_key_frame_does_not_end_a_repetition() -> None:
    frozen = view(CLEAN)

    def stuck(_image: Image, t: float) -> Image:
        return relit(frozen, 1.0, 2.0) if 12.0 <= t < 12.3 else frozen

    assert begins(told(every(5, 0, 25), after(stuck))) == ["camera_frozen"]


def test_a_still_scene_strongly_coded_is_not_frozen() -> None:
    """Nothing changes from picture to picture, and every key frame is coded anew from a picture with other noise."""

    def held(t: float) -> Image:
        return view(t) if t < CLEAN else coded(view(CLEAN + 2.0 * ((t - CLEAN) // 2.0)), t)

    assert begins(told(every(5, 0, 40), held)) == []


def test_a_still_scene_that_changes_little_by_little_has_no_noise_that_could_be_missed() -> None:
    """As strong coding shows it: over two seconds much changes, from picture to picture hardly anything."""
    rng = np.random.default_rng(5)

    def pictures() -> Iterator[Image]:
        image = view(0.0)
        for t in every(5, 0, 50):
            if not 32 <= t < 42:
                image = image ^ (rng.random(image.shape[:2]) < 0.01)[..., None].astype(np.uint8) * 2
            yield image

    shown = pictures()
    assert begins(told(every(5, 0, 50), lambda _: next(shown))) == []


@pytest.mark.parametrize("apart_s", [0.5, 1.0, 2.0])
def test_a_camera_that_came_to_rest_at_once_is_known_to_be_noisy_all_the_same(apart_s: float) -> None:
    times = [*every(5, 0, 2), *(2.0 + apart_s * n for n in range(round(40 / apart_s)))]
    assert begins(told(times, lambda t: view(min(t, 30.0)))) == ["camera_frozen"]


def test_the_noise_of_a_night_is_no_sharpness() -> None:
    """Nor is it lost when the picture is clean again by day."""
    assert begins(told(every(5, 0, 30), lambda t: view(t, noise=9.0) if t < 15 else view(t, noise=1.0))) == []
    blurred = [begins(told(every(5, 0, 30), lambda t, noise=noise: noisy_blur(t, noise))) for noise in (1.0, 6.0)]  # type: ignore[misc]
    assert blurred == [["camera_defocused"]] * 2


@pytest.mark.parametrize(("plain", "told"), [(0.6, True), (0.95, True), (1.0, False), (3.0, False)])
def test_where_as_much_detail_is_as_usual_no_lens_is_blurred(plain: float, told: bool) -> None:
    """A flash lights a dark view up, noise and all: its fine detail is less of it than was usual, and yet more."""
    memory = ViewMemory()
    seen = [look(view(t), T0 + t) for t in every(5, 0, 4)]
    (*_, difference) = (memory.compare(one) for one in seen if one is not None)
    assert difference is not None
    lit = replace(difference, sharpness=0.55, plain=plain)
    assert bool(Defocused(TamperSpec()).step(Sight(seen[-1], lit, False))) == told  # type: ignore[arg-type]


def noisy_blur(t: float, noise: float) -> Image:
    """Out of focus from 15 s on; the sensor's noise is after the lens and stays."""
    if t < 15:
        return view(t, noise=noise)
    soft = cv2.GaussianBlur(view(0.0, noise=0.0), (0, 0), 2.5).astype(np.float32)
    return np.asarray(np.clip(soft + view(t, noise=noise) - view(t, noise=0.0).astype(np.float32), 0, 255), np.uint8)


def sharpness_after(change: Callable[[Image], Image]) -> float:
    """Of a view whose upper half is sharp, as what is far, and whose lower half is a plain wall close by."""
    memory = ViewMemory()

    def scene(t: float) -> Image:
        image = view(t, noise=1.0)
        image[HEIGHT // 2 :] = cv2.GaussianBlur(image[HEIGHT // 2 :], (0, 0), 1.0)
        return image

    for t in every(5, 0, 4):
        seen = look(scene(t), T0 + t)
        assert seen is not None
        if memory.compare(seen) is not None:
            memory.learn(seen)
    seen = look(change(scene(5.0)), T0 + 5.0)
    assert seen is not None
    difference = memory.compare(seen)
    assert difference is not None
    return difference.sharpness


def test_fog_that_hides_what_is_far_takes_fine_detail_and_no_sharpness() -> None:
    def foggy(image: Image) -> Image:
        kept = np.exp(-np.linspace(1.8, 0.3, HEIGHT, dtype=np.float32))[:, None, None]
        return np.asarray(190.0 + kept * (image.astype(np.float32) - 190.0), np.uint8)

    def blurred(image: Image) -> Image:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 2.0), np.uint8)

    assert sharpness_after(foggy) > 0.8
    assert sharpness_after(blurred) < 0.6
    assert sharpness_after(lambda image: foggy(blurred(image))) < 0.6


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_move_says_how_long_the_camera_turned(seconds: float) -> None:
    """A knock is over at once; an operator's move is smooth and takes seconds."""

    def turning(t: float) -> Image:
        along = min(max((t - CLEAN) / seconds, 0.0), 1.0) if seconds else float(t >= CLEAN)
        return view(t, x=round(100 + 150 * along), y=round(60 + 90 * along))

    (begin,) = [e for e in told(every(5, 0, 16), turning) if e.data.phase == "begin"]
    (turned,) = [m.value for m in begin.data.why.measures if m.name == "turning"]
    assert turned == pytest.approx(seconds, abs=1.0)


HAND = TamperSpec(faults=("covered",))


def test_what_came_to_stay_is_learned_after_a_minute() -> None:
    """A kiosk is put up over half of the view, full of detail: no cover; a hand over all of it later is one."""

    def kiosk(t: float) -> Image:
        image = view(t)
        if t >= CLEAN:
            image[:, : WIDTH * 6 // 10] = view(t, x=250, y=150)[:, : WIDTH * 6 // 10]
        return image if t < 85 else np.full_like(image, 40)

    events = told(every(2, 0, 95), kiosk, HAND)
    assert begins(events) == ["camera_covered"]
    kept = next(m.value for m in events[0].data.why.measures if m.name == "hidden")
    assert kept == 1.0


@pytest.mark.parametrize("fault", CAMERA_FAULTS)
def test_each_kind_can_be_switched_off(fault: str) -> None:
    held = view(CLEAN)
    changes: dict[str, Change] = {
        "covered": lambda image, _t: np.full_like(image, 30),
        "defocused": lambda image, _t: np.asarray(cv2.GaussianBlur(image, (0, 0), 3), np.uint8),
        "moved": lambda _image, t: view(t, x=250, y=150),
        "frozen": lambda _image, _t: held,
    }
    alone = TamperSpec(faults=(fault,))  # type: ignore[arg-type]
    assert begins(told(every(5, 0, 20), after(changes[fault]), alone)) == [f"camera_{fault}"]
    others = replace(alone, faults=tuple(name for name in CAMERA_FAULTS if name != fault))
    assert f"camera_{fault}" not in begins(told(every(5, 0, 20), after(changes[fault]), others))
    assert told(every(5, 0, 20), after(changes[fault]), TamperSpec(enabled=False)) == []


@pytest.mark.parametrize("gain", [0.1, 0.8])
def test_who_looks_less_often_at_the_same_picture_looks_at_once_at_another(gain: float) -> None:
    health, looked = CameraHealth(TamperSpec()), list[float]()
    for n in range(100):
        t = n / 5
        image = view(t) if t < 18 else relit(view(t), gain)
        sight = health.sight(Frame(image, tiny_luma(image, 96), n, t), t)
        if sight is not None:
            looked.append(t)
            health.learn(sight, {watch.rule.kind: watch.step.step(sight) for watch in health.watches})
    calm = [round(later - earlier, 1) for earlier, later in pairwise(looked) if SETTLED_S + CALM_S < later < 18]
    assert {*pairwise(calm)} == {(CALM_S, EVERY_S), (EVERY_S, CALM_S)}
    assert max(later - earlier for earlier, later in pairwise(looked) if later < SETTLED_S) <= EVERY_S + 0.01
    assert next(t for t in looked if t >= 18) == pytest.approx(18)


@pytest.mark.parametrize(
    ("kind", "strength", "within_s"), [("blur", "weak", 5), ("blur", "strong", 5), ("freeze", "strong", 8)]
)
def test_what_hardly_changes_a_dark_picture_is_told_as_soon_as_the_guide_says(
    kind: Kind, strength: Strength, within_s: float
) -> None:
    begin = 13.2
    times = every(5, 0, begin + within_s)
    pictures = tampered((relit(view(t), 0.15, 5.0) for t in times), kind, strength, round(begin * 5), seed=3)
    assert begins(told(times, lambda _: next(pictures))) == [KIND_OF[kind]]


def test_thresholds_are_the_configs() -> None:
    half = after(lambda image, _t: cv2.rectangle(image.copy(), (0, 0), (WIDTH // 2, HEIGHT), (40, 40, 40), -1))
    assert begins(told(every(5, 0, 20), half)) == ["camera_covered"]
    assert begins(told(every(5, 0, 20), half, TamperSpec(covered_share=0.7))) == []


def test_a_blank_wall_and_a_tiny_picture_are_not_judged() -> None:
    blank = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    assert told(every(5, 0, 20), lambda t: blank if t < 10 else relit(blank, 0.2)) == []
    assert look(np.zeros((40, 40, 3), np.uint8), 0.0) is None


@pytest.mark.parametrize(("height", "width"), [(48, 64), (120, 160), (241, 399), (480, 640), (720, 1280), (2160, 3840)])
def test_a_look_is_small_whatever_the_picture(height: int, width: int) -> None:
    seen = look(np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8), 0.0)
    assert seen is not None
    assert seen.small.size < 60_000
    assert seen.fine.shape == seen.coarse.shape == seen.clipped.shape
    assert seen.small.shape == (seen.fine.shape[0] * 12, seen.fine.shape[1] * 12)
