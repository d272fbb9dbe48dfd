# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's networks give the same in our way of running them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from aqgt.models.frozen import FrozenAffine, FrozenConvolution, FrozenSoundLayer, freeze


def network() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv1d(1, 16, 5, stride=2),
            nn.GELU(),
            nn.utils.parametrizations.weight_norm(nn.Conv1d(16, 16, 4, padding=2, groups=2)),
            nn.Conv1d(16, 12, 3, stride=2),
            nn.Flatten(),
            nn.Sequential(nn.Linear(12 * 7, 24), nn.GELU(), nn.Linear(24, 7, bias=False)),
        ).eval()


def sound() -> torch.Tensor:
    return torch.randn(2, 1, 32, generator=torch.Generator().manual_seed(1))


def test_exact_equals_the_network() -> None:
    whole = network()
    with torch.inference_mode():
        wanted = whole(sound())
        frozen = freeze(copy.deepcopy(whole), "exact")
        assert (frozen(sound()) - wanted).abs().max() < 1e-5
    assert type(frozen[0]) is nn.Conv1d, "of one channel: left as it is"
    assert isinstance(frozen[2], FrozenConvolution), "padded, grouped, its weight computed from others"
    assert isinstance(frozen[3], FrozenConvolution)
    assert isinstance(frozen[5][0], FrozenAffine)


def test_exact_shares_the_weights() -> None:
    whole = network()
    weight = whole[5][0].weight
    assert freeze(whole, "exact")[5][0].weight is weight


def test_fast_is_near_and_half_as_large() -> None:
    whole = network()
    with torch.inference_mode():
        wanted = whole(sound())
        frozen = freeze(whole, "fast")
        found = frozen(sound())
    assert found.dtype == torch.float32
    assert 0 < (found - wanted).abs().max() < 0.05 * wanted.abs().max()
    assert frozen[3].weight.dtype == frozen[5][2].weight.dtype == torch.bfloat16


@pytest.mark.parametrize("level", [1.0, 0.0])
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_wav2vec2(activation: str, level: float) -> None:
    """Its first layer, whose norm becomes part of the weights, and activations; loud, and silent."""
    transformers = pytest.importorskip("transformers")
    config = transformers.Wav2Vec2Config(
        hidden_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=40,
        conv_dim=(16, 16),
        conv_kernel=(10, 3),
        conv_stride=(5, 2),
        conv_bias=True,
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        feat_extract_activation=activation,
        hidden_act=activation,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        whole = transformers.Wav2Vec2Model(config).eval()
        norm = whole.feature_extractor.conv_layers[0].layer_norm
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    windows = 0.3 + level * torch.randn(2, 400, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        wanted = whole(windows).last_hidden_state
        frozen = freeze(whole, "exact")
        assert (frozen(windows).last_hidden_state - wanted).abs().max() < 2e-5
    first = frozen.feature_extractor.conv_layers[0]
    assert isinstance(first, FrozenSoundLayer) == (activation == "gelu")
