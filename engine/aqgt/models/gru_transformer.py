# SPDX-License-Identifier: GPL-3.0-or-later
"""The GRU-transformer of AQ-GT: two transformer stacks and two GRUs whose results are joined."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqgt.models.config import BackboneConfig, PositionConfig, TransformerConfig
from aqgt.models.kernels import Affine, Derived, PiecewiseAffine, affine, own_ways, pack_pieces
from aqgt.models.layers import SummedBiGru, feed_forward


def position_encoding(n_frames: int, width: int, exponent: str) -> Tensor:
    """Sine and cosine position encoding `[n_frames, width]`.

    ``"published"`` doubles the already even index in the exponent, as the published networks do.
    """
    table = torch.zeros(n_frames, width, dtype=torch.float64)
    for index in range(0, width, 2):
        sine, cosine = (2 * index, 2 * (index + 1)) if exponent == "published" else (index, index)
        frames = torch.arange(n_frames, dtype=torch.float64)
        table[:, index] = torch.sin(frames / 10000 ** (sine / width))
        if index + 1 < width:
            table[:, index + 1] = torch.cos(frames / 10000 ** (cosine / width))
    return table.float()


def head_count(width: int, limit: int) -> int:
    """The largest divisor of ``width`` that is at most ``limit``."""
    return max(heads for heads in range(1, limit + 1) if width % heads == 0)


class PositionEncoding(nn.Module):
    """Adds positions to `[B, T, C]`; with ``scaled`` the input is multiplied by √C first."""

    encoding: Tensor

    def __init__(self, n_frames: int, width: int, exponent: str, scaled: bool) -> None:
        super().__init__()
        self.scale = math.sqrt(width) if scaled else 1.0
        self.register_buffer("encoding", position_encoding(n_frames, width, exponent), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.encoding[: x.shape[1]]


class TransformerLayer(nn.TransformerEncoderLayer):
    """`nn.TransformerEncoderLayer` without masks, whose affine layers are `affine` in inference.

    PyTorch's own fast path multiplies in one operation that nothing can be put in place of.
    """

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float, norm: str) -> None:
        super().__init__(width, heads, feed_forward, dropout, batch_first=True, norm_first=norm == "pre")
        self.packed = {name: Derived(pack_pieces) for name in ("query_key_value", "out", "first", "second")}

    def forward(self, x: Tensor, *_: object, **__: object) -> Tensor:  # type: ignore[override]
        """`[B, T, C]` → `[B, T, C]`."""
        if self.training or not own_ways(x):
            return super().forward(x)
        if self.norm_first:
            x = x + self._attend(self.norm1(x))
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(x + self._attend(x))
        return self.norm2(x + self._feed_forward(x))

    def _attend(self, x: Tensor) -> Tensor:
        own = self.self_attn
        joined = affine(x, own.in_proj_weight, own.in_proj_bias, self.packed["query_key_value"])
        query, key, value = joined.unflatten(-1, (3, own.num_heads, own.head_dim)).permute(2, 0, 3, 1, 4)
        weights = (query * own.head_dim**-0.5 @ key.transpose(-2, -1)).softmax(dim=-1)
        attended = (weights @ value).transpose(1, 2).flatten(2)
        return affine(attended, own.out_proj.weight, own.out_proj.bias, self.packed["out"])

    def _feed_forward(self, x: Tensor) -> Tensor:
        inner = affine(x, self.linear1.weight, self.linear1.bias, self.packed["first"])
        return affine(F.relu_(inner), self.linear2.weight, self.linear2.bias, self.packed["second"])


class TransformerStack(nn.Module):
    """Transformer layers, each with a projection after it: `[B, T, width]` → `[B, T, hidden]`."""

    def __init__(
        self,
        width: int,
        hidden: int,
        n_frames: int,
        config: TransformerConfig,
        position: PositionConfig,
        norm: str,
    ) -> None:
        super().__init__()
        every_layer = position.scale == "every_layer"
        self.positions, self.layers, self.projections = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for index in range(config.layers):
            positioned = every_layer or index == 0
            self.positions.append(
                PositionEncoding(n_frames, width, position.exponent, every_layer)
                if positioned
                else nn.Identity()
            )
            self.layers.append(
                TransformerLayer(
                    width, head_count(width, config.heads_limit), config.feed_forward, config.dropout, norm
                )
            )
            next_width = max(width // 2, hidden)
            self.projections.append(
                nn.Sequential(
                    nn.Mish(),
                    nn.Dropout(config.dropout),
                    PiecewiseAffine(width, next_width),
                    nn.Mish(),
                    nn.LayerNorm(next_width),
                )
            )
            width = next_width
        self.out = nn.Sequential(nn.Dropout(config.dropout), PiecewiseAffine(width, hidden))

    def forward(self, x: Tensor) -> Tensor:
        for position, layer, projection in zip(self.positions, self.layers, self.projections, strict=True):
            x = projection(layer(position(x)))
        return self.out(x)


class GruTransformer(nn.Module):
    """Encodings `[B, T, width]` and skipped encodings `[B, T, skip_width]` → features `[B, T, hidden]`.

    Either half can be left out by the config.
    """

    def __init__(self, width: int, skip_width: int, n_frames: int, config: BackboneConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.norm = nn.LayerNorm(width)
        self.project = Affine(width, config.input_width) if config.input_width else nn.Identity()
        inner = config.input_width or width
        self.attends, self.recurs = config.transformer, config.gru
        if self.attends:
            self.transformer_1 = TransformerStack(
                inner, hidden, n_frames, config.transformer_1, config.position, config.norm
            )
            self.transformer_2 = TransformerStack(
                hidden, hidden, n_frames, config.transformer_2, config.position, config.norm
            )
        both = self.attends and self.recurs
        if self.recurs:
            self.gru_1 = SummedBiGru(inner, hidden, config.gru_1_layers, config.dropout)
            self.gru_2 = SummedBiGru(
                2 * hidden if both else hidden, hidden, config.gru_2_layers, config.dropout
            )
        self.activation = nn.Mish()
        self.dropout = nn.Dropout(config.dropout)
        joined = (4 if both else 2) * hidden + skip_width
        self.join = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.LayerNorm(joined),
            feed_forward([joined, 2 * hidden, hidden, hidden], linear=Affine),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.project(self.norm(x))
        parts: list[Tensor] = []
        if self.attends:
            attended_1 = self.activation(self.transformer_1(x))
            attended_2 = self.activation(self.transformer_2(self.dropout(attended_1)))
            parts = [attended_1, attended_2]
        if self.recurs:
            recurrent_1 = self.activation(self.gru_1(x))
            recurrent_2 = self.activation(self.gru_2(torch.cat([recurrent_1, *parts[1:]], dim=-1)))
            parts = [recurrent_2, *parts, recurrent_1]
        return self.join(torch.cat([*parts, skip], dim=-1))
