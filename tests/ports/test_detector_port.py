"""Every detector runtime keeps the same promises and sees the same things."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.adapters.detectors import NATIVE_BF16, NATIVE_INT8, cpu_flags, open_detector
from edge_agent.core.crowd_density import density_of, within
from edge_agent.core.ports import Detector
from edge_agent.core.spec import DetectorSpec, Precision, Runtime
from edge_agent.core.types import Detections, Image
from edge_agent.zoo import verify
from edge_agent.zoo.manifest import manifest
from edge_agent.zoo.trained import trained
from edge_agent.zoo.ultra import import_ultralytics

EAGER = DetectorSpec(confidence=0.002, imgsz=320, precision="f32")
"""So low that even a drawn scene gives boxes; what they are does not matter, only that promises hold for them. In
float32, in which the runtimes agree."""

HAS_ULTRALYTICS = find_spec("ultralytics") is not None
PORTABLE: list[Runtime] = ["openvino", "onnxruntime"]
RUNTIMES: list[Runtime] = [*PORTABLE, "ultralytics"] if HAS_ULTRALYTICS else PORTABLE
NATIVE = not NATIVE_BF16.isdisjoint(cpu_flags())
KINDS: list[tuple[Runtime, Precision]] = [(runtime, "f32") for runtime in RUNTIMES]
if NATIVE:
    KINDS.append(("openvino", "bf16"))
if not NATIVE_INT8.isdisjoint(cpu_flags()):
    KINDS.append(("openvino", "int8"))


@pytest.mark.skipif(not HAS_ULTRALYTICS, reason="the ultralytics extra (it brings torch) is not installed")
def test_ultralytics_is_held_to_this_too_and_reports_to_nobody() -> None:
    """Also the one line in the report of skips, where this suite runs without its third runtime."""
    assert "ultralytics" in RUNTIMES
    import_ultralytics(offline=True)
    from ultralytics.utils import AUTOINSTALL, SETTINGS
    from ultralytics.utils.events import events

    assert not events.enabled
    assert SETTINGS["sync"] is False
    assert AUTOINSTALL is False


def drawn(width: int, height: int, seed: int = 1) -> Image:
    """Grey ground with dark upright shapes and noise."""
    chance = np.random.default_rng(seed)
    image = np.full((height, width, 3), 150, np.uint8)
    for _ in range(8):
        x, y = int(chance.integers(0, width)), int(chance.integers(0, height))
        colour = [int(value) for value in chance.integers(0, 255, 3)]
        cv2.ellipse(image, (x, y), (max(2, width // 30), max(2, height // 8)), 0, 0, 360, colour, -1)
        cv2.circle(image, (x, y - height // 7), max(2, width // 50), (120, 150, 190), -1)
    noise = chance.integers(0, 12, image.shape, dtype=np.uint8)
    return np.asarray(image + noise, np.uint8)


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def opened(request: pytest.FixtureRequest) -> Callable[..., Detector]:
    """Opens the runtime under test with EAGER changed as told."""
    runtime, precision = request.param
    if runtime == "ultralytics":
        entry = manifest().entry("yolov8n")
        if verify.state(entry.weights, entry.name) != "ok":
            pytest.fail("run `jaga models pull` first: ultralytics needs the checkpoint")

    def make(**changes: object) -> Detector:
        return open_detector(replace(EAGER, runtime=runtime, precision=precision, **changes))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="module")
def detector(opened: Callable[..., Detector]) -> Iterator[Detector]:
    with closing(opened()) as made:
        yield made


def same(one: Detections, other: Detections, pixels: float, scores: float = 1e-3) -> bool:
    return (
        len(one) == len(other)
        and np.array_equal(one.labels, other.labels)
        and np.allclose(one.boxes, other.boxes, atol=pixels)
        and np.allclose(one.scores, other.scores, atol=scores)
    )


def test_it_says_what_it_is(detector: Detector) -> None:
    model, *runtime = detector.name.split("/")
    assert model == "yolov8n"
    assert tuple(runtime) in (
        ("openvino",),
        ("onnxruntime",),
        ("ultralytics",),
        ("openvino", "bf16"),
        ("openvino", "int8"),
        ("openvino", "int8+bf16"),
    )
    assert detector.classes[:3] == ("person", "bicycle", "car")
    assert len(detector.classes) == 80


def test_no_images_no_results(detector: Detector) -> None:
    assert detector.detect([]) == []


@pytest.mark.parametrize(("width", "height"), [(640, 480), (333, 217), (240, 400), (64, 1000), (7, 5)])
def test_shapes_units_and_order(detector: Detector, width: int, height: int) -> None:
    (found,) = detector.detect([drawn(width, height)])
    count = len(found)
    assert found.boxes.shape == (count, 4)
    assert [str(part.dtype) for part in (found.boxes, found.scores, found.labels)] == ["float32", "float32", "int32"]
    assert found.classes == detector.classes
    assert ((found.labels >= 0) & (found.labels < 80)).all()
    assert ((found.scores >= EAGER.confidence) & (found.scores <= 1)).all()
    assert (np.diff(found.scores) <= 0).all()
    assert (found.boxes[:, :2] >= 0).all()
    assert (found.boxes[:, 2:] <= [width, height]).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()


def test_a_drawn_scene_gives_boxes(detector: Detector) -> None:
    """Guards the other tests of this file: promises about no boxes at all would prove nothing."""
    assert len(detector.detect([drawn(640, 480)])[0]) > 5


def test_images_of_several_sizes_come_back_in_their_order(detector: Detector) -> None:
    images = [drawn(640, 480, 1), drawn(240, 400, 2), drawn(640, 480, 3), drawn(320, 240, 4), drawn(240, 400, 5)]
    together = detector.detect(images)
    alone = [detector.detect([image])[0] for image in images]
    assert all(same(one, other, 0.5) for one, other in zip(together, alone, strict=True))
    assert not same(together[0], together[2], 0.5)


def test_what_is_made_for_the_network_is_not_scaled(opened: Callable[..., Detector], detector: Detector) -> None:
    """The picture is 256 pixels wide: as it is, it is what a detector for 256 pixels sees, and no other. Without its
    maps: where they are wanted as well, bfloat16 is rounded elsewhere."""
    images = [drawn(256, 192, seed) for seed in (1, 2)]
    with closing(opened(imgsz=256)) as fitting:
        wanted = fitting.detect(images, features=False)
    exact, scaled = detector.detect(images, exact=True), detector.detect(images)[0]
    assert all(same(one, other, 0.5) for one, other in zip(exact, wanted, strict=True))
    assert not same(scaled, wanted[0], 0.5)


def shown(found: Detections, other: Detections, count: int = 8) -> bool:
    """Whether each of the best boxes is among the others: scores that are nearly equal may change places. A bfloat16
    has 8 bits: an edge that lies 15 cells from its anchor is off by up to 1/16 of a cell of 32 pixels."""
    return len(found) > 0 and all(
        bool(
            (
                (other.labels == found.labels[n])
                & (np.abs(other.boxes - found.boxes[n]).max(axis=1) <= 2.0)
                & (np.abs(other.scores - found.scores[n]) <= 0.01)
            ).any()
        )
        for n in range(min(count, len(found)))
    )


def test_exact_pictures_of_many_sizes_come_back_in_their_order(detector: Detector) -> None:
    sizes = [(64, 64), (96, 64), (64, 96), (96, 96), (128, 64), (128, 96)]
    images = [drawn(*size, seed=seed) for seed in (1, 2) for size in sizes]
    together = detector.detect(images, exact=True)
    with ThreadPoolExecutor(4) as pool:
        apart = list(pool.map(lambda image: detector.detect([image], exact=True)[0], reversed(images)))
    assert all(same(one, other, 0.01) for one, other in zip(together, reversed(apart), strict=True))
    assert sum(map(len, together)) > len(images)


def test_exact_pictures_of_a_new_size_from_many_threads(opened: Callable[..., Detector]) -> None:
    images = [drawn(*size, seed=seed) for seed in (1, 2, 3) for size in ((128, 96), (96, 128))]
    with closing(opened(hint="throughput")) as detector:
        with ThreadPoolExecutor(len(images)) as pool:
            together = list(pool.map(lambda image: detector.detect([image], exact=True)[0], images))
        alone = detector.detect(images, exact=True)
    assert all(same(one, other, 0.01) for one, other in zip(together, alone, strict=True))
    assert any(len(one) for one in alone)


def test_more_images_than_one_batch(detector: Detector) -> None:
    images = [drawn(160, 120, seed) for seed in range(19)]
    results = detector.detect(images)
    assert len(results) == 19
    assert same(results[18], detector.detect(images[18:])[0], 0.5)


def test_the_picture_is_left_alone_and_may_be_a_view(detector: Detector) -> None:
    image = drawn(320, 240)
    before = image.copy()
    mirrored = detector.detect([image[:, ::-1]])[0]
    assert np.array_equal(image, before)
    assert same(mirrored, detector.detect([np.ascontiguousarray(image[:, ::-1])])[0], 0.01)


def test_the_same_picture_gives_the_same_bytes(detector: Detector) -> None:
    image = drawn(640, 480)
    first, second = detector.detect([image])[0], detector.detect([image])[0]
    assert first.boxes.tobytes() == second.boxes.tobytes()
    assert first.scores.tobytes() == second.scores.tobytes()


@pytest.mark.parametrize("runtime", PORTABLE)
@pytest.mark.parametrize("hint", ["latency", "throughput"])
@pytest.mark.parametrize(("width", "height"), [(640, 360), (240, 400)])
def test_the_map_lies_over_the_frame_and_is_everywhere_the_same(
    runtime: Runtime, hint: str, width: int, height: int
) -> None:
    """ultralytics gives none. Its own letterbox pads both sides alike, so the map reaches as far beyond each."""
    spec = replace(EAGER, runtime=runtime, hint=hint)  # type: ignore[arg-type]
    with closing(open_detector(spec)) as made, closing(open_detector(replace(EAGER, runtime="onnxruntime"))) as other:
        first, second = (found.features for found in made.detect([drawn(width, height), drawn(width, height, 2)]))
        wanted = other.detect([drawn(width, height)])[0].features
    assert first is not None
    assert second is not None
    assert wanted is not None
    assert first.values.shape[0] == 256
    assert str(first.values.dtype) == "float32"
    np.testing.assert_allclose(first.values, wanted.values, atol=1e-3)
    np.testing.assert_allclose(first.fine, wanted.fine, atol=1e-3)
    assert not np.allclose(first.values, second.values, atol=0.1)
    _, rows, columns = first.values.shape
    assert first.fine.shape == (128, 2 * rows, 2 * columns)
    assert first.left + first.width * columns == pytest.approx(1 - first.left, abs=0.01)
    assert first.top + first.height * rows == pytest.approx(1 - first.top, abs=0.01)
    assert first.width * width == pytest.approx(first.height * height)


def test_who_looks_at_no_features_gets_the_same_boxes_without_them(detector: Detector) -> None:
    """A network without these outputs may round elsewhere to bfloat16, and what then becomes another integer moves
    more: there the three best boxes count, of scores from 0.02."""
    images = [drawn(640, 480), drawn(320, 240)]
    arithmetic = detector.name.split("/")[-1]
    for one, other in zip(detector.detect(images, features=False), detector.detect(images), strict=True):
        assert one.features is None
        if arithmetic in ("bf16", "int8+bf16"):
            assert shown(one, other, 3 if arithmetic == "int8+bf16" else 8)
        else:
            assert same(one, other, 0.01)


def test_only_wanted_classes_and_only_sure_ones(opened: Callable[..., Detector], detector: Detector) -> None:
    image = drawn(640, 480)
    everything = detector.detect([image])[0]
    label = int(everything.labels[0])
    floor = float(np.median(everything.scores[everything.labels == label]))
    with closing(opened(classes=(detector.classes[label],), confidence=floor)) as choosy:
        found = choosy.detect([image])[0]
    wanted = (everything.labels == label) & (everything.scores >= floor)
    assert len(found) == wanted.sum() > 0
    assert set(found.labels) == {label}
    assert np.allclose(found.boxes, everything.boxes[wanted], atol=0.5)


def test_boxes_of_one_class_overlap_no_more_than_allowed(opened: Callable[..., Detector]) -> None:
    with closing(opened(nms_iou=0.3)) as strict:
        found = strict.detect([drawn(640, 480)])[0]
    boxes = found.boxes.astype(np.float64)
    for index in range(len(found)):
        for other in range(index):
            if found.labels[index] == found.labels[other]:
                corner = np.maximum(boxes[index, :2], boxes[other, :2])
                shared = np.clip(np.minimum(boxes[index, 2:], boxes[other, 2:]) - corner, 0, None).prod()
                area = sum((boxes[which, 2:] - boxes[which, :2]).prod() for which in (index, other))
                # Boxes are compared before they are clipped to the frame, and what is clipped overlaps more.
                inside = (boxes[[index, other]] > 0.5).all() and (boxes[[index, other], 2:] < [639.5, 479.5]).all()
                assert not inside or shared / (area - shared) <= 0.31


@pytest.mark.parametrize("hint", ["latency", "throughput"])
def test_who_asks_at_the_same_time_gets_what_one_alone_gets(opened: Callable[..., Detector], hint: str) -> None:
    pictures = [drawn(320, 240, seed) for seed in range(4)]
    with closing(opened(hint=hint)) as detector:
        alone = [detector.detect([one])[0] for one in pictures]
        with ThreadPoolExecutor(4) as many:
            together = list(many.map(lambda n: detector.detect([pictures[n % 4], pictures[(n + 1) % 4]]), range(12)))
    assert any(len(one) for one in alone)
    for n, (first, second) in enumerate(together):
        assert same(first, alone[n % 4], 0.1)
        assert same(second, alone[(n + 1) % 4], 0.1)


def test_threads_and_hints_change_no_result(opened: Callable[..., Detector], detector: Detector) -> None:
    images = [drawn(320, 240, seed) for seed in range(3)]
    expected = detector.detect(images)
    for changes in ({"threads": 1}, {"hint": "throughput"}):
        with closing(opened(**changes)) as other:
            results = other.detect(images)
        assert all(same(one, two, 0.5) for one, two in zip(results, expected, strict=True)), changes


@pytest.mark.data
def test_people_on_a_street_are_found_alike_by_each_runtime(opened: Callable[..., Detector], data: Path) -> None:
    """Frame 240 (MOT numbering) of PETS09-S2L1, with maps and without, against its ground truth and ONNX Runtime."""
    image, truth = pets_frame(data, 240)
    people = DetectorSpec(runtime="onnxruntime", classes=("person",))
    with closing(opened(imgsz=640, confidence=0.4, classes=("person",))) as detector:
        found, plain = detector.detect([image])[0], detector.detect([image], features=False)[0]
    with closing(open_detector(people)) as reference:
        expected = reference.detect([image])[0]
    # A bfloat16 has 8 bits: an edge that lies 15 cells from its anchor is off by up to 1/16 of a cell of 32 pixels.
    # Integers of 8 bits move scores by 0.016 (standard deviation over 405 boxes of other pictures).
    small = (2.0, 0.05)
    allowed = {"bf16": (2.0, 0.02), "int8": small, "int8+bf16": small}
    pixels, scores = allowed.get(detector.name.split("/")[-1], (1.0, 1e-3))
    assert same(found, expected, pixels, scores)
    assert same(plain, expected, pixels, scores)
    hits = 0
    for box in truth:
        corner = np.maximum(found.boxes[:, :2], box[:2])
        shared = np.clip(np.minimum(found.boxes[:, 2:], box[2:]) - corner, 0, None).prod(axis=1)
        areas = (found.boxes[:, 2:] - found.boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
        hits += bool((shared / (areas - shared)).max() >= 0.5)
    assert len(truth) >= 4
    assert hits >= len(truth) - 1
    assert len(found) <= len(truth) + 1


@pytest.mark.data
def test_a_crowd_is_counted_alike_by_the_maps_of_each(opened: Callable[..., Detector], data: Path) -> None:
    """Whatever the network computes in; ultralytics gives no maps."""
    image = np.asarray(cv2.imread(str(data / "crowd_counting" / "Atrain_IMG_13.jpg")), np.uint8)
    density = density_of(trained()["density"])
    with closing(opened(imgsz=640)) as detector, closing(open_detector(DetectorSpec(runtime="onnxruntime"))) as other:
        found, wanted = detector.detect([image])[0].features, other.detect([image])[0].features
    assert wanted is not None
    assert (found is None) == detector.name.endswith("/ultralytics")
    if found is not None:
        heads, expected = (density.heads(maps) for maps in (found, wanted))
        assert heads is not None
        assert expected is not None
        assert heads[within(found)].sum() == pytest.approx(expected[within(wanted)].sum(), rel=0.05)


def pets_frame(data: Path, number: int) -> tuple[Image, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """The frame and the boxes (n, 4) of the people in it, x1 y1 x2 y2 in pixels."""
    folder = data / "pets09_s2l1"
    rows = np.loadtxt(folder / "gt_sample.txt", delimiter=",")[:, :7]
    rows = rows[(rows[:, 0] == number) & (rows[:, 6] > 0)]
    capture = cv2.VideoCapture(str(folder / "vtest.avi"))
    for _ in range(number):
        good, image = capture.read()
        assert good
    capture.release()
    return np.asarray(image, np.uint8), np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)


def test_openvino_is_imported_without_its_telemetry() -> None:
    """In a fresh process, since openvino reports at its first import; a camera host phones nobody."""
    code = """
import sys, threading
from edge_agent.adapters.detectors import open_detector
from edge_agent.core.spec import DetectorSpec, Runtime
open_detector(DetectorSpec(runtime="openvino")).close()
assert "openvino" in sys.modules
print([name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module is not None])
print([thread.name for thread in threading.enumerate() if thread is not threading.main_thread()])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]
