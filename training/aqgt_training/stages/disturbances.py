# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound as a bad microphone or a loud room would give it: one effect per chunk, drawn at random.

The published training took effects of the package pedalboard; these are of the same kind, in plain torch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def disturbed(chunks: Tensor, share: float, noise: torch.Generator) -> Tensor:
    """Chunks `[B, 1, H, W]` (samples row by row), a share of them disturbed."""
    n = len(chunks)
    chosen = torch.rand(n, generator=noise) < share
    kinds = torch.randint(len(_EFFECTS), (n,), generator=noise)
    flat = chunks.flatten(1)
    result = flat.clone()
    for index, effect in enumerate(_EFFECTS):
        rows = (chosen & (kinds == index)).nonzero().flatten().to(flat.device)
        if len(rows):
            strength = torch.rand(len(rows), 1, generator=noise).to(flat.device)
            result[rows] = effect(flat[rows], strength, noise)
    return result.view_as(chunks)


def _hiss(x: Tensor, strength: Tensor, noise: torch.Generator) -> Tensor:
    return x + 0.1 * strength * torch.randn(x.shape, generator=noise).to(x.device)


def _gain(x: Tensor, strength: Tensor, noise: torch.Generator) -> Tensor:
    return x * (0.3 + 1.2 * strength)


def _clip(x: Tensor, strength: Tensor, noise: torch.Generator) -> Tensor:
    level = 0.2 + 0.6 * strength
    return x.maximum(-level).minimum(level)


def _muffle(x: Tensor, strength: Tensor, noise: torch.Generator) -> Tensor:
    """A moving mean over nine samples, mixed with the sound: a low pass at about 1 kHz."""
    kernel = torch.full((1, 1, 9), 1 / 9, dtype=x.dtype, device=x.device)
    low = F.conv1d(x[:, None], kernel, padding=4)[:, 0]
    return torch.lerp(x, low, strength)


def _echo(x: Tensor, strength: Tensor, noise: torch.Generator) -> Tensor:
    delay = int(torch.randint(200, 1600, (1,), generator=noise))
    return x + 0.5 * strength * F.pad(x, (delay, 0))[:, : x.shape[1]]


_EFFECTS: tuple[Callable[[Tensor, Tensor, torch.Generator], Tensor], ...] = (
    _hiss,
    _gain,
    _clip,
    _muffle,
    _echo,
)
