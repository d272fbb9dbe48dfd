# SPDX-License-Identifier: GPL-3.0-or-later
"""What annotation dropout hides, and what it leaves."""

from __future__ import annotations

import torch

from aqgt.annotations import CHANNELS, UNKNOWN
from aqgt_training.stages.annotation_dropout import AnnotationDropout

NONE = {"everything": 0.0, "phases": 0.0, "form": 0.0, "channel": 0.0}


def _apply(batch: int = 400, **probabilities: float) -> torch.Tensor:
    dropout = AnnotationDropout(**{**NONE, **probabilities})
    return dropout(torch.ones(batch, 17, 34), torch.Generator().manual_seed(0))


def test_nothing_is_hidden_at_zero() -> None:
    assert bool((_apply() == 1).all())


def test_everything_hides_whole_windows_at_its_rate() -> None:
    hidden = _apply(everything=0.25) == UNKNOWN
    per_window = hidden.flatten(1).float().mean(1)
    assert set(per_window.tolist()) == {0.0, 1.0}
    assert 0.18 < float(per_window.mean()) < 0.32


def test_phases_and_form_hide_their_own_channels_only() -> None:
    phases = [channel.index for channel in CHANNELS if channel.family == "phase"]
    hidden = (_apply(phases=1.0) == UNKNOWN)[0, :, 0]
    assert hidden.nonzero().flatten().tolist() == phases
    shown = (_apply(form=1.0) == 1)[0, :, 0].nonzero().flatten().tolist()
    assert shown == [channel.index for channel in CHANNELS if channel.family in ("phase", "phrase")]
