# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's networks (wav2vec2, BERT), frozen, with their layers run by `aqgt.models.kernels`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

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
        self.gelu = False
        """Whether a GELU follows."""

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.dtype == torch.bfloat16:
            found = F.linear(x.bfloat16(), self.weight, self.bias).to(x.dtype)
            return F.gelu(found) if self.gelu else found
        if self.gelu:
            return kernels.affine_gelu(x, self.weight, self.bias)
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
        self.gelu = False
        """Whether a GELU follows."""

    def forward(self, x: Tensor) -> Tensor:
        """The convolution of `[B, C, T]`."""
        if self.weight is not None and kernels.usable(x, self.weight):
            with torch.inference_mode(False), torch.no_grad():
                self.packed = kernels.pack_row_kernel(self.weight, self.groups)
            self.weight = None
        if self.packed is not None:
            return kernels.convolve_row(
                x, self.packed, self.bias, self.stride, self.padding, self.groups, gelu=self.gelu
            )
        assert self.weight is not None
        # Only in bfloat16 do the types differ.
        found = F.conv1d(
            x.to(self.weight.dtype), self.weight, self.bias, self.stride, self.padding, groups=self.groups
        ).to(x.dtype)
        return F.gelu(found) if self.gelu else found


class FrozenSoundLayer(nn.Module):
    """The first layer of wav2vec2: a convolution of one channel, each result normed over time, a GELU.

    Mean and variance of a convolution's result follow from those of the few samples under its kernel. So the
    norm becomes part of the weights, and all is one matrix product, whose result is channels last, as the
    next convolution wants it. The statistics are computed in double precision.
    """

    def __init__(self, conv: nn.Conv1d, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, x: Tensor) -> Tensor:
        """`[B, 1, T]` → `[B, C, frames]`."""
        if not kernels.usable(x, self.conv.weight):
            return F.gelu(self.norm(self.conv(x)))
        frames = x[:, 0].unfold(-1, self.conv.kernel_size[0], self.conv.stride[0]).contiguous()
        found = [self._one(each) for each in frames]
        # One window, as it usually is, needs no copy.
        return (torch.stack(found) if len(found) > 1 else found[0].unsqueeze(0)).transpose(1, 2)

    def _one(self, frames: Tensor) -> Tensor:
        """The samples under the kernel at each place `[frames, K]` → `[frames, C]`."""
        weight, exact = self.conv.weight.flatten(1).double(), frames.double()
        middle = exact.mean(dim=0)
        centred = exact - middle
        covariance = centred.t() @ centred / len(exact)
        variance = ((weight @ covariance) * weight).sum(dim=1).clamp(min=0)
        scaled = weight * (self.norm.weight / (variance + self.norm.eps).sqrt()).unsqueeze(1)
        # The norm takes the convolution's own bias away again.
        bias = self.norm.bias - scaled @ middle
        return kernels.affine_gelu(frames, scaled.float(), bias.float())


def freeze(network: nn.Module, precision: Precision) -> nn.Module:
    """The same network for inference alone, its affine layers and convolutions over time exchanged.

    A weight that is computed from others (weight norm) is computed once. A GELU that follows in the same
    module becomes part of the operation.
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
    for module in list(network.modules()):
        _join(module)
    return network


_FOLLOWED_BY_GELU = {
    "Wav2Vec2NoLayerNormConvLayer": ("conv", "activation"),
    "Wav2Vec2FeedForward": ("intermediate_dense", "intermediate_act_fn"),
    "BertIntermediate": ("dense", "intermediate_act_fn"),
}
"""Modules of `transformers` that run a layer and then an activation."""
_FIRST_LAYER = "Wav2Vec2GroupNormConvLayer"


def _join(module: nn.Module) -> None:
    """Makes one operation of what follows each other in a module."""
    for name, child in list(module.named_children()):
        if type(child).__name__ == _FIRST_LAYER and _is_normed_sound(child):
            layers: Any = child
            setattr(module, name, FrozenSoundLayer(layers.conv, layers.layer_norm))
    layer, activation = _FOLLOWED_BY_GELU.get(type(module).__name__, ("", ""))
    first = getattr(module, layer, None)
    if isinstance(first, FrozenAffine | FrozenConvolution) and _is_gelu(getattr(module, activation)):
        first.gelu = True
        setattr(module, activation, nn.Identity())


def _is_normed_sound(layer: Any) -> bool:
    """Whether a first layer is what `FrozenSoundLayer` computes; other settings make others."""
    conv, norm = layer.conv, layer.layer_norm
    plain = (
        type(conv) is nn.Conv1d and conv.in_channels == 1 and conv.padding == (0,) and conv.dilation == (1,)
    )
    return plain and norm.num_groups == norm.num_channels and norm.affine and _is_gelu(layer.activation)


def _is_gelu(activation: Callable[[Tensor], Tensor]) -> bool:
    probe = torch.linspace(-4, 4, 33)
    return torch.equal(activation(probe), F.gelu(probe))


def _weights(layer: nn.Linear | nn.Conv1d, precision: Precision) -> tuple[Tensor, Tensor | None]:
    if precision == "exact":
        return layer.weight, layer.bias
    bias = None if layer.bias is None else nn.Parameter(layer.bias.detach().bfloat16(), False)
    return nn.Parameter(layer.weight.detach().bfloat16(), False), bias


def _gains(layer: nn.Conv1d) -> bool:
    # Of one channel, as sound has, oneDNN's result in another layout costs more than it gains.
    usual = layer.padding_mode == "zeros" and layer.dilation == (1,) and not isinstance(layer.padding, str)
    return usual and layer.in_channels > 1
