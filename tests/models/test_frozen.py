# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's networks give the same in our way of running them."""

from __future__ import annotations

import copy

import torch
from torch import nn

from aqgt.models.frozen import FrozenAffine, FrozenConvolution, freeze


def network() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv1d(3, 16, 5, stride=2),
            nn.GELU(),
            nn.utils.parametrizations.weight_norm(nn.Conv1d(16, 16, 4, padding=2, groups=2)),
            nn.Flatten(),
            nn.Sequential(nn.Linear(16 * 15, 24), nn.GELU(), nn.Linear(24, 7, bias=False)),
        ).eval()


def sound() -> torch.Tensor:
    return torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(1))


def test_exact_equals_the_network() -> None:
    whole = network()
    with torch.inference_mode():
        wanted = whole(sound())
        frozen = freeze(copy.deepcopy(whole), "exact")
        assert (frozen(sound()) - wanted).abs().max() < 1e-5
    assert isinstance(frozen[0], FrozenConvolution)
    assert isinstance(frozen[4][0], FrozenAffine)
    assert isinstance(frozen[2], nn.Conv1d), "padded, grouped, with a computed weight: left as it is"


def test_exact_shares_the_weights() -> None:
    whole = network()
    weight = whole[4][0].weight
    assert freeze(whole, "exact")[4][0].weight is weight


def test_fast_is_near_and_half_as_large() -> None:
    whole = network()
    with torch.inference_mode():
        wanted = whole(sound())
        frozen = freeze(whole, "fast")
        found = frozen(sound())
    assert found.dtype == torch.float32
    assert 0 < (found - wanted).abs().max() < 0.05 * wanted.abs().max()
    assert frozen[0].weight.dtype == frozen[4][2].weight.dtype == torch.bfloat16
