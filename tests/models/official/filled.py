# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights by rule: every weight of a published network, filled from its own name."""

from __future__ import annotations

import json
import math
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHAPES = Path(__file__).with_name("state_dict_shapes.json")
"""Names and shapes of the weights of all published networks."""


@cache
def shapes(network: str) -> dict[str, tuple[int, ...]]:
    everything = json.loads(SHAPES.read_text(encoding="utf-8"))
    return {name: tuple(shape) for name, shape in everything[network].items()}


def filled(network: str, dtype: type[np.floating] = np.float32) -> dict[str, NDArray[np.floating]]:
    """All weights of a network under their published names; the values are float32 whatever the dtype."""
    return {name: _value(name, shape).astype(dtype) for name, shape in shapes(network).items()}


def _value(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    rng = np.random.RandomState(zlib.crc32(name.encode("utf-8")))
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "pe":
        return _positions(shape[1], shape[2])
    if leaf == "num_batches_tracked" or 0 in shape:
        return np.zeros(shape, np.float32)
    if leaf in ("running_var", "cluster_size"):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    x = rng.standard_normal(shape)
    if leaf in ("embed", "embed_avg"):
        x = 0.5 * x
    elif len(shape) >= 2:
        x = x / math.sqrt(math.prod(shape[1:]))
    else:
        x = 1.0 + 0.1 * x if leaf == "weight" else 0.1 * x
    return np.asarray(x, np.float32)


def _positions(frames: int, width: int) -> NDArray[np.float32]:
    table = np.zeros((1, frames, width))
    for frame in range(frames):
        for index in range(0, width, 2):
            table[0, frame, index] = math.sin(frame / 10000 ** (2 * index / width))
            table[0, frame, index + 1] = math.cos(frame / 10000 ** (2 * (index + 1) / width))
    return table.astype(np.float32)
