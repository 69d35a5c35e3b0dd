"""What a camera's rules have learned, on disk."""

from pathlib import Path

import numpy as np
import pytest

from edge_agent.adapters import memory_npz

LEARNED = {"rule/mean": np.arange(6, dtype=np.float32).reshape(2, 3), "rule/version": np.array(1)}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "memory" / "cam.npz"
    memory_npz.save(file, LEARNED)
    found = memory_npz.load(file)
    assert set(found) == set(LEARNED)
    assert all(np.array_equal(found[name], LEARNED[name]) for name in LEARNED)
    assert [path.name for path in file.parent.iterdir()] == ["cam.npz"]


def test_nothing_learned_writes_nothing_and_nothing_there_is_nothing_learned(tmp_path: Path) -> None:
    file = tmp_path / "cam.npz"
    memory_npz.save(file, {})
    assert not file.exists()
    assert memory_npz.load(file) == {}


@pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "cam.npz"
    file.write_bytes(damage)
    with pytest.raises(ValueError, match=r"cam\.npz"):
        memory_npz.load(file)


def test_bytes_that_changed_on_disk_are_damage_wherever_they_lie(tmp_path: Path) -> None:
    """Zip, zlib and numpy's header each tell of it in their own way; none may end an agent as it starts."""
    file = tmp_path / "cam.npz"
    rng = np.random.default_rng(0)
    memory_npz.save(file, {"rule/mean": rng.normal(size=(30, 40)), "rule/version": np.array(1)})
    whole = np.fromfile(file, np.uint8)
    damaged = 0
    for _ in range(500):
        changed = whole.copy()
        changed[rng.integers(len(whole), size=3)] = rng.integers(256, size=3)
        changed.tofile(file)
        try:
            memory_npz.load(file)
        except (OSError, ValueError):  # an offset of nonsense
            damaged += 1
    assert damaged > 400


def test_a_file_that_holds_code_is_refused(tmp_path: Path) -> None:
    """An object array is a pickle, and loading one runs what it holds."""
    file = tmp_path / "cam.npz"
    np.savez(file, bad=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"cam\.npz"):
        memory_npz.load(file)


def test_a_save_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    file = tmp_path / "cam.npz"
    memory_npz.save(file, LEARNED)
    with pytest.raises(ValueError, match="no"):
        memory_npz.save(file, {"bad": _Unsavable()})  # type: ignore[dict-item]
    assert set(memory_npz.load(file)) == set(LEARNED)
    assert [path.name for path in tmp_path.iterdir()] == ["cam.npz"]


class _Unsavable:
    def __array__(self, dtype: object = None, copy: object = None) -> None:
        raise ValueError("no")
