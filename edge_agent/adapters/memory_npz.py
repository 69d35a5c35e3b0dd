"""What a camera's rules have learned, on disk: one .npz a camera, written whole or not at all."""

from pathlib import Path

import numpy as np

from edge_agent.core.rules.base import Memory
from edge_agent.whole_file import replacing


def save(file: Path, memory: Memory) -> None:
    """Replaces `file`; nothing is written where nothing has been learned. Raises OSError."""
    if not memory:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as stream:
        np.savez_compressed(stream, **dict(memory))  # type: ignore[arg-type]


def load(file: Path) -> Memory:
    """Empty where there is no such file. Raises ValueError where it is damaged, OSError where it cannot be read."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except FileNotFoundError:
        return {}
    except OSError:
        raise
    except Exception as error:  # of what is damaged, zip, zlib and numpy's header each tell by several of their own
        raise ValueError(f"{file}: {error}") from error
