"""Which runtime is taken, and what a wrong setting says."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import ConfigError
from edge_agent.adapters import detectors
from edge_agent.adapters.detectors import choose, cpu_flags, installed, open_detector, precision, suits_openvino
from edge_agent.core.model import Model
from edge_agent.core.spec import DetectorSpec, Precision, Runtime, TrackerSpec, for_tracking
from edge_agent.zoo import verify
from edge_agent.zoo.manifest import manifest

EVERY: tuple[Runtime, ...] = ("openvino", "onnxruntime", "ultralytics")
MODERN = frozenset({"sse4_2", "avx2"})
YOLOV8N = manifest().entry("yolov8n")


@pytest.mark.parametrize(
    ("wanted", "here", "machine", "flags", "chosen"),
    [
        ("auto", EVERY, "x86_64", MODERN, "openvino"),
        ("auto", EVERY, "AMD64", frozenset(), "openvino"),
        ("auto", EVERY, "aarch64", frozenset({"asimd"}), "openvino"),
        ("auto", EVERY, "x86_64", frozenset({"sse2"}), "onnxruntime"),
        ("auto", EVERY, "riscv64", frozenset(), "onnxruntime"),
        ("auto", ("onnxruntime",), "x86_64", MODERN, "onnxruntime"),
        ("auto", ("ultralytics",), "x86_64", MODERN, "ultralytics"),
        ("onnxruntime", EVERY, "x86_64", MODERN, "onnxruntime"),
        ("openvino", EVERY, "x86_64", frozenset({"sse2"}), "openvino"),
    ],
)
def test_choice(wanted: Runtime, here: tuple[Runtime, ...], machine: str, flags: frozenset[str], chosen: str) -> None:
    assert choose(wanted, here, machine, flags) == chosen


@pytest.mark.parametrize(
    ("wanted", "runtime", "flags", "taken"),
    [
        ("auto", "openvino", {"avx2"}, "f32"),
        ("auto", "openvino", {"avx2", "avx512_bf16"}, "bf16"),
        ("auto", "openvino", {"amx_bf16", "avx512_vnni"}, "bf16"),
        ("auto", "openvino", {"avx2", "avx_vnni"}, "int8"),
        ("auto", "openvino", {"avx512_vnni"}, "int8"),
        ("auto", "openvino", {"avx512_bf16", "avx512_vnni"}, "int8"),
        ("auto", "onnxruntime", {"avx512_vnni"}, "f32"),
        ("f32", "openvino", {"avx_vnni"}, "f32"),
        ("int8", "openvino", {"amx_bf16", "avx512_vnni"}, "int8"),
        ("auto", "openvino", set(), "f32"),
        ("auto", "onnxruntime", {"avx512_bf16"}, "f32"),
        ("f32", "openvino", {"avx512_bf16"}, "f32"),
        ("bf16", "openvino", {"avx512_bf16"}, "bf16"),
    ],
)
def test_precision_is_one_that_the_processor_computes_itself(
    wanted: Precision, runtime: Runtime, flags: set[str], taken: Precision
) -> None:
    assert precision(wanted, runtime, flags, YOLOV8N) == taken


@pytest.mark.parametrize(
    ("wanted", "runtime", "flags", "allowed"),
    [
        ("bf16", "openvino", {"avx2"}, "auto, f32"),
        ("bf16", "onnxruntime", {"avx512_bf16"}, "auto, f32"),
        ("bf16", "openvino", {"avx_vnni"}, "auto, f32, int8"),
        ("int8", "openvino", {"avx2"}, "auto, f32"),
        ("int8", "onnxruntime", {"avx512_vnni"}, "auto, f32"),
        ("int8", "openvino", {"avx512_bf16"}, "auto, f32, bf16"),
    ],
)
def test_a_precision_that_cannot_be_had_is_refused(
    wanted: Precision, runtime: Runtime, flags: set[str], allowed: str
) -> None:
    with pytest.raises(ConfigError, match=f"detector.precision: {wanted} needs .*allowed: {allowed}$"):
        precision(wanted, runtime, flags, YOLOV8N)


def test_integers_only_of_a_model_that_has_them() -> None:
    other = manifest().entry("yolo11n")
    assert precision("auto", "openvino", {"avx_vnni"}, other) == "f32"
    with pytest.raises(ConfigError, match=r"here: yolo11n with openvino\); allowed: auto, f32$"):
        precision("int8", "openvino", {"avx_vnni"}, other)


@pytest.mark.parametrize(
    ("flags", "runtimes", "ends"),
    [
        ({"sse4_2", "avx2"}, EVERY, "yolov8n/openvino"),
        ({"sse2"}, EVERY, "yolov8n/onnxruntime"),
        ({"sse4_2", "avx_vnni"}, ("onnxruntime",), "yolov8n/onnxruntime"),
        (set(), EVERY, "yolov8n/openvino"),
    ],
)
def test_what_is_open_by_default_is_float32_where_the_processor_has_nothing_faster(
    flags: set[str], runtimes: tuple[Runtime, ...], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "cpu_flags", lambda: frozenset(flags))
    monkeypatch.setattr(detectors, "installed", lambda: runtimes)
    with closing(open_detector(DetectorSpec())) as detector:
        assert detector.name == ends


def test_a_missing_runtime_is_named_with_those_installed() -> None:
    with pytest.raises(ConfigError) as caught:
        choose("ultralytics", ("openvino", "onnxruntime"), "x86_64", MODERN)
    assert str(caught.value) == "detector.runtime: ultralytics is not installed; installed: openvino, onnxruntime"


def test_no_runtime_at_all() -> None:
    with pytest.raises(ConfigError, match="no detector runtime is installed"):
        choose("auto", (), "x86_64", MODERN)


def test_installed_are_those_that_can_be_found() -> None:
    assert installed(lambda name: object() if name == "onnxruntime" else None) == ("onnxruntime",)
    assert {"openvino", "onnxruntime"} <= set(installed())


def test_flags_are_read_on_x86_and_arm(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nflags\t\t: fpu sse4_2 avx2\n")
    assert {"sse4_2", "avx2"} <= cpu_flags(info)
    info.write_text("Features\t: fp asimd\n")
    assert cpu_flags(info) == {"fp", "asimd"}
    assert cpu_flags(tmp_path / "absent") == frozenset()
    assert suits_openvino("x86_64", cpu_flags(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"imgsz": 600}, "imgsz"),
        ({"imgsz": 0}, "imgsz"),
        ({"confidence": 0.0}, "confidence"),
        ({"confidence": 1.5}, "confidence"),
        ({"nms_iou": 0.0}, "nms_iou"),
        ({"threads": -1}, "threads"),
        ({"hint": "fast"}, "hint"),
        ({"precision": "int4"}, "precision"),
        ({"runtime": "tensorrt"}, "runtime"),
        ({"classes": ("person", "becak")}, "classes"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(changes: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_detector(replace(DetectorSpec(), **changes))  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"detector.{key}: ")
    assert "allowed: " in str(caught.value)


def test_an_unknown_model_lists_the_known() -> None:
    with pytest.raises(ConfigError, match=r"yolov99.*yolov8n, yolo11n, yolo26n"):
        open_detector(DetectorSpec(model="yolov99"))


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_an_altered_model_is_not_opened(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entry = manifest().entry("yolov8n")
    assert entry.int8 is not None
    for path in map(verify.location, (entry.onnx, entry.int8)):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / path.name).write_bytes(content)
    monkeypatch.setattr(verify, "location", lambda file: tmp_path / file.file)
    with pytest.raises(verify.ModelTampered, match="has been altered"):
        open_detector(DetectorSpec(runtime=runtime))


def test_a_model_not_yet_exported_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAGA_CACHE", str(tmp_path))
    with pytest.raises(verify.ModelMissing, match="jaga models export yolo11n"):
        open_detector(DetectorSpec(model="yolo11n"))


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_file_that_no_runtime_reads_is_one_sentence(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = manifest()
    rubbish = Model("yolov8n", listing.classes["coco80"], b"not a network")
    monkeypatch.setattr(verify, "load", lambda name, int8: rubbish)
    with pytest.raises(detectors.DetectorError, match=f"yolov8n cannot be opened with {runtime}: .+"):
        open_detector(DetectorSpec(runtime=runtime))


def test_together_the_detector_delivers_what_the_tracker_follows() -> None:
    detector, tracker = for_tracking(DetectorSpec(confidence=0.4), TrackerSpec())
    assert (detector.confidence, tracker.start, tracker.floor) == (0.1, 0.4, 0.1)
    detector, tracker = for_tracking(DetectorSpec(confidence=0.05), TrackerSpec())
    assert (detector.confidence, tracker.start, tracker.floor) == (0.05, 0.05, 0.05)
    detector, tracker = for_tracking(DetectorSpec(confidence=0.4), TrackerSpec(start=0.6, floor=0.0))
    assert (detector.confidence, tracker.start, tracker.floor) == (0.6, 0.6, 0.0)
