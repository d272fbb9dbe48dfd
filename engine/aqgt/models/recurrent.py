# SPDX-License-Identifier: GPL-3.0-or-later
"""Bidirectional GRUs for inference on a processor: all directions in step, on weights kept for few rows.

PyTorch runs one direction after the other and multiplies by its hidden weights as by any matrix. With one
row that is bound by memory and by the number of operations; with three it takes three times as long, since
MKL has no good way for so few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from aqgt.models.kernels import Derived, affine, own_ways, pack_matrix

_WIDE = 256
"""Smaller ones are bound by the number of operations, which PyTorch does as fast."""
_DIRECTIONS = ("", "_reverse")
Step = Callable[[Tensor, Tensor], object]
"""Adds to a tensor `[D, B, 3 · hidden]` the product of states `[D, B, hidden]` and weights, D directions."""


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
            inputs = _inputs(self.gru, layer, sequence)
            states = _run(inputs, _biases(self.gru, layer), self._step(layer, sequence.shape[1]))
            sequence = _joined(states)
        return sequence.transpose(0, 1)

    def _step(self, layer: int, n_batch: int) -> Step:
        weights = _each(self.gru, "weight_hh", layer)
        if n_batch == 1:
            matrices = self._stacked[layer].of(*weights)
            return lambda sums, state: sums.baddbmm_(state, matrices)
        packed = self._packed[layer]

        def multiply(sums: Tensor, state: Tensor) -> None:
            for place, weight, keep, each in zip(sums, weights, packed, state, strict=True):
                place += affine(each, weight, None, keep)

        return multiply


class NarrowGrus:
    """Runs several narrow bidirectional, batch-first `nn.GRU` of one layer over sequences of one length."""

    def __init__(self, grus: Sequence[nn.GRU]) -> None:
        self.grus = tuple(grus)
        self._stacked = Derived(_stack)

    def usable(self, x: Tensor) -> bool:
        """Whether this is the better way: on a processor, without gradients."""
        return own_ways(x)

    def run(self, sequences: Sequence[Tensor]) -> list[Tensor]:
        """`[B, T, C]` of each → both directions of each, `[B, T, 2 · hidden]`."""
        widest = max(gru.hidden_size for gru in self.grus)
        pairs = list(zip(self.grus, sequences, strict=True))
        # A narrower one is filled up with zeros, which stay zero.
        inputs = torch.cat([_widened(_inputs(gru, 0, x.transpose(0, 1)), widest) for gru, x in pairs], dim=1)
        biases = torch.cat([_widened(_biases(gru, 0), widest) for gru in self.grus])
        matrices = self._stacked.of(*(weight for gru in self.grus for weight in _each(gru, "weight_hh", 0)))
        states = _run(inputs, biases, lambda sums, state: sums.baddbmm_(state, matrices))
        return [
            _joined(both[..., : gru.hidden_size]).transpose(0, 1)
            for gru, both in zip(self.grus, states.split(2, dim=1), strict=True)
        ]


def _run(inputs: Tensor, biases: Tensor, step: Step) -> Tensor:
    """States `[T, D, B, hidden]` of D directions.

    Args:
        inputs: `[T, D, B, 3 · hidden]` what each step adds.
        biases: `[D, 1, 3 · hidden]` of the hidden weights.
    """
    n_frames, n_directions, n_batch, width = inputs.shape
    hidden = width // 3
    # What the hidden weights' product is added to: a new state's input comes after its reset gate.
    own = inputs + biases
    own[..., 2 * hidden :] = biases[..., 2 * hidden :]
    states = inputs.new_empty(n_frames, n_directions, n_batch, hidden)
    state = inputs.new_zeros(n_directions, n_batch, hidden)
    # Views of all steps at once: one by one they would take as long as the products.
    views = (own, own[..., : 2 * hidden], *own.split(hidden, dim=-1), inputs[..., 2 * hidden :], states)
    for sums, gates, reset, update, new, given, out in zip(*(x.unbind() for x in views), strict=True):
        step(sums, state)
        gates.sigmoid_()
        torch.addcmul(given, reset, new, out=new).tanh_()
        state = torch.lerp(new, state, update, out=out)
    return states


def _inputs(gru: nn.GRU, layer: int, sequence: Tensor) -> Tensor:
    """`[T, B, C]` → `[T, 2, B, 3 · hidden]`; step k is frame k forwards and frame T-1-k backwards."""
    weights, biases = _each(gru, "weight_ih", layer), _each(gru, "bias_ih", layer)
    forward, backward = (
        affine(sequence, weight, bias, None) for weight, bias in zip(weights, biases, strict=True)
    )
    return torch.stack([forward, backward.flip(0)], dim=1)


def _joined(states: Tensor) -> Tensor:
    """States `[T, 2, B, hidden]` → `[T, B, 2 · hidden]`, both in the order of the frames."""
    return torch.cat([states[:, 0], states[:, 1].flip(0)], dim=-1)


def _biases(gru: nn.GRU, layer: int) -> Tensor:
    return torch.stack(_each(gru, "bias_hh", layer)).unsqueeze(1)


def _each(gru: nn.GRU, kind: str, layer: int) -> list[Tensor]:
    """The weights or biases of a layer's two directions."""
    return [getattr(gru, f"{kind}_l{layer}{direction}") for direction in _DIRECTIONS]


def _widened(x: Tensor, hidden: int) -> Tensor:
    """`[…, 3 · h]` → `[…, 3 · hidden]`, each of the three parts filled up with zeros."""
    gates = x.unflatten(-1, (3, -1))
    return nn.functional.pad(gates, (0, hidden - gates.shape[-1])).flatten(-2)


def _stack(*weights: Tensor) -> Tensor:
    """Weights `[3 · h, h]` of some directions as matrices `[directions, hidden, 3 · hidden]`."""
    hidden = max(weight.shape[1] for weight in weights)
    columns = [_widened(weight.detach().t(), hidden) for weight in weights]
    return torch.stack([nn.functional.pad(x, (0, 0, 0, hidden - len(x))) for x in columns])
