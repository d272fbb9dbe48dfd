# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pieces that several networks share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from aqgt.models.recurrent import PairedGru


def feed_forward(
    widths: Sequence[int],
    *,
    dropout: float = 0.0,
    last_activation: bool = True,
    linear: type[nn.Linear] = nn.Linear,
) -> nn.Sequential:
    """Affine layers with Mish between them, e.g. ``[160, 500, 64]``.

    Args:
        widths: input width, hidden widths, output width.
        dropout: before each affine layer but the first.
        last_activation: whether Mish follows the last layer too.
        linear: the class of the affine layers.
    """
    layers: list[nn.Module] = []
    for index, (width_in, width_out) in enumerate(pairwise(widths)):
        if dropout and index:
            layers.append(nn.Dropout(dropout))
        layers.append(linear(width_in, width_out))
        if last_activation or index < len(widths) - 2:
            layers.append(nn.Mish())
    return nn.Sequential(*layers)


def repeat_over_frames(x: Tensor, n_frames: int) -> Tensor:
    """`[B, C]` → `[B, n_frames, C]`."""
    return x.unsqueeze(1).expand(-1, n_frames, -1)


class SummedBiGru(nn.Module):
    """Bidirectional GRU whose two directions are added: `[B, T, C]` → `[B, T, hidden]`."""

    def __init__(self, width: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.hidden = hidden
        self.gru = nn.GRU(
            width,
            hidden,
            layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.paired = PairedGru(self.gru)

    def forward(self, x: Tensor) -> Tensor:
        return self.added(self.paired.run(x) if self.paired.usable(x) else self.gru(x)[0])

    def added(self, both: Tensor) -> Tensor:
        """The sum of the directions of `[B, T, 2 · hidden]`."""
        return both[..., : self.hidden] + both[..., self.hidden :]
