# SPDX-License-Identifier: GPL-3.0-or-later
"""Less precision where it buys speed and costs little: the large frozen networks that hear and read."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

Precision = Literal["exact", "fast"]
"""``"exact"`` is float32 everywhere; ``"fast"`` takes bfloat16 for wav2vec2 and BERT.

Never for the generator, whose transformers amplify rounding, and never for the audio VQ, whose codes are
single numbers close to each other.
"""


def reading(precision: Precision, device: str) -> AbstractContextManager[object]:
    """In which wav2vec2 and BERT run."""
    if precision == "exact":
        return nullcontext()
    return torch.autocast(torch.device(device).type, torch.bfloat16)
