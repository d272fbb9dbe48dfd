# SPDX-License-Identifier: GPL-3.0-or-later
"""Bidirectional GRUs for inference on a processor: both directions in step, on weights kept for few rows.

PyTorch runs one direction after the other and multiplies by its hidden weights as by any matrix. With one row
that is bound by memory; with three it takes three times as long, since MKL has no good way for so few rows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqgt.models.kernels import Derived, affine, own_ways, pack_matrix

_WIDE = 256
"""Smaller ones are bound by the number of operations, which PyTorch does faster."""


class PairedGru:
    """Runs a bidirectional, batch-first `nn.GRU` of any depth; gives what the module itself gives."""

    def __init__(self, gru: nn.GRU) -> None:
        self.gru = gru
        self._kept = {
            name: Derived(pack_matrix) for name, _ in gru.named_parameters() if name.startswith("weight_hh")
        }

    def usable(self, x: Tensor) -> bool:
        """Whether this is the better way: wide, on a processor, without gradients and dropout."""
        return self.gru.hidden_size >= _WIDE and own_ways(x) and not self.gru.training

    def run(self, x: Tensor) -> Tensor:
        """`[B, T, C]` → both directions, `[B, T, 2 · hidden]`."""
        sequence = x.transpose(0, 1)
        for layer in range(self.gru.num_layers):
            sequence = self._layer(layer, sequence)
        return sequence.transpose(0, 1)

    def _affine(self, kind: str, direction: str, x: Tensor) -> Tensor:
        name = f"{kind}_{direction}"
        weight, bias = getattr(self.gru, f"weight_{name}"), getattr(self.gru, f"bias_{name}")
        return affine(x, weight, bias, self._kept.get(f"weight_{name}"))

    def _layer(self, layer: int, sequence: Tensor) -> Tensor:
        """`[T, B, C]` → `[T, B, 2 · hidden]`."""
        n_frames, n_batch, _ = sequence.shape
        hidden = self.gru.hidden_size
        forward, backward = f"l{layer}", f"l{layer}_reverse"
        # Step k is frame k forwards and frame T-1-k backwards.
        inputs = torch.stack(
            [self._affine("ih", forward, sequence), self._affine("ih", backward, sequence).flip(0)], dim=1
        )
        input_gates, input_new = inputs[..., : 2 * hidden], inputs[..., 2 * hidden :]
        states = sequence.new_empty(n_frames, 2, n_batch, hidden)
        state = sequence.new_zeros(2, n_batch, hidden)
        for step in range(n_frames):
            own = torch.stack([self._affine("hh", forward, state[0]), self._affine("hh", backward, state[1])])
            gates = torch.sigmoid_(own[..., : 2 * hidden] + input_gates[step])
            new = torch.addcmul(input_new[step], gates[..., :hidden], own[..., 2 * hidden :]).tanh_()
            state = torch.lerp(new, state, gates[..., hidden:], out=states[step])
        return torch.cat([states[:, 0], states[:, 1].flip(0)], dim=-1)
