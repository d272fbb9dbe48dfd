# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between two motions `[B, T, 159]` (bone vectors in model units), each as one number.

Every difference is a smooth L1 loss with β = 0.1: 5 e² below an error e of 0.1, |e| − 0.05 above.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from aqgt import skeleton

BETA = 0.1

_HAND_ROOT_TO_WRIST = {
    skeleton.LEFT_HAND: skeleton.LEFT_WRIST,
    skeleton.RIGHT_HAND: skeleton.RIGHT_WRIST,
}

LOSS_PARENTS: tuple[int, ...] = tuple(_HAND_ROOT_TO_WRIST.get(parent, parent) for parent in skeleton.PARENTS)
"""Parents `[53]` that the losses rebuild positions with: all fingers hang on the wrist. The data's own table
(`aqgt.skeleton.PARENTS`) hangs ring and little finger on the hand root."""

DERIVATIVES = ("velocity", "acceleration", "jerk", "jounce", "crackle", "pop", "lock")
"""Names of the first to the seventh derivative."""

_BODY = slice(0, skeleton.LEFT_HAND)
_LEFT = slice(skeleton.LEFT_HAND, skeleton.RIGHT_HAND)
_RIGHT = slice(skeleton.RIGHT_HAND, skeleton.N_JOINTS)
# The published code pairs left joint k + 1 with right joint k, from the hand root on.
_HAND_PAIRS = [(12 + k, 32 + k) for k in range(21)]
# What makes the root of a square differentiable at zero.
_EPSILON = 1e-10


def smooth_l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean over all entries of two tensors of one shape: smooth_l1(a / 0.1, b / 0.1) · 0.1."""
    return functional.smooth_l1_loss(output, target, beta=BETA)


def joints(motion: Tensor) -> Tensor:
    """Bone vectors `[B, T, 159]` as `[B, T, 53, 3]`."""
    return motion.unflatten(-1, (skeleton.N_JOINTS, 3))


def body_and_hands(output: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Differences of the joints 0–10 (`body`), 11–31 (`left_hand`) and 32–52 (`right_hand`)."""
    ours, theirs = joints(output), joints(target)
    parts = {"body": _BODY, "left_hand": _LEFT, "right_hand": _RIGHT}
    return {name: smooth_l1(ours[:, :, part], theirs[:, :, part]) for name, part in parts.items()}


def seed_frames(output: Tensor, target: Tensor, n_seed: int = 4) -> Tensor:
    """Difference of the seed frames; the published training logs it and does not use it."""
    return smooth_l1(output[:, :n_seed], target[:, :n_seed])


def frame_to_frame(output: Tensor, target: Tensor) -> Tensor:
    """Difference of the changes from each frame to the next, x(t+1) − x(t)."""
    return smooth_l1(output.diff(dim=1), target.diff(dim=1))


def derivatives(output: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Differences of the seven derivatives, by name.

    The derivative of d is |d(t+1) − d(t) + 1e-10|, again and again from the motion on: every one but the
    first is that of an absolute value, so "acceleration" is how fast the size of a velocity changes.

    Raises:
        ValueError: fewer than eight frames have no seventh derivative.
    """
    if output.shape[1] <= len(DERIVATIVES):
        raise ValueError(f"{output.shape[1]} frames have no {len(DERIVATIVES)} derivatives")
    found = {}
    for name in DERIVATIVES:
        output = (output.diff(dim=1) + _EPSILON).abs()
        target = (target.diff(dim=1) + _EPSILON).abs()
        found[name] = smooth_l1(output, target)
    return found


def positions(motion: Tensor, parents: Sequence[int] = LOSS_PARENTS) -> Tensor:
    """Joint positions `[B, T, 53, 3]`: the sum of the bone vectors from the root to each joint."""
    vectors = joints(motion)
    found: list[Tensor] = []
    for joint, parent in enumerate(parents):
        own = vectors[..., joint, :]
        found.append(own if parent < 0 else found[parent] + own)
    return torch.stack(found, dim=-2)


def on_positions(output: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Differences on rebuilt positions.

    Returns:
        ``pose``: of all joints. ``position``: mean over elbows and wrists of the vector from the right to
        the left one. ``bone``: mean over the 52 bones of child − parent. ``distance``: mean over 21 pairs of
        hand joints of left − right, where the left one is the next one along (joints 12 + k and 32 + k).
    """
    ours, theirs = positions(output), positions(target)

    def between(pairs: Sequence[tuple[int, int]]) -> Tensor:
        # All pairs have as many entries, so the mean over all of them is the mean of the pairs' means.
        ends, starts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return smooth_l1(
            ours[..., ends, :] - ours[..., starts, :], theirs[..., ends, :] - theirs[..., starts, :]
        )

    sides = [
        (skeleton.LEFT_ELBOW, skeleton.RIGHT_ELBOW),
        (skeleton.LEFT_WRIST, skeleton.RIGHT_WRIST),
    ]
    return {
        "pose": smooth_l1(ours, theirs),
        "position": between(sides),
        "bone": between([(joint, parent) for joint, parent in enumerate(LOSS_PARENTS) if parent >= 0]),
        "distance": between(_HAND_PAIRS),
    }
