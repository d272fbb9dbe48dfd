# SPDX-License-Identifier: GPL-3.0-or-later
"""The first rows of what a pose VQ decodes, without the rows that nobody reads.

The decoder makes 8 rows of 160 of codes two rows high. Of its two transposed convolutions (kernel 4, stride
2, padding 1) the rows 0 to 2 of the second need the rows 0 and 1 of the first alone, which is half of it.
Output column 2j of such a convolution takes kernel column 1 of input column j and kernel column 3 of column
j-1, output column 2j+1 takes kernel column 2 of column j and kernel column 0 of column j+1; and so do the
rows. So it is a plain convolution of two columns: at place j, between the columns j-1 and j, it makes the
output columns 2j and 2j-1. Two places of the first hold all that four columns of the second need.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqgt.models.kernels import Derived, convolve, pack_kernel

TOP_SHAPE = (1, 20)
"""Height and width of the top codes of a pose block."""
ROWS = 3
"""Rows of a block that are ever read: the frame before, the frame itself, the frame after."""
_KERNEL_ROWS = ({0: 1}, {0: 2, 1: 0}, {0: 3, 1: 1})
"""Which row of a transposed kernel an output row takes of the input rows 0 and 1."""
_EVEN, _ODD = [3, 1], [2, 0]
"""Which columns of a transposed kernel an even and an odd output column take of a place's two columns."""
_FOUR = ({(0, 0): 1, (1, 0): 3}, {(0, 0): 2, (1, 1): 0}, {(1, 1): 1, (0, 0): 3}, {(1, 1): 2, (0, 1): 0})
"""The same for four output columns and (even or odd, place) of what the first convolution made."""


class FirstRows:
    """Decodes the first `ROWS` rows of codes of height 2.

    Args:
        upsample: the transposed convolution of a two-level VQ-VAE that brings top codes to the bottom's size.
        decoder: its decoder.
    """

    def __init__(self, upsample: nn.ConvTranspose2d, decoder: nn.Sequential) -> None:
        layers = list(decoder)
        wide, narrow = layers[-3], layers[-1]
        assert isinstance(wide, nn.ConvTranspose2d)
        assert isinstance(narrow, nn.ConvTranspose2d)
        self.upsample, self.wide, self.narrow = upsample, wide, narrow
        # All before the first transposed convolution, the ReLU before it included.
        self.body = layers[:-3]
        self._upsampling = Derived(_upsampling_matrix)
        self._wide, self._narrow = Derived(_wide_kernels), Derived(_narrow_kernel)
        self._packed = [Derived(pack_kernel) for _ in range(3)]

    def __call__(self, top: Tensor, bottom: Tensor) -> Tensor:
        """Codes `[N, D, 1, W / 2]` and `[N, D, 2, W]` → `[N, 3, 4W]`."""
        matrix, bias = self._upsampling.of(self.upsample.weight, self.upsample.bias)
        x = torch.cat([F.linear(top.flatten(1), matrix, bias).view_as(bottom), bottom], dim=1)
        for layer in self.body:
            x = layer(x)
        upper, both, bias = self._wide.of(self.wide.weight, self.wide.bias)
        first = convolve(x[:, :, :1], upper, bias, self._packed[0], padding=(0, 1), relu=True)
        second = convolve(x, both, bias, self._packed[1], padding=(0, 1), relu=True)
        # [N, row, even or odd, C, place]; the outermost places hold a column each that does not exist.
        joined = torch.cat([first, second], dim=1)
        places = joined.unflatten(1, (2, 2, -1))
        places[:, :, 1, ..., 0] = 0
        places[:, :, 0, ..., -1] = 0
        kernel, bias = self._narrow.of(self.narrow.weight, self.narrow.bias)
        four = convolve(joined, kernel, bias, self._packed[2], padding=(0, 0), relu=False)
        return four.unflatten(1, (ROWS, 4)).squeeze(3).transpose(2, 3).flatten(2)


def _upsampling_matrix(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The transposed convolution of top codes as a matrix `[bottom, top]`, faster for few codes; its bias."""
    channels, width = weight.shape[0], TOP_SHAPE[1]
    units = torch.eye(channels * width, dtype=weight.dtype, device=weight.device)
    columns = F.conv_transpose2d(units.view(-1, channels, *TOP_SHAPE), weight, stride=2, padding=1).flatten(1)
    return columns.t().contiguous(), bias.repeat_interleave(columns.shape[1] // channels)


def _wide_kernels(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Kernels `[2 · out, in, rows, 2]` of output row 0 and of output row 1, even columns first; the bias."""
    kernel = weight.transpose(0, 1)
    upper, both = (
        torch.cat([kernel[:, :, rows][..., _EVEN], kernel[:, :, rows][..., _ODD]])
        for rows in (list(_KERNEL_ROWS[0].values()), list(_KERNEL_ROWS[1].values()))
    )
    return upper, both, bias.repeat(2)


def _narrow_kernel(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The kernel `[3 · 4, 2 · 2 · in, 1, 2]`: output rows and columns of what two places hold; the bias."""
    kernel = weight.new_zeros(ROWS, 4, 2, 2, weight.shape[0], 1, 2)
    for row, rows in enumerate(_KERNEL_ROWS):
        for column, columns in enumerate(_FOUR):
            for input_row, kernel_row in rows.items():
                for (parity, place), kernel_column in columns.items():
                    kernel[row, column, input_row, parity, :, 0, place] = weight[
                        :, 0, kernel_row, kernel_column
                    ]
    return kernel.flatten(2, 4).flatten(0, 1), bias.repeat(ROWS * 4)
