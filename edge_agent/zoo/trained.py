"""The small models of our own that ship as plain numbers: models/NAME.npz."""

from functools import cache
from importlib.resources import files

import numpy as np

from edge_agent.core.rules.base import Trained

SUFFIX = ".npz"


@cache
def trained() -> Trained:
    """Every shipped model by name; nothing in such a file runs."""
    found = {}
    for item in files("models").iterdir():
        if item.name.endswith(SUFFIX):
            with item.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
                found[item.name.removesuffix(SUFFIX)] = {name: kept[name] for name in kept.files}
    return found
