# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trainings of all gesture generators share: how their held-out motion is judged and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor

from aqgt.models.generator import GestureGenerator
from aqgt_training.stages.core.task import Task
from aqgt_training.stages.gesture_distance import GestureDistance
from aqgt_training.stages.samples import Samples


class GestureTask(Task):
    """A training of a generator: judged by the FGD where there is an extractor, else by its loss.

    Attributes:
        generator: the network to train.
        distance: measures the FGD in validations; None: the loss alone decides which weights are the best.
        samples: makes videos; None: none are made.
    """

    generator: GestureGenerator
    distance: GestureDistance | None
    samples: Samples | None

    def compare(self, made: Tensor, target: Tensor) -> None:
        """Takes normalised bone vectors `[B, T, J * 3]` of a validation into its FGD."""
        if self.distance is not None:
            self.distance.add(self.generator.denormalise(made), self.generator.denormalise(target))

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Forgets the windows of the validation before."""
        if self.distance is not None:
            self.distance.clear()
        yield

    def judgement(self) -> dict[str, float]:
        """The FGD, where an extractor was given."""
        return {} if self.distance is None else {"fgd": self.distance.value()}

    def score(self, terms: Mapping[str, float]) -> float:
        """The FGD, else the total loss."""
        return terms.get("fgd", terms["total"])

    def sample(self, folder: Path) -> list[Path]:
        """Videos of held-out clips."""
        return [] if self.samples is None else self.samples.write(self.generator, folder)

    def export(self, state: Mapping[str, Tensor], folder: Path) -> None:
        """Nothing: a model's folder needs more and a card, see `aqgt_training.stages.exporting`."""
