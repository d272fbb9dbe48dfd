# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses of the gesture generator on normalised bone vectors, as pure functions.

Shapes: B batch, T frames, J = 53 joints. All losses are means, so their scale does not depend on B or T.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from aqgt import skeleton
from aqgt.settings import Settings


class LossWeights(Settings):
    """Weight of each term of `GeneratorLoss`, and of the two that the training stage adds."""

    pose: float = Field(1.0, ge=0)
    velocity: float = Field(2.0, ge=0)
    acceleration: float = Field(2.0, ge=0)
    position: float = Field(1.0, ge=0)
    wrist_velocity: float = Field(2.0, ge=0)
    wrist_distances: float = Field(0.0, ge=0)
    """Of how far each wrist is at each frame from where it is at each other; 0: not computed."""
    finger_angles: float = Field(0.0, ge=0)
    """Of the cosines between the bones of each hand; 0: not computed."""
    hands: float = Field(1.0, ge=0)
    """Weight of the finger joints within the pose terms; arms have 2, the body 1."""
    adversarial: float = Field(0.03, ge=0)
    style_divergence: float = Field(0.0005, ge=0)


class GeneratorLoss(nn.Module):
    """Reconstruction of a window: pose, its derivatives, and what the eye follows (joint positions, wrists).

    Args:
        mean: `[J, 3]` mean bone vectors of the corpus.
        std: `[J, 3]` their standard deviation.
        weights: weight of each term.
        position_scale: positions are divided by this many model units before the Huber loss.
    """

    mean: Tensor
    std: Tensor
    joint_weights: Tensor
    ancestors: Tensor
    finger_bones: Tensor

    def __init__(self, mean: Tensor, std: Tensor, weights: LossWeights, position_scale: float = 0.05) -> None:
        super().__init__()
        self.weights = weights
        self.position_scale = position_scale
        joint_weights = torch.ones(skeleton.N_JOINTS, 1)
        joint_weights[list(skeleton.LEFT_ARM_JOINTS + skeleton.RIGHT_ARM_JOINTS)] = 2.0
        joint_weights[list(skeleton.LEFT_HAND_JOINTS + skeleton.RIGHT_HAND_JOINTS)] = weights.hands
        joint_weights[0] = 0.0
        self.register_buffer("joint_weights", joint_weights)
        ancestors = torch.from_numpy(ancestor_matrix())
        # The root stays at the origin: a generator must not explain a pose by moving the whole body.
        ancestors[:, 0] = 0.0
        self.register_buffer("ancestors", ancestors)
        fingers = [
            [joint for finger in skeleton.FINGERS for joint in skeleton.finger_chain(side, finger)]
            for side in ("left", "right")
        ]
        self.register_buffer("finger_bones", torch.tensor(fingers), persistent=False)
        self.register_buffer("mean", mean.float())
        self.register_buffer("std", std.float())

    def positions(self, normalised: Tensor) -> Tensor:
        """Joint positions `[B, T, J, 3]` in model units from normalised bone vectors `[B, T, J * 3]`."""
        return torch.einsum("ij,btjc->btic", self.ancestors, self._bone_vectors(normalised))

    def _bone_vectors(self, normalised: Tensor) -> Tensor:
        return normalised.unflatten(-1, (skeleton.N_JOINTS, 3)) * self.std + self.mean

    def _finger_cosines(self, normalised: Tensor) -> Tensor:
        """Cosines between the bones of each hand, `[B, T, 2, 20, 20]`."""
        bones = self._bone_vectors(normalised)[:, :, self.finger_bones]
        bones = functional.normalize(bones, dim=-1, eps=1e-4)
        return bones @ bones.transpose(-1, -2)

    def forward(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Each term and their weighted sum ``"total"`` for `[B, T, J * 3]` normalised bone vectors."""
        output, target = output.float(), target.float()
        per_joint_output = output.unflatten(-1, (skeleton.N_JOINTS, 3)) * self.joint_weights
        per_joint_target = target.unflatten(-1, (skeleton.N_JOINTS, 3)) * self.joint_weights
        positions = self.positions(output) / self.position_scale
        target_positions = self.positions(target) / self.position_scale
        wrists = [skeleton.LEFT_WRIST, skeleton.RIGHT_WRIST]
        terms = {
            "pose": _huber(per_joint_output, per_joint_target),
            "velocity": _huber(per_joint_output.diff(dim=1), per_joint_target.diff(dim=1)),
            "acceleration": _huber(per_joint_output.diff(n=2, dim=1), per_joint_target.diff(n=2, dim=1)),
            "position": _huber(positions, target_positions),
            "wrist_velocity": _huber(
                positions[:, :, wrists].diff(dim=1), target_positions[:, :, wrists].diff(dim=1)
            ),
        }
        if self.weights.wrist_distances:
            terms["wrist_distances"] = _huber(
                distances_in_time(positions[:, :, wrists]), distances_in_time(target_positions[:, :, wrists])
            )
        if self.weights.finger_angles:
            terms["finger_angles"] = _huber(self._finger_cosines(output), self._finger_cosines(target))
        total = sum(
            (getattr(self.weights, name) * value for name, value in terms.items()), output.new_zeros(())
        )
        return {**terms, "total": total}


def _huber(output: Tensor, target: Tensor, beta: float = 0.2) -> Tensor:
    return functional.smooth_l1_loss(output / beta, target / beta) * beta


def distances_in_time(tracks: Tensor) -> Tensor:
    """How far each point is at each frame from where it is at each other: `[B, T, P, 3]` → `[B, P, T, T]`.

    Neither a turn nor a shift of a track changes it. Where the way of a gesture is uncertain, the mean of all
    ways is small and slow; this keeps its size and its speeds apart from its direction.
    """
    by_point = tracks.transpose(1, 2)
    apart = (by_point[:, :, :, None] - by_point[:, :, None]).square().sum(-1)
    # A root has no slope at 0, and all frames are as near as that to themselves.
    return (apart + 1e-4).sqrt()


def ancestor_matrix() -> NDArray[np.float32]:
    """`[J, J]` float32: 1 where the column's bone lies on the way from the root to the row's joint."""
    matrix = np.zeros((skeleton.N_JOINTS, skeleton.N_JOINTS), dtype=np.float32)
    for joint in range(skeleton.N_JOINTS):
        at = joint
        while at >= 0:
            matrix[joint, at] = 1.0
            at = skeleton.PARENTS[at]
    return matrix


def hinge_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss of the discriminator for its scores on real and generated windows."""
    return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()


def hinge_generator_loss(fake: Tensor) -> Tensor:
    """The generator's side of the hinge game: raise the score of what it made."""
    return -fake.mean()


def gaussian_divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL divergence of N(mu, exp(logvar)) from N(0, 1), averaged over all entries."""
    return -0.5 * (1 + logvar - mu.square() - logvar.exp()).mean()
