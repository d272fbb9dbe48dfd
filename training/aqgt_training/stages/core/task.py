# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage gives to the training loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from aqgt_training.stages.core.feed import Batch, Position
from aqgt_training.stages.core.players import Player


class Task(ABC):
    """One training: networks, a step, a validation, and what comes out.

    Attributes:
        name: of the stage.
        players: the networks that learn; the one named ``main`` is what the stage makes.
        noise: random numbers of what the stage adds to its batches, by themselves, so that they are the same
            whatever else is drawn.
    """

    name: str
    players: dict[str, Player]
    noise: torch.Generator

    @abstractmethod
    def step(self, batch: Batch, position: Position, share_done: float) -> dict[str, float]:
        """Learns from one batch and returns terms to log; ``"total"`` is the main network's loss."""

    @abstractmethod
    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Terms of a held-out batch, ``"total"`` among them; the networks are in eval mode."""

    @abstractmethod
    def export(self, state: Mapping[str, Tensor], folder: Path) -> None:
        """Writes what the stage makes, of weights of the main network."""

    def score(self, terms: Mapping[str, float]) -> float:
        """The number whose lowest value is the best validation."""
        return terms["total"]

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Around a whole validation, to gather what no single batch tells."""
        yield

    def judgement(self) -> dict[str, float]:
        """What was gathered in the validation that just ended."""
        return {}

    def sample(self, folder: Path) -> list[Path]:
        """Writes videos or the like of held-out material; what they are called."""
        return []

    def begin_epoch(self, epoch: int) -> None:  # noqa: B027
        """Told before the first batch of an epoch, and when a training goes on."""

    @property
    def main(self) -> Player:
        """The player whose network the stage makes."""
        return self.players["main"]
