# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches in an order that depends on seed, epoch and process alone, so that a resumed training finds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from aqgt.errors import AqgtError

Batch = dict[str, Tensor]


class BatchSource(Protocol):
    """Whatever gives batches: windows of a clip corpus, of shards, chunks of sound."""

    batch_size: int

    def epoch(
        self, seed: int, *, shuffle: bool = True, part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """One pass, or one of several disjoint parts of it with as many batches each.

        The same seed gives the same batches.
        """


@dataclass
class Position:
    """Where a training stands; saved with each checkpoint.

    Attributes:
        step: batches done.
        seconds: time used.
        epoch, batch: the pass over the data, and batches done of it.
        best: the lowest score of a validation so far, ``best_step`` its step.
        waiting: validations since then.
        reductions: how often the plateau schedule has lowered the learning rate, ``since_reduction``
            validations without gain since then.
        history: a row for each validation.
    """

    step: int = 0
    seconds: float = 0.0
    epoch: int = 0
    batch: int = 0
    best: float = float("inf")
    best_step: int = 0
    waiting: int = 0
    reductions: int = 0
    since_reduction: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def batches(source: BatchSource, position: Position, seed: int, part: int, parts: int) -> Iterator[Batch]:
    """Batches without end from a position on; moves the position after each.

    Raises:
        AqgtError: the data hold less than one batch.
    """
    while True:
        order = int(np.random.SeedSequence([seed, position.epoch]).generate_state(1)[0])
        found = False
        skipped = position.batch
        for batch in islice(source.epoch(order, part=part, parts=parts), skipped, None):
            found = True
            position.batch += 1
            yield batch
        if not found and not skipped:
            raise AqgtError(
                f"The corpus holds fewer than {source.batch_size} windows, the batch size.",
                "Use more clips or a smaller batch_size.",
                "small-corpus",
            )
        position.epoch, position.batch = position.epoch + 1, 0
