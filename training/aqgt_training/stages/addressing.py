# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch of a corpus as a model wants it: its own numbers of speakers, no annotations it never learns."""

from __future__ import annotations

import torch

from aqgt.annotations import UNKNOWN
from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt_training.stages.core.feed import Batch


def addressed(batch: Batch, config: ModelConfig, first_speaker: int) -> Batch:
    """The batch, changed for a model.

    Args:
        first_speaker: number of the model's speaker that the corpus' first one is.

    Raises:
        AqgtError: the corpus has speakers that the model has not.
    """
    speaker = batch["speaker"] + first_speaker
    highest = int(speaker.max()) - first_speaker
    if highest + first_speaker >= config.speaker.count:
        raise AqgtError(
            f"The corpus has a speaker {highest}, and the model has {config.speaker.count - first_speaker}"
            " for it.",
            f"Set fine_tuning.new_speakers, or the model's speaker.count, to {highest + 1} or more.",
            "unknown-speaker",
        )
    batch = {**batch, "speaker": speaker}
    if not config.annotation.learned:
        batch["annotations"] = torch.full_like(batch["annotations"], UNKNOWN)
    return batch
