# SPDX-License-Identifier: GPL-3.0-or-later
"""The temporal aligner of AQ-GT: frames are made one after the other, each seeing four earlier ones.

Every step makes a block of three overlapping frames; a frame is the mean of the blocks that cover it plus a
residual. Which earlier blocks a step sees is the context; steps that don't depend on each other run in one
batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aqgt.models.config import POSE_DIMENSIONS, AlignerConfig, PoseHeadConfig
from aqgt.models.kernels import PackedAffine
from aqgt.models.layers import feed_forward
from aqgt.models.pose_head import build_pose_head

N_CONTEXT = 4
"""Frames of context per step."""
_LAG = {"previous": 1, "lagged": 5}


@dataclass(frozen=True)
class ContextPlan:
    """Which frames each step sees, and which steps can run together.

    Attributes:
        indices: per step, four positions in the list "initial frames, then step 0, step 1, …".
        n_initial: number of initial frames.
        groups: steps by group; a group depends on earlier groups only.
        initial_from_seed: whether the initial frames are the seed poses; else they are zero.
    """

    indices: tuple[tuple[int, ...], ...]
    n_initial: int
    groups: tuple[tuple[int, ...], ...]
    initial_from_seed: bool


def context_plan(kind: str, n_frames: int) -> ContextPlan:
    """The plan for a window of ``n_frames``; ``kind`` as in `AlignerConfig.context`."""
    if kind == "published":
        # The original addresses its growing list from four places behind the step's own number, so that
        # positions wrap around the end during the first steps and lag behind by four later on.
        n_initial = N_CONTEXT
        indices = tuple(
            tuple((step - N_CONTEXT + k) % (N_CONTEXT + step) for k in range(N_CONTEXT))
            for step in range(n_frames)
        )
    else:
        n_initial = _LAG[kind] + N_CONTEXT - 1
        indices = tuple(tuple(range(step, step + N_CONTEXT)) for step in range(n_frames))
    return ContextPlan(indices, n_initial, _groups(indices, n_initial), kind != "published")


def _groups(indices: tuple[tuple[int, ...], ...], n_initial: int) -> tuple[tuple[int, ...], ...]:
    levels: list[int] = []
    for positions in indices:
        needed = [levels[position - n_initial] for position in positions if position >= n_initial]
        levels.append(max(needed) + 1 if needed else 0)
    return tuple(
        tuple(step for step, level in enumerate(levels) if level == wanted)
        for wanted in range(max(levels) + 1)
    )


class TemporalAligner(nn.Module):
    """Features `[B, T, H]`, style `[B, Z]` and seed poses `[B, S, 159]` → poses `[B, T, 159]`."""

    def __init__(
        self,
        feature_width: int,
        style_width: int,
        n_frames: int,
        config: AlignerConfig,
        head: PoseHeadConfig,
        dropout: float,
    ) -> None:
        super().__init__()
        hidden = config.hidden
        self.plan = context_plan(config.context, n_frames)
        self.grouped = True
        """Whether independent steps, and all residuals, run in one batch; the result is the same."""
        self.head = build_pose_head(head, config.code_width)
        code_width = self.head.code_width
        self.first_guess = nn.Sequential(
            nn.Mish(),
            nn.Dropout(dropout),
            feed_forward(
                [2 * feature_width, hidden, POSE_DIMENSIONS], last_activation=False, linear=PackedAffine
            ),
        )
        joined = (N_CONTEXT + 1) * POSE_DIMENSIONS + style_width
        self.context_norm = nn.LayerNorm(joined)
        self.align = nn.Sequential(
            nn.Mish(),
            nn.Dropout(dropout),
            feed_forward([joined, hidden, hidden, hidden], last_activation=False, linear=PackedAffine),
        )
        self.code_norm = nn.LayerNorm(hidden + POSE_DIMENSIONS)
        self.to_code = nn.Sequential(
            nn.Mish(), nn.Dropout(dropout), PackedAffine(hidden + POSE_DIMENSIONS, code_width)
        )
        self.residual = nn.Sequential(PackedAffine(code_width, POSE_DIMENSIONS), nn.Tanh())

    def forward(self, features: Tensor, style: Tensor, seed: Tensor) -> Tensor:
        before = torch.cat([torch.zeros_like(features[:, :1]), features[:, :-1]], dim=1)
        guess = self.first_guess(torch.cat([features, before], dim=-1))
        history = self._initial(seed.to(guess.dtype))
        blocks: list[Tensor | None] = [None] * guess.shape[1]
        codes: list[Tensor | None] = [None] * guess.shape[1]
        groups = self.plan.groups if self.grouped else tuple((step,) for step in range(guess.shape[1]))
        for group in groups:
            self._run(group, guess, style, history, blocks, codes)
        block = torch.stack([item for item in blocks if item is not None], dim=1)
        code = torch.stack([item for item in codes if item is not None], dim=1)
        if self.grouped:
            return _overlap_mean(block) + self.residual(code)
        return _overlap_mean(block) + torch.stack([self.residual(each) for each in code.unbind(1)], dim=1)

    def _initial(self, seed: Tensor) -> dict[int, Tensor]:
        """The initial context frames by position; those before the seed repeat its first frame."""
        n_initial = self.plan.n_initial
        if not self.plan.initial_from_seed:
            return {position: torch.zeros_like(seed[:, 0]) for position in range(n_initial)}
        first = n_initial - seed.shape[1]
        return {position: seed[:, max(position - first, 0)] for position in range(n_initial)}

    def _run(
        self,
        group: tuple[int, ...],
        guess: Tensor,
        style: Tensor,
        history: dict[int, Tensor],
        blocks: list[Tensor | None],
        codes: list[Tensor | None],
    ) -> None:
        """Runs the steps of one group as one batch `[B · G, …]` and files their blocks and codes."""
        n_batch, size = guess.shape[0], len(group)
        rows = [
            torch.cat(
                [*(history[position] for position in self.plan.indices[step]), guess[:, step], style], dim=-1
            )
            for step in group
        ]
        joined = torch.stack(rows, dim=1).flatten(0, 1)
        aligned = self.align(self.context_norm(joined))
        own_guess = torch.stack([guess[:, step] for step in group], dim=1).flatten(0, 1)
        code = self.to_code(self.code_norm(torch.cat([aligned, own_guess], dim=-1)))
        block = self.head(code)
        code, block = code.view(n_batch, size, -1), block.view(n_batch, size, *block.shape[1:])
        for place, step in enumerate(group):
            codes[step], blocks[step] = code[:, place], block[:, place]
            history[self.plan.n_initial + step] = block[:, place, 1]


class FrameHead(nn.Module):
    """What stands in the aligner's place where the config has none: each frame by itself.

    Features `[B, T, H]` → poses `[B, T, 159]`; style and seed poses are not read here.
    """

    def __init__(self, feature_width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Mish(),
            nn.Dropout(dropout),
            feed_forward([feature_width, hidden, POSE_DIMENSIONS], last_activation=False),
        )

    def forward(self, features: Tensor, style: Tensor, seed: Tensor) -> Tensor:
        return self.body(features)


def _overlap_mean(blocks: Tensor) -> Tensor:
    """Frames `[B, T, C]`: the mean of the blocks `[B, T, 3, C]` (before, own, after) that cover each."""
    total = blocks[:, :, 1].clone()
    count = torch.ones(blocks.shape[1], device=blocks.device, dtype=blocks.dtype)
    total[:, 1:] += blocks[:, :-1, 2]
    total[:, :-1] += blocks[:, 1:, 0]
    count[1:] += 1
    count[:-1] += 1
    return total / count[:, None]
