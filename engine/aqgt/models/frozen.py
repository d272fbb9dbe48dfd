# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's networks (wav2vec2, BERT), frozen, with their layers run by `aqgt.models.kernels`."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from aqgt.models import kernels

Precision = Literal["exact", "fast"]
"""``"exact"`` is float32; ``"fast"`` multiplies and convolves in bfloat16 and does the rest in float32.

Only for wav2vec2 and BERT: never for the generator, whose transformers amplify rounding, and never for the
audio VQ, whose codes are single numbers close to each other.
"""


class FrozenAffine(nn.Module):
    """Another module's affine layer for inference alone; in float32 the weights are shared with it."""

    def __init__(self, layer: nn.Linear, precision: Precision) -> None:
        super().__init__()
        self.weight, self.bias = _weights(layer, precision)

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.dtype == torch.bfloat16:
            return F.linear(x.bfloat16(), self.weight, self.bias).to(x.dtype)
        return kernels.affine(x, self.weight, self.bias, None)


class FrozenConvolution(nn.Module):
    """Another module's convolution over time for inference alone.

    Where oneDNN takes it, it runs channels last on weights in its layout, which replace the others.
    """

    def __init__(self, layer: nn.Conv1d, precision: Precision) -> None:
        super().__init__()
        weight, self.bias = _weights(layer, precision)
        self.weight: Tensor | None = weight
        self.stride, self.padding, self.groups = layer.stride[0], int(layer.padding[0]), layer.groups
        self.packed: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of `[B, C, T]`."""
        if self.weight is not None and kernels.usable(x, self.weight):
            with torch.inference_mode(False), torch.no_grad():
                self.packed = kernels.pack_row_kernel(self.weight, self.groups)
            self.weight = None
        if self.packed is not None:
            return kernels.convolve_row(x, self.packed, self.bias, self.stride, self.padding, self.groups)
        assert self.weight is not None
        # Only in bfloat16 do the types differ.
        found = F.conv1d(
            x.to(self.weight.dtype), self.weight, self.bias, self.stride, self.padding, groups=self.groups
        )
        return found.to(x.dtype)


def freeze(network: nn.Module, precision: Precision) -> nn.Module:
    """The same network for inference alone, its affine layers and convolutions over time exchanged.

    A weight that is computed from others (weight norm) is computed once.
    """
    for module in list(network.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear:
                setattr(module, name, FrozenAffine(child, precision))
            elif type(child) is nn.Conv1d and _gains(child):
                setattr(module, name, FrozenConvolution(child, precision))
    return network


def _weights(layer: nn.Linear | nn.Conv1d, precision: Precision) -> tuple[Tensor, Tensor | None]:
    if precision == "exact":
        return layer.weight, layer.bias
    bias = None if layer.bias is None else nn.Parameter(layer.bias.detach().bfloat16(), False)
    return nn.Parameter(layer.weight.detach().bfloat16(), False), bias


def _gains(layer: nn.Conv1d) -> bool:
    # Of one channel, as sound has, oneDNN's result in another layout costs more than it gains.
    usual = layer.padding_mode == "zeros" and layer.dilation == (1,) and not isinstance(layer.padding, str)
    return usual and layer.in_channels > 1
