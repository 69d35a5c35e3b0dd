"""A float32 network to 8-bit integers, from pictures of the kind it will see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.zoo.qdq import Network
from edge_agent.zoo.rounding import Floats, Moments, Scale, best_scale, round_weights

SEED = 0
VALUES = 16
"""Channels looked at of each place when a scale is sought."""
PLACES, PATCHES = 256, 240
"""Places of each picture: of a tensor for its scale, of a convolution's output for its weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """blob: what the network reads, (1, 3, height, width). boxes: (n, 4) x1 y1 x2 y2 in its pixels, what it finds.
    Half of all places are looked at inside them, for that is where an error counts, and most of a picture is street."""

    blob: Floats
    boxes: Floats

    def places(
        self, chance: np.random.Generator, count: int, rows: int, columns: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """`count` places of a map of this size that lies over the whole picture."""
        row, column = chance.integers(0, rows, count), chance.integers(0, columns, count)
        if len(self.boxes):
            half = count // 2
            height, width = self.blob.shape[2:]
            left, top, right, bottom = self.boxes[chance.integers(0, len(self.boxes), half)].T
            across, down = chance.random((2, half))
            column[:half] = np.clip((left + across * (right - left)) * columns / width, 0, columns - 1)
            row[:half] = np.clip((top + down * (bottom - top)) * rows / height, 0, rows - 1)
        return row, column


def quantize(content: bytes, samples: Sequence[Sample], keep: Sequence[str] = ()) -> bytes:
    """The ONNX network `content` in 8-bit integers but for layers whose names begin with one of `keep`.

    Deterministic: the same samples, versions and processor give the same bytes. Raises ModelError.
    """
    network = Network(content, keep)
    scales = _scales(network, samples)
    moments = _moments(network, samples, scales)
    return network.written(
        scales, {one.name: round_weights(one.weights, moments[one.name]) for one in network.convolutions}
    )


def _scales(network: Network, samples: Sequence[Sample]) -> dict[str, Scale]:
    """By tensor."""
    chance = np.random.default_rng(SEED)
    seen: dict[str, list[Floats]] = {tensor: [] for group in network.groups for tensor in sorted(group)}
    for sample, maps in _run(network, samples, tuple(seen)):
        for tensor, values in maps.items():
            rows, columns = sample.places(chance, PLACES, *values.shape[1:])
            channels = chance.integers(0, len(values), (VALUES, PLACES))
            seen[tensor].append(values[channels, rows, columns].ravel())
    scales = {}
    for group in network.groups:
        scale = best_scale(np.concatenate([part for tensor in sorted(group) for part in seen[tensor]]))
        scales.update(dict.fromkeys(group, scale))
    return scales


def _moments(network: Network, samples: Sequence[Sample], scales: dict[str, Scale]) -> dict[str, Moments]:
    """By convolution."""
    chance = np.random.default_rng(SEED)
    moments = {one.name: Moments(one.weights[0].size) for one in network.convolutions}
    tensors = tuple(dict.fromkeys(one.reads for one in network.convolutions))
    for sample, maps in _run(network, samples, tensors):
        for one in network.convolutions:
            values = maps[one.reads]
            exact = one.patches(values, *sample.places(chance, PATCHES, *one.reach(values)))
            moments[one.name].add(exact, scales[network.sources(one.reads)[0]].rounded(exact))
    return moments


def _run(
    network: Network, samples: Sequence[Sample], tensors: tuple[str, ...]
) -> Iterator[tuple[Sample, dict[str, Floats]]]:
    """Each sample with these tensors of it, (channels, rows, columns)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(network.with_outputs(tensors), providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name
    for sample in samples:
        found = session.run(list(tensors), {feed: sample.blob})
        yield sample, {tensor: values[0] for tensor, values in zip(tensors, found, strict=True)}
