# SPDX-License-Identifier: GPL-3.0-or-later
"""Bidirectional GRUs for inference on a processor: both directions in step, on weights kept for few rows.

PyTorch runs one direction after the other and multiplies by its hidden weights as by any matrix. With one row
that is bound by memory; with three it takes three times as long, since MKL has no good way for so few rows.
Here the states of both directions are multiplied by the weights of both in one operation. Half of what that
gives is not wanted, but with so few rows reading the weights takes longer than multiplying.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aqgt.models.kernels import Derived, affine, multiply_packed, own_ways, pack_matrix, pack_rows, usable

_WIDE = 256
"""Smaller ones are bound by the number of operations, which PyTorch does faster."""
_FEW = 3
"""With up to this many rows the two directions share an operation."""
_DIRECTIONS = ("", "_reverse")


class PairedGru:
    """Runs a bidirectional, batch-first `nn.GRU` of any depth; gives what the module itself gives."""

    def __init__(self, gru: nn.GRU) -> None:
        self.gru = gru
        self._layers = [
            (Derived(pack_rows), Derived(pack_matrix), Derived(pack_matrix)) for _ in range(gru.num_layers)
        ]

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
        # Step k is frame k forwards and frame T-1-k backwards.
        forward, backward = (
            affine(sequence, self._of("weight_ih", layer, end), self._of("bias_ih", layer, end), None)
            for end in _DIRECTIONS
        )
        inputs = torch.stack([forward, backward.flip(0)], dim=1)
        multiply = self._recurrence(layer, n_batch, inputs)
        states = sequence.new_empty(n_frames, 2, n_batch, hidden)
        state = sequence.new_zeros(2, n_batch, hidden)
        steps = zip(
            inputs[..., : 2 * hidden].unbind(),
            inputs[..., 2 * hidden :].unbind(),
            states.unbind(),
            strict=True,
        )
        for input_gates, input_new, out in steps:
            own = multiply(state)
            reset, update = (own[..., : 2 * hidden] + input_gates).sigmoid_().chunk(2, dim=-1)
            new = torch.addcmul(input_new, reset, own[..., 2 * hidden :]).tanh_()
            state = torch.lerp(new, state, update, out=out)
        return torch.cat([states[:, 0], states[:, 1].flip(0)], dim=-1)

    def _recurrence(self, layer: int, n_batch: int, like: Tensor) -> Callable[[Tensor], Tensor]:
        """The product of states `[2, B, hidden]` and hidden weights with its bias, `[2, B, 3 · hidden]`."""
        weights = [self._of("weight_hh", layer, end) for end in _DIRECTIONS]
        biases = [self._of("bias_hh", layer, end) for end in _DIRECTIONS]
        together, *apart = self._layers[layer]
        if n_batch > _FEW or not usable(like, weights[0]):
            return lambda state: torch.stack(
                [affine(*each) for each in zip(state, weights, biases, apart, strict=True)]
            )
        (packed,), bias = together.of(*weights), torch.cat(biases)
        rows = 2 * n_batch

        def multiply(state: Tensor) -> Tensor:
            both = multiply_packed(state.view(rows, -1), packed, bias).view(2, n_batch, 2, -1)
            return both.diagonal(dim1=0, dim2=2).permute(2, 0, 1)

        return multiply

    def _of(self, kind: str, layer: int, direction: str) -> Tensor:
        weight: Tensor = getattr(self.gru, f"{kind}_l{layer}{direction}")
        return weight
