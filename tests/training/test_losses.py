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


@pytest.fixture
def shapes() -> GeneratorLoss:
    """The losses of sizes and hand shapes alone."""
    mean = torch.randn(skeleton.N_JOINTS, 3, generator=torch.Generator().manual_seed(1))
    names = LossWeights.model_fields
    weights = {name: float(name in ("wrist_distances", "finger_angles")) for name in names}
    return GeneratorLoss(mean, torch.full_like(mean, 0.02), LossWeights(**weights))


def _turned(loss: GeneratorLoss, motion: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    vectors = motion.unflatten(-1, (skeleton.N_JOINTS, 3)) * loss.std + loss.mean
    return ((vectors @ turn.T - loss.mean) / loss.std).flatten(-2)


def test_sizes_and_hand_shapes_are_the_same_whichever_way_a_gesture_goes(shapes: GeneratorLoss) -> None:
    motion = torch.randn(2, 34, skeleton.N_JOINTS * 3)
    about_up = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    assert float(shapes(_turned(shapes, motion, about_up), motion)["total"]) == pytest.approx(0.0, abs=1e-5)


def test_the_mean_of_two_ways_is_too_small_a_gesture() -> None:
    loss = GeneratorLoss(torch.zeros(53, 3), torch.full((53, 3), 0.02), LossWeights(wrist_distances=1.0))
    there = torch.zeros(1, 34, skeleton.N_JOINTS, 3)
    there[:, 10:20, skeleton.LEFT_ELBOW, 0] = 4.0
    elsewhere = torch.zeros_like(there)
    elsewhere[:, 10:20, skeleton.LEFT_ELBOW, 2] = 4.0
    mean = (there + elsewhere) / 2
    errors = {
        name: float(loss(made.flatten(-2), there.flatten(-2))["wrist_distances"])
        for name, made in (("other way", elsewhere), ("mean", mean))
    }
    assert errors["other way"] < 1e-6
    assert errors["mean"] > 0.05


def test_a_bent_finger_is_another_hand_shape(shapes: GeneratorLoss) -> None:
    motion = torch.randn(1, 4, skeleton.N_JOINTS * 3)
    bent = motion.clone()
    bent.unflatten(-1, (skeleton.N_JOINTS, 3))[..., skeleton.finger_chain("left", "index")[2], :] += 50.0
    terms = shapes(bent, motion)
    assert terms["finger_angles"] > 0.001
    assert float(terms["wrist_distances"]) == pytest.approx(0.0, abs=1e-6)


def test_equal_frames_have_a_slope(shapes: GeneratorLoss) -> None:
    still = torch.zeros(1, 34, skeleton.N_JOINTS * 3, requires_grad=True)
    shapes(still, torch.randn(1, 34, skeleton.N_JOINTS * 3))["total"].backward()
    assert still.grad is not None
    assert bool(torch.isfinite(still.grad).all())
    assert bool(still.grad.any())
