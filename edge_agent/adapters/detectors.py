"""Which runtime runs the detector here."""

import platform
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from contract.errors import ConfigError, JagaError
from edge_agent.core.model import Model
from edge_agent.core.ports import Detector
from edge_agent.core.spec import DetectorSpec, Precision, Runtime
from edge_agent.zoo import verify
from edge_agent.zoo.manifest import Entry, manifest

RUNTIMES: tuple[Runtime, ...] = ("openvino", "onnxruntime", "ultralytics")
"""In the order that "auto" prefers."""

HINTS = ("auto", "latency", "throughput")
PRECISIONS: tuple[Precision, ...] = ("auto", "f32", "bf16", "int8")

AMX_BF16 = "amx_bf16"
NATIVE_BF16 = frozenset({"avx512_bf16", AMX_BF16})
"""A processor with one of these multiplies bfloat16 itself. Others would only imitate it, slower than float32."""

NATIVE_INT8 = frozenset({"avx_vnni", "avx512_vnni"})
"""A processor with one of these multiplies and sums 8-bit integers in one step, and without overflow."""

Found = Callable[[str], object]


class DetectorError(JagaError):
    """A detector that cannot be opened."""


def installed(found: Found = find_spec) -> tuple[Runtime, ...]:
    """The runtimes this Python can import, best first."""
    return tuple(runtime for runtime in RUNTIMES if found(runtime) is not None)


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """What the processor says it can do; empty where the system does not tell."""
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    words: set[str] = set()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip().lower() in ("flags", "features"):
            words.update(value.split())
    return frozenset(words)


def suits_openvino(machine: str, flags: Iterable[str]) -> bool:
    """OpenVINO's CPU plugin needs SSE4.2 on x86 and 64-bit Arm; a processor that does not tell its flags is trusted."""
    has = frozenset(flags)
    if machine.lower() in ("x86_64", "amd64"):
        return not has or "sse4_2" in has
    return machine.lower() in ("aarch64", "arm64")


def choose(wanted: Runtime, here: tuple[Runtime, ...], machine: str, flags: Iterable[str]) -> Runtime:
    """The runtime to use. Raises ConfigError where `wanted`, or any at all, is missing; it names what is installed."""
    if wanted != "auto":
        if wanted not in here:
            raise ConfigError("detector.runtime_missing", runtime=wanted, installed=", ".join(here) or "-")
        return wanted
    for runtime in here:
        if runtime != "openvino" or suits_openvino(machine, flags):
            return runtime
    raise ConfigError("detector.no_runtime")


def precision(wanted: Precision, runtime: Runtime, flags: Iterable[str], entry: Entry) -> Precision:
    """What the network computes in: never "auto". Raises ConfigError where it cannot be had.

    "auto" prefers bfloat16 to integers where AMX computes it: it loses less and is as fast.
    """
    has = frozenset(flags) if runtime == "openvino" else frozenset()
    offered: dict[Precision, bool] = {
        "bf16": not NATIVE_BF16.isdisjoint(has),
        "int8": not NATIVE_INT8.isdisjoint(has) and entry.int8 is not None,
        "f32": True,
    }
    best_first: tuple[Precision, ...] = ("bf16", "int8", "f32") if AMX_BF16 in has else ("int8", "bf16", "f32")
    here = [one for one in best_first if offered[one]]
    if wanted == "auto":
        return here[0]
    if wanted not in here:
        allowed = ", ".join(one for one in PRECISIONS if one == "auto" or one in here)
        raise ConfigError(f"detector.no_{wanted}", runtime=runtime, model=entry.name, allowed=allowed)
    return wanted


def chosen(spec: DetectorSpec, flags: frozenset[str]) -> DetectorSpec:
    """With the runtime and the precision that are used where the processor says `flags`. Raises ConfigError."""
    runtime = choose(spec.runtime, installed(), platform.machine(), flags)
    taken = precision(spec.precision, runtime, flags, manifest().entry(spec.model))
    return replace(spec, runtime=runtime, precision=taken)


def check(spec: DetectorSpec, classes: tuple[str, ...]) -> None:
    """Raises ConfigError, naming key, value and what is allowed."""
    faults = (
        ("runtime", spec.runtime, spec.runtime in ("auto", *RUNTIMES), ", ".join(("auto", *RUNTIMES))),
        ("imgsz", spec.imgsz, 32 <= spec.imgsz <= 4096 and spec.imgsz % 32 == 0, "32..4096, a multiple of 32"),
        ("confidence", spec.confidence, 0 < spec.confidence < 1, "> 0, < 1"),
        ("nms_iou", spec.nms_iou, 0 < spec.nms_iou <= 1, "> 0, <= 1"),
        ("threads", spec.threads, 0 <= spec.threads <= 1024, "0..1024"),
        ("precision", spec.precision, spec.precision in PRECISIONS, ", ".join(PRECISIONS)),
        ("hint", spec.hint, spec.hint in HINTS, ", ".join(HINTS)),
        *(("classes", one, one in classes, ", ".join(classes)) for one in spec.classes or ()),
    )
    for key, value, fine, allowed in faults:
        if not fine:
            raise ConfigError("detector.bad_value", key=key, value=value, allowed=allowed)


def open_detector(spec: DetectorSpec) -> Detector:
    """The detector `spec` describes, its model's file verified.

    Raises ConfigError for an unknown model, an unusable value or a runtime that is not installed; ModelMissing and
    ModelTampered for its file; DetectorError if the runtime cannot open it.
    """
    listing = manifest()
    entry = listing.entry(spec.model)
    check(spec, listing.classes_of(entry))
    flags = cpu_flags()
    spec = chosen(spec, flags)
    runtime = spec.runtime
    if runtime == "ultralytics":
        content = verify.read(entry.weights, entry.name)
        from edge_agent.adapters.detector_ultralytics import open_ultralytics

        return _open(runtime, spec, lambda: open_ultralytics(entry.name, content, spec))
    model = verify.load(spec.model, int8=spec.precision == "int8")
    return _open(runtime, spec, lambda: _portable(runtime, flags)(model, spec))


def _portable(runtime: Runtime, flags: frozenset[str]) -> Callable[[Model, DetectorSpec], Detector]:
    """The adapter is imported only when chosen: each runtime takes a second or more to import."""
    if runtime == "openvino":
        from edge_agent.adapters.detector_openvino import open_openvino

        return partial(open_openvino, native_bf16=not NATIVE_BF16.isdisjoint(flags))
    from edge_agent.adapters.detector_onnxruntime import open_onnxruntime

    return open_onnxruntime


def _open(runtime: Runtime, spec: DetectorSpec, make: Callable[[], Detector]) -> Detector:
    try:
        return make()
    except JagaError:
        raise
    except Exception as error:  # runtimes raise their own types; the user needs one sentence
        detail = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise DetectorError("detector.cannot_open", model=spec.model, runtime=runtime, detail=detail[0]) from error
