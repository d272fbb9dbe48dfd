# SPDX-License-Identifier: GPL-3.0-or-later
"""The Fréchet gesture distance of a validation."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from aqgt_training.evaluation.metrics.distributions import frechet_distance
from aqgt_training.stages.autoencoder import FeatureExtractor


class GestureDistance:
    """Gathers the features of made and recorded windows.

    Args:
        extractor: see `load_extractor`.
    """

    def __init__(self, extractor: FeatureExtractor) -> None:
        self.extractor = extractor
        self.clear()

    def clear(self) -> None:
        """Forgets all windows."""
        self._made: list[np.ndarray] = []
        self._real: list[np.ndarray] = []

    def add(self, made: Tensor, real: Tensor) -> None:
        """Bone vectors `[B, T, 53, 3]` in model units."""
        for held, windows in ((self._made, made), (self._real, real)):
            vectors = windows.detach().float().cpu().numpy() - self.extractor.mean_bone_vectors
            held.append(self.extractor(vectors))

    def value(self) -> float:
        """The distance; infinite while there are fewer windows than a covariance needs."""
        made, real = np.concatenate(self._made), np.concatenate(self._real)
        if len(made) < 2:
            return float("inf")
        with torch.no_grad():
            return float(frechet_distance(made, real))
