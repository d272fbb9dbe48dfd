# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose heads: from a code per frame to a block of overlapping frames around it."""

from __future__ import annotations

from torch import Tensor, nn

from aqgt.models.config import POSE_DIMENSIONS, PoseHeadConfig
from aqgt.models.layers import feed_forward
from aqgt.models.vq import BLOCK_FRAMES, BOTTOM_SHAPE, MlpVqVae, VqVae, VqWidths
from aqgt.models.vq_rows import ROWS, TOP_SHAPE


class MlpPoseHead(nn.Module):
    """Code `[N, C]` → block `[N, 3, 159]` by two affine layers."""

    def __init__(self, code_width: int, hidden: int) -> None:
        super().__init__()
        self.code_width = code_width
        self.body = feed_forward([code_width, hidden, ROWS * POSE_DIMENSIONS], last_activation=False)

    def forward(self, code: Tensor) -> Tensor:
        return self.body(code).view(-1, ROWS, POSE_DIMENSIONS)


class VqPoseHead(nn.Module):
    """Code `[N, C]` → block `[N, 3, 159]` by the decoder of a pose VQ; the code is its continuous latents.

    The VQ is trained beforehand on real pose blocks and then frozen; `vq.encode` makes its codes from poses.
    """

    def __init__(self, config: PoseHeadConfig) -> None:
        super().__init__()
        self.dimensions = config.code_dimensions
        widths = VqWidths(
            config.hidden,
            config.residual_hidden,
            config.residual_blocks,
            config.code_dimensions,
            config.codes,
        )
        self.vq = MlpVqVae(POSE_DIMENSIONS, widths) if config.kind == "mlp_vq" else VqVae(widths)
        self.n_bottom = self.dimensions * BOTTOM_SHAPE[0] * BOTTOM_SHAPE[1]
        self.code_width = self.n_bottom + self.dimensions * TOP_SHAPE[0] * TOP_SHAPE[1]

    def forward(self, code: Tensor) -> Tensor:
        bottom = code[:, : self.n_bottom].reshape(-1, self.dimensions, *BOTTOM_SHAPE)
        top = code[:, self.n_bottom :].reshape(-1, self.dimensions, *TOP_SHAPE)
        return self.vq.decode_rows(top, bottom)[:, :, :POSE_DIMENSIONS]

    def reconstruct(self, blocks: Tensor) -> tuple[Tensor, Tensor]:
        """Blocks `[N, 4, 159]` through encoder, codebook and decoder: `[N, 4, 159]` and commitment loss."""
        decoded, loss = self.vq(blocks.unsqueeze(1))
        return decoded[:, 0, :BLOCK_FRAMES, :POSE_DIMENSIONS], loss


def build_pose_head(config: PoseHeadConfig, code_width: int) -> MlpPoseHead | VqPoseHead:
    """The head the config names."""
    return MlpPoseHead(code_width, config.hidden) if config.kind == "mlp" else VqPoseHead(config)
