# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the generator's losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aqgt import skeleton
from aqgt_training.losses import (
    GeneratorLoss,
    LossWeights,
    ancestor_matrix,
    gaussian_divergence,
    hinge_discriminator_loss,
)


@pytest.fixture
def loss() -> GeneratorLoss:
    mean = torch.zeros(skeleton.N_JOINTS, 3)
    return GeneratorLoss(mean, torch.full_like(mean, 0.02), LossWeights())


def test_ancestor_matrix_is_forward_kinematics() -> None:
    vectors = np.random.default_rng(0).normal(size=(2, skeleton.N_JOINTS, 3)).astype(np.float32)
    wanted = skeleton.positions_from_bone_vectors(vectors)
    np.testing.assert_allclose(np.einsum("ij,tjc->tic", ancestor_matrix(), vectors), wanted, atol=1e-5)


def test_equal_motion_costs_nothing(loss: GeneratorLoss) -> None:
    motion = torch.randn(2, 34, skeleton.N_JOINTS * 3)
    assert float(loss(motion, motion)["total"]) == 0.0


def test_a_constant_offset_is_seen_by_pose_but_not_by_velocity(loss: GeneratorLoss) -> None:
    motion = torch.randn(2, 34, skeleton.N_JOINTS * 3)
    terms = loss(motion + 0.5, motion)
    assert terms["pose"] > 0.1
    assert float(terms["velocity"]) == pytest.approx(0.0, abs=1e-6)


def test_arm_errors_weigh_more_than_spine_errors(loss: GeneratorLoss) -> None:
    motion = torch.zeros(1, 34, skeleton.N_JOINTS * 3)
    arm, spine = motion.clone(), motion.clone()
    arm.unflatten(-1, (skeleton.N_JOINTS, 3))[..., skeleton.LEFT_ELBOW, :] = 1.0
    spine.unflatten(-1, (skeleton.N_JOINTS, 3))[..., skeleton.SPINE, :] = 1.0
    assert loss(arm, motion)["pose"] > 1.5 * loss(spine, motion)["pose"]


def test_the_root_is_ignored(loss: GeneratorLoss) -> None:
    motion = torch.zeros(1, 34, skeleton.N_JOINTS * 3)
    moved = motion.clone()
    moved[..., :3] = 9.0
    assert float(loss(moved, motion)["total"]) == 0.0


def test_hinge_loss_is_zero_only_beyond_the_margin() -> None:
    assert float(hinge_discriminator_loss(torch.tensor([2.0]), torch.tensor([-2.0]))) == 0.0
    assert float(hinge_discriminator_loss(torch.tensor([0.0]), torch.tensor([0.0]))) == 2.0


def test_divergence_of_the_standard_normal_is_zero() -> None:
    assert float(gaussian_divergence(torch.zeros(3, 4), torch.zeros(3, 4))) == 0.0
    assert float(gaussian_divergence(torch.ones(3, 4), torch.zeros(3, 4))) == pytest.approx(0.5)
