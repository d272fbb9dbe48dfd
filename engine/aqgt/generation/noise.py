# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn at random for a motion: each variant draws from its own seed, so it is the same alone."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.models.config import ModelConfig
from aqgt.models.official_runs import noise_by_value

Noise = dict[str, NDArray[np.float32]]


class Sampler(Protocol):
    """Gives the noise of a clip's windows, one after the other."""

    def draw(self, annotations: NDArray[np.float32]) -> Noise:
        """Entries `[V, ...]` of the model's batch for a window whose annotations are `[V, 17, T]`."""


def sampler_of(config: ModelConfig, seeds: list[int], sampling: str) -> Sampler:
    """The noise of variants with the given seeds; ``sampling`` as in `GenerateRequest`."""
    if sampling == "off":
        return _Means(config, len(seeds))
    return _Style(config, seeds) if config.published is None else _PublishedOrder(config, seeds)


class _Means:
    """No noise: distributions stand for their means."""

    def __init__(self, config: ModelConfig, n_variants: int) -> None:
        self.config, self.n_variants = config, n_variants

    def draw(self, annotations: NDArray[np.float32]) -> Noise:
        noise = {"style_noise": np.zeros((self.n_variants, self.config.speaker.style_width), np.float32)}
        if self.config.annotation.sampled:
            shape = (*annotations.shape, self.config.annotation.channel_width)
            noise["annotation_noise"] = np.zeros(shape, np.float32)
        return noise


class _Style:
    """One draw of the style for a whole clip."""

    def __init__(self, config: ModelConfig, seeds: list[int]) -> None:
        width = config.speaker.style_width
        rows = [torch.randn(width, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        self.noise = torch.stack(rows).numpy()

    def draw(self, annotations: NDArray[np.float32]) -> Noise:
        return {"style_noise": self.noise}


class _PublishedOrder:
    """Draws for each window as the published code does for a clip by itself."""

    def __init__(self, config: ModelConfig, seeds: list[int]) -> None:
        self.sizes, self.width = config.annotation.sizes, config.annotation.channel_width
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw(self, annotations: NDArray[np.float32]) -> Noise:
        drawn = [
            published_noise(generator, torch.from_numpy(values[None].copy()), self.sizes, self.width)
            for generator, values in zip(self.generators, annotations, strict=True)
        ]
        style, channels = (torch.cat(parts).numpy() for parts in zip(*drawn, strict=True))
        return {"style_noise": style, "annotation_noise": channels}


def published_noise(
    generator: torch.Generator, annotations: Tensor, sizes: tuple[int, ...], width: int
) -> tuple[Tensor, Tensor]:
    """Noise of speakers `[B, C]` and labels `[B, 17, T, C]`, drawn in the published code's order.

    First comes the speakers', then channel after channel a row for each value of `[B, 17, T]` that is not
    below 0. A generator with the published code's seed gives the published code's numbers.
    """
    counts = [int((annotations[:, index].long() >= 0).sum()) for index, size in enumerate(sizes) if size > 1]
    # Each in a call of its own: torch's numbers depend on how many are drawn at once.
    rows = [torch.randn(n, width, generator=generator) for n in (len(annotations), *counts) if n]
    return noise_by_value(torch.cat(rows), annotations, sizes, width)
