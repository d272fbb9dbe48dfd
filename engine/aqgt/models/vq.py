# SPDX-License-Identifier: GPL-3.0-or-later
"""Vector quantisation of short pose blocks: a two-level VQ-VAE (VQ-VAE-2, Razavi et al. 2019) over 4 frames.

Shapes of the pose VQ with its 159 pose dimensions: block `[B, 1, 4, 159]` → bottom codes `[B, D, 2, 40]` and
top codes `[B, D, 1, 20]` → decoded `[B, 1, 8, 160]`, of which the first 4 rows and
159 columns are the block.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqgt.models.kernels import Convolution, PointConvolution, own_ways
from aqgt.models.layers import feed_forward
from aqgt.models.vq_rows import ROWS, TOP_SHAPE, FirstRows

BLOCK_FRAMES = 4
BOTTOM_SHAPE = (2, 40)
DEAD_BELOW = 0.01
"""Uses per step, averaged over the last hundred or so, below which a code counts as unused."""


@dataclass(frozen=True)
class VqWidths:
    """Widths of a two-level VQ-VAE: channels, residual blocks and their inner channels, code size, codes."""

    channels: int
    residual_channels: int
    residual_blocks: int
    code_dimensions: int
    codes: int
    third_kernel: int = 2
    """Kernel of the bottom encoder's third convolution (2 for poses, 3 for audio), always padded by 1."""


class ResidualBlock(nn.Module):
    """x + two convolutions of it."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReLU(),
            Convolution(channels, inner, 3, padding=1),
            nn.ReLU(),
            PointConvolution(inner, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        _, first, _, second = self.body
        return second(first(x.relu(), relu=True), plus=x)


def _residual_blocks(widths: VqWidths) -> list[nn.Module]:
    return [ResidualBlock(widths.channels, widths.residual_channels) for _ in range(widths.residual_blocks)]


def _encoder(width_in: int, widths: VqWidths, stride: int) -> nn.Sequential:
    channels, half = widths.channels, widths.channels // 2
    layers: list[nn.Module] = [Convolution(width_in, half, 4, stride=2, padding=1), nn.ReLU()]
    if stride == 4:
        layers += [Convolution(half, channels, 4, stride=2, padding=1), nn.ReLU()]
        layers.append(Convolution(channels, channels, widths.third_kernel, padding=1))
    else:
        layers.append(Convolution(half, channels, 3, padding=1))
    return nn.Sequential(*layers, *_residual_blocks(widths), nn.ReLU())


def _decoder(width_in: int, width_out: int, widths: VqWidths, stride: int) -> nn.Sequential:
    channels, half = widths.channels, widths.channels // 2
    layers: list[nn.Module] = [
        Convolution(width_in, channels, 3, padding=1),
        *_residual_blocks(widths),
        nn.ReLU(),
    ]
    if stride == 4:
        layers += [nn.ConvTranspose2d(channels, half, 4, stride=2, padding=1), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(half, width_out, 4, stride=2, padding=1))
    else:
        layers.append(nn.ConvTranspose2d(channels, width_out, 4, stride=2, padding=1))
    return nn.Sequential(*layers)


def _as_it_is(x: Tensor) -> Tensor:
    return x


class Quantiser(nn.Module):
    """Codebook trained by exponential moving averages; gradients pass straight through."""

    embed: Tensor
    cluster_size: Tensor
    embed_avg: Tensor

    def __init__(self, dimensions: int, codes: int, decay: float = 0.99, eps: float = 1e-5) -> None:
        super().__init__()
        self.decay, self.eps = decay, eps
        self.gather: Callable[[Tensor], Tensor] = _as_it_is
        """Adds up counts over the devices that train together."""
        embed = torch.randn(dimensions, codes)
        self.register_buffer("embed", embed)
        self.register_buffer("cluster_size", torch.zeros(codes))
        self.register_buffer("embed_avg", embed.clone())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of `[B, D, H, W]`: quantised values (same shape), commitment loss (scalar), codes `[B, H, W]`."""
        channels_last = x.permute(0, 2, 3, 1)
        flat = channels_last.reshape(-1, x.shape[1])
        distance = (
            flat.pow(2).sum(1, keepdim=True) - 2 * flat @ self.embed + self.embed.pow(2).sum(0, keepdim=True)
        )
        codes = (-distance).argmax(dim=1)
        if self.training:
            self._update(flat.detach(), codes)
        codes = codes.view(channels_last.shape[:-1])
        quantised = self.look_up(codes)
        loss = F.smooth_l1_loss(x / 0.1, quantised.detach() / 0.1) * 0.1
        return x + (quantised - x).detach(), loss, codes

    def look_up(self, codes: Tensor) -> Tensor:
        """Code vectors `[B, D, H, W]` of codes `[B, H, W]`."""
        return F.embedding(codes, self.embed.t()).permute(0, 3, 1, 2)

    @torch.no_grad()
    def _update(self, flat: Tensor, codes: Tensor) -> None:
        one_hot = F.one_hot(codes, self.embed.shape[1]).to(flat.dtype)
        counts, sums = self.gather(one_hot.sum(0)), self.gather(flat.t() @ one_hot)
        self.cluster_size.mul_(self.decay).add_(counts, alpha=1 - self.decay)
        self.embed_avg.mul_(self.decay).add_(sums, alpha=1 - self.decay)
        self._revive(flat)
        total = self.cluster_size.sum()
        smoothed = (self.cluster_size + self.eps) / (total + self.cluster_size.numel() * self.eps) * total
        self.embed.copy_(self.embed_avg / smoothed)

    def _revive(self, flat: Tensor) -> None:
        """Moves unused codes to where the data is; without it most codes die in the first steps."""
        dead = self.cluster_size < DEAD_BELOW
        chosen = torch.randint(len(flat), (int(dead.sum()),), device=flat.device)
        self.embed_avg[:, dead] = flat[chosen].t().to(self.embed_avg.dtype)
        self.cluster_size[dead] = 1.0


