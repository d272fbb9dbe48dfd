# SPDX-License-Identifier: GPL-3.0-or-later
"""Hiding annotations while training, so that a model listens to whatever a user gives: all, some or none."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from aqgt.annotations import CHANNELS, UNKNOWN
from aqgt.settings import Settings

_PHASES = [channel.index for channel in CHANNELS if channel.family == "phase"]
_FORM = [channel.index for channel in CHANNELS if channel.family not in ("phase", "phrase")]


class AnnotationDropout(Settings):
    """Probabilities, per window, of hiding (-1) parts of the annotation matrix `[B, 17, T]`."""

    everything: float = Field(0.15, ge=0, le=1)
    """Hide all channels: the model must cope without annotations."""
    phases: float = Field(0.10, ge=0, le=1)
    """Hide both phase channels: the model must time the gesture from speech."""
    form: float = Field(0.10, ge=0, le=1)
    """Keep only phases and phrases: what a hand-typed marker gives."""
    channel: float = Field(0.10, ge=0, le=1)
    """Hide each channel by itself."""
    gesture_forms: float = Field(0.3, ge=0, le=1)
    """Hide the gesture forms of both hands, in a model that has them: the channels must do, as they do for
    spans that name no form, or one that the model has not learned."""

    def __call__(self, annotations: Tensor, generator: torch.Generator) -> Tensor:
        """A copy with parts hidden."""
        batch, channels, _ = annotations.shape
        hidden = torch.rand(batch, channels, generator=generator) < self.channel
        hidden[:, _PHASES] |= _rows(batch, self.phases, generator)
        hidden[:, _FORM] |= _rows(batch, self.form, generator)
        hidden |= _rows(batch, self.everything, generator)
        return annotations.masked_fill(hidden[:, :, None].to(annotations.device), UNKNOWN)

    def of_forms(self, forms: Tensor, annotations: Tensor, generator: torch.Generator) -> Tensor:
        """A copy of the forms `[B, 2, T]` with parts hidden; with all ``annotations`` hidden so are they."""
        hidden = _rows(len(forms), self.gesture_forms, generator)[:, :, None].to(forms.device)
        nothing_known = (annotations < 0).all(dim=2).all(dim=1)[:, None, None]
        return forms.masked_fill(hidden | nothing_known, UNKNOWN)


def _rows(batch: int, probability: float, generator: torch.Generator) -> Tensor:
    return torch.rand(batch, 1, generator=generator) < probability
