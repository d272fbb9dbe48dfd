# SPDX-License-Identifier: GPL-3.0-or-later
"""A moving average of a network's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average of weights and buffers.

    Args:
        network: whose weights are averaged.
        decay: share of the old average that is kept at each step.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network, self.decay = network, decay
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After a step; a young average forgets its random start quickly."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in self.network.state_dict().items():
            kept = self.state[name]
            if value.is_floating_point():
                kept.lerp_(value.detach(), 1 - decay)
            else:
                kept.copy_(value)

    def load(self, state: dict[str, Tensor]) -> None:
        """Continue from a saved average."""
        for name, value in state.items():
            self.state[name].copy_(value)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Inside, the network has the average; afterwards its own weights again."""
        with weights(self.network, self.state):
            yield


@contextmanager
def weights(network: nn.Module, state: dict[str, Tensor]) -> Iterator[None]:
    """Inside, a network has other weights."""
    current = {name: value.detach().clone() for name, value in network.state_dict().items()}
    network.load_state_dict(state)
    try:
        yield
    finally:
        network.load_state_dict(current)
