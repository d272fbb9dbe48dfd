# SPDX-License-Identifier: GPL-3.0-or-later
"""Bidirectional GRUs for inference on a processor: both directions in step, on weights kept for few rows.

PyTorch runs one direction after the other and multiplies by its hidden weights as by any matrix. With one
row that is bound by memory and by the number of operations; with three it takes three times as long, since MKL
has no good way for so few rows.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aqgt.models.kernels import Derived, affine, own_ways, pack_matrix

_WIDE = 256
"""Smaller ones are bound by the number of operations, which PyTorch does as fast."""
_DIRECTIONS = ("", "_reverse")
Step = Callable[[Tensor, Tensor], object]
"""Adds to a tensor `[2, B, 3 · hidden]` the product of states `[2, B, hidden]` and weights."""


class PairedGru:
    """Runs a bidirectional, batch-first `nn.GRU` of any depth; gives what the module itself gives."""

    def __init__(self, gru: nn.GRU) -> None:
        self.gru = gru
        layers = range(gru.num_layers)
        self._stacked = [Derived(_stack) for _ in layers]
        self._packed = [[Derived(pack_matrix) for _ in _DIRECTIONS] for _ in layers]

    def usable(self, x: Tensor) -> bool:
        """Whether this is the better way: wide, on a processor, without gradients and dropout."""
        return self.gru.hidden_size >= _WIDE and own_ways(x) and not self.gru.training

    def run(self, x: Tensor) -> Tensor:
        """`[B, T, C]` → both directions, `[B, T, 2 · hidden]`."""
        sequence = x.transpose(0, 1)
        for layer in range(self.gru.num_layers):
            sequence = self._layer(layer, sequence)
        return sequence.transpose(0, 1)

    def _layer(self, layer: int, sequence: Tensor) -> Tensor:
        """`[T, B, C]` → `[T, B, 2 · hidden]`."""
        n_frames, n_batch, _ = sequence.shape
        hidden = self.gru.hidden_size
        weights, biases = self._each("weight_ih", layer), self._each("bias_ih", layer)
        # Step k is frame k forwards and frame T-1-k backwards.
        forward, backward = (
            affine(sequence, weight, bias, None) for weight, bias in zip(weights, biases, strict=True)
        )
        inputs = torch.stack([forward, backward.flip(0)], dim=1)
        input_new = inputs[..., 2 * hidden :]
        # What the hidden weights' product is added to: a new state's input comes after its reset gate.
        bias = torch.stack(self._each("bias_hh", layer)).unsqueeze(1)
        own = inputs + bias
        own[..., 2 * hidden :] = bias[..., 2 * hidden :]
        states = sequence.new_empty(n_frames, 2, n_batch, hidden)
        state = sequence.new_zeros(2, n_batch, hidden)
        advance = self._advance(layer, n_batch)
        # Views of all steps at once: one by one they would take as long as the products.
        views = (own, own[..., : 2 * hidden], *own.split(hidden, dim=-1), input_new, states)
        for sums, gates, reset, update, new, given, out in zip(*(x.unbind() for x in views), strict=True):
            advance(sums, state)
            gates.sigmoid_()
            torch.addcmul(given, reset, new, out=new).tanh_()
            state = torch.lerp(new, state, update, out=out)
        return torch.cat([states[:, 0], states[:, 1].flip(0)], dim=-1)

    def _advance(self, layer: int, n_batch: int) -> Step:
        weights = self._each("weight_hh", layer)
        if n_batch == 1:
            matrices = self._stacked[layer].of(*weights)
            return lambda sums, state: sums.baddbmm_(state, matrices)
        packed = self._packed[layer]

        def multiply(sums: Tensor, state: Tensor) -> None:
            for place, weight, keep, each in zip(sums, weights, packed, state, strict=True):
                place += affine(each, weight, None, keep)

        return multiply

    def _each(self, kind: str, layer: int) -> list[Tensor]:
        """The weights or biases of a layer's two directions."""
        return [getattr(self.gru, f"{kind}_l{layer}{direction}") for direction in _DIRECTIONS]


def _stack(forward: Tensor, backward: Tensor) -> Tensor:
    """Weights `[3 · hidden, hidden]` of two directions as matrices `[2, hidden, 3 · hidden]`."""
    return torch.stack([forward, backward]).detach().transpose(1, 2).contiguous()
