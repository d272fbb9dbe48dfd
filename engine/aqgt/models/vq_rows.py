# SPDX-License-Identifier: GPL-3.0-or-later
"""The first rows of what a pose VQ decodes, without the rows that nobody reads.

The decoder makes 8 rows of 160 of codes two rows high. Of its two transposed convolutions (kernel 4, stride
2, padding 1) the rows 0 to 2 of the second need the rows 0 and 1 of the first alone, which is half of it. A
transposed convolution of that kind is an affine layer per position, whose results are then laid over each
other: output column 2j takes kernel column 1 of input column j and kernel column 3 of column j-1, output
column 2j+1 takes kernel column 2 of column j and kernel column 0 of column j+1; and so do the rows.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqgt.models.kernels import Derived, affine, pack_pieces

ROWS = 3
"""Rows of a block that are ever read: the frame before, the frame itself, the frame after."""


class FirstRows:
    """Decodes the first `ROWS` rows of the decoder of a two-level VQ-VAE over codes of height 2."""

    def __init__(self, decoder: nn.Sequential) -> None:
        layers = list(decoder)
        wide, narrow = layers[-3], layers[-1]
        assert isinstance(wide, nn.ConvTranspose2d)
        assert isinstance(narrow, nn.ConvTranspose2d)
        self.wide, self.narrow = wide, narrow
        # All before the first transposed convolution, the ReLU before it included.
        self.body = layers[:-3]
        self._wide, self._narrow = Derived(_wide_matrices), Derived(_narrow_matrix)
        self._packed = [Derived(pack_pieces) for _ in range(2)]

    def __call__(self, x: Tensor) -> Tensor:
        """Joined codes `[N, 2D, 2, W]` → `[N, 3, 4W]`."""
        for layer in self.body:
            x = layer(x)
        # [N, W, 2, C]: both rows of a column side by side.
        columns = x.permute(0, 3, 2, 1)
        upper, both, bias = self._wide.of(self.wide.weight, self.wide.bias)
        first = affine(columns[:, :, 0], upper, None, self._packed[0])
        second = affine(columns.flatten(2), both, None, self._packed[1])
        rows = torch.stack([_interleave(first), _interleave(second)], dim=2)
        rows = F.relu_(rows.add_(bias))
        matrix, bias = self._narrow.of(self.narrow.weight, self.narrow.bias)
        taps = F.linear(rows.flatten(2), matrix).unflatten(-1, (4, ROWS)).flatten(2)
        return _interleave(taps).add_(bias).transpose(1, 2)


def _interleave(taps: Tensor) -> Tensor:
    """Contributions of each input column by kernel column, `[N, W, 4 · C]` → output columns `[N, 2W, C]`."""
    taps = taps.unflatten(-1, (4, -1))
    even, odd = taps[:, :, 1].clone(), taps[:, :, 2].clone()
    even[:, 1:] += taps[:, :-1, 3]
    odd[:, :-1] += taps[:, 1:, 0]
    return torch.stack([even, odd], dim=2).flatten(1, 2)


def _by_column(weight: Tensor, row: int) -> Tensor:
    """One row of a transposed kernel `[in, out, 4, 4]` as a matrix `[4 · out, in]`, kernel column first."""
    return weight[:, :, row].permute(2, 1, 0).flatten(0, 1)


def _wide_matrices(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Output row 0 of input row 0; output row 1 of both input rows; the bias."""
    upper = _by_column(weight, 1).contiguous()
    both = torch.cat([_by_column(weight, 2), _by_column(weight, 0)], dim=1)
    return upper, both, bias.detach().clone()


def _narrow_matrix(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Kernel column by kernel column the output rows 0, 1, 2 of input rows 0 and 1; the one bias."""
    nothing = torch.zeros_like(_by_column(weight, 0))
    rows = [
        torch.cat([_by_column(weight, 1), nothing], dim=1),
        torch.cat([_by_column(weight, 2), _by_column(weight, 0)], dim=1),
        torch.cat([_by_column(weight, 3), _by_column(weight, 1)], dim=1),
    ]
    return torch.stack(rows, dim=1).flatten(0, 1).contiguous(), bias.detach().clone()