@dataclass(frozen=True)
class Quantised:
    """What encoding gives: top and bottom values `[B, D, H, W]`, codes `[B, H, W]`, commitment loss."""

    top: Tensor
    bottom: Tensor
    top_codes: Tensor
    bottom_codes: Tensor
    loss: Tensor


class VqVae(nn.Module):
    """Two-level VQ-VAE over a one-channel image `[B, 1, H, W]`."""

    def __init__(self, widths: VqWidths) -> None:
        super().__init__()
        channels, dimensions = widths.channels, widths.code_dimensions
        self.encoder_bottom = _encoder(1, widths, stride=4)
        self.encoder_top = _encoder(channels, widths, stride=2)
        self.to_top = Convolution(channels, dimensions, 1)
        self.quantise_top = Quantiser(dimensions, widths.codes)
        self.decoder_top = _decoder(dimensions, dimensions, widths, stride=2)
        self.to_bottom = Convolution(dimensions + channels, dimensions, 1)
        self.quantise_bottom = Quantiser(dimensions, widths.codes)
        self.upsample_top = nn.ConvTranspose2d(dimensions, dimensions, 4, stride=2, padding=1)
        self.decoder = _decoder(2 * dimensions, 1, widths, stride=4)
        self.first_rows = FirstRows(self.upsample_top, self.decoder)

    def keep_encoder(self) -> None:
        """Frees the memory of what only decoding needs; after that there is none."""
        del self.decoder, self.upsample_top, self.first_rows

    def encode(self, x: Tensor) -> Quantised:
        bottom = self.encoder_bottom(x)
        top, top_loss, top_codes = self.quantise_top(self.to_top(self.encoder_top(bottom)))
        joined = torch.cat([self.decoder_top(top), bottom], dim=1)
        low, low_loss, low_codes = self.quantise_bottom(self.to_bottom(joined))
        return Quantised(top, low, top_codes, low_codes, top_loss + low_loss)

    def decode(self, top: Tensor, bottom: Tensor) -> Tensor:
        return self.decoder(torch.cat([self.upsample_top(top), bottom], dim=1))

    def decode_rows(self, top: Tensor, bottom: Tensor) -> Tensor:
        """The first rows `[B, 3, 4W]` of what `decode` gives, for bottom codes of height 2."""
        if not own_ways(top):
            return self.decode(top, bottom)[:, 0, :ROWS]
        return self.first_rows(top, bottom)

    def decode_codes(self, top_codes: Tensor, bottom_codes: Tensor) -> Tensor:
        return self.decode(self.quantise_top.look_up(top_codes), self.quantise_bottom.look_up(bottom_codes))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction (as large as the decoder makes it) and commitment loss."""
        quantised = self.encode(x)
        return self.decode(quantised.top, quantised.bottom), quantised.loss


class MlpVqVae(nn.Module):
    """The same codes made by affine layers: no convolutions along the joints, far cheaper on a processor.

    Takes and gives what `VqVae` does, but decodes exactly the block: `[B, 1, 4, 159]`.
    """

    def __init__(self, columns: int, widths: VqWidths) -> None:
        super().__init__()
        dimensions, hidden = widths.code_dimensions, widths.channels
        self.columns = columns
        self.top_shape = (dimensions, *TOP_SHAPE)
        self.bottom_shape = (dimensions, *BOTTOM_SHAPE)
        n_top, n_bottom, n_block = (
            math.prod(self.top_shape),
            math.prod(self.bottom_shape),
            BLOCK_FRAMES * columns,
        )
        self.encoder = feed_forward([n_block, hidden, hidden])
        self.to_top = nn.Linear(hidden, n_top)
        self.to_bottom = nn.Linear(hidden + n_top, n_bottom)
        self.quantise_top = Quantiser(dimensions, widths.codes)
        self.quantise_bottom = Quantiser(dimensions, widths.codes)
        self.decoder = feed_forward([n_top + n_bottom, hidden, hidden, n_block], last_activation=False)

    def encode(self, x: Tensor) -> Quantised:
        hidden = self.encoder(x.flatten(1))
        top, top_loss, top_codes = self.quantise_top(self.to_top(hidden).view(-1, *self.top_shape))
        low = self.to_bottom(torch.cat([hidden, top.flatten(1)], dim=1)).view(-1, *self.bottom_shape)
        bottom, bottom_loss, bottom_codes = self.quantise_bottom(low)
        return Quantised(top, bottom, top_codes, bottom_codes, top_loss + bottom_loss)

    def decode(self, top: Tensor, bottom: Tensor) -> Tensor:
        block = self.decoder(torch.cat([top.flatten(1), bottom.flatten(1)], dim=1))
        return block.view(-1, 1, BLOCK_FRAMES, self.columns)

    def decode_rows(self, top: Tensor, bottom: Tensor) -> Tensor:
        """The first rows `[B, 3, C]` of the block."""
        return self.decode(top, bottom)[:, 0, :ROWS]

    def decode_codes(self, top_codes: Tensor, bottom_codes: Tensor) -> Tensor:
        return self.decode(self.quantise_top.look_up(top_codes), self.quantise_bottom.look_up(bottom_codes))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction and commitment loss."""
        quantised = self.encode(x)
        return self.decode(quantised.top, quantised.bottom), quantised.loss
