# SPDX-License-Identifier: GPL-3.0-or-later
"""Every term of the published generator's loss, against a recording of the original.

The recording holds a batch of three windows (`target`, `out`, `out_rand_vid`), the styles of both passes
(`z`, `z_mu`, `z_logvar`, `z_rand`), scores (`dis_fake`), a speaker loss (`arc_loss`), and what the original
made of them: `t_*` and `total`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from aqgt import skeleton
from aqgt_training.published_losses import motion
from aqgt_training.published_losses.generator import GeneratorTerms, Style, published_generator_loss

INPUTS = {
    "target", "out", "out_rand_vid", "z", "z_mu", "z_logvar", "z_rand", "arc_loss", "dis_fake",
    "t_arc_rand_loss",  # the second pass's speaker loss: an input, logged by the original and used by nobody
}  # fmt: skip

# Recorded name -> name in `GeneratorTerms.raw`.
RAW = {
    "t_huber_body_loss": "body",  # motion.body_and_hands
    "t_huber_left_hand_loss": "left_hand",
    "t_huber_right_hand_loss": "right_hand",
    "t_beat_hubert_loss": "body_and_hands",  # body + 4 (left + right)
    "t_delta_beat_hubert_loss": "frame_to_frame",  # motion.frame_to_frame
    "t_velocity_loss": "velocity",  # motion.derivatives
    "t_acceleration_loss": "acceleration",
    "t_jerk_loss": "jerk",
    "t_jounce_loss": "jounce",
    "t_crackle_loss": "crackle",
    "t_pop_loss": "pop",
    "t_lock_loss": "lock",
    "t_pose_loss": "pose",  # motion.on_positions
    "t_position_loss": "position",
    "t_bone_loss": "bone",
    "t_distance_loss": "distance",
    "t_KLD": "kld",  # losses.gaussian_divergence
    "t_DIV_REG": "style",  # generator.style_reward
    "t_arc_loss": "speaker",  # generator.speaker_guess_loss
    "t_gen": "adversarial",  # adversarial.generator_score_loss
}

# Recorded name -> name in `GeneratorTerms.weighted`.
WEIGHTED = {
    "t_weighted_vaj": "derivatives",
    "t_weighted_beat_huber": "body_and_hands",
    "t_weighted_delta_beat": "frame_to_frame",
    "t_weighted_pose_loss": "pose",
    "t_weighted_position_loss": "position",
    "t_weighted_bone_loss": "bone",
    "t_weighted_distance_loss": "distance",
    "t_weighted_kld": "kld",
    "t_weighted_arc": "speaker",
    "t_weighted_beat_div": "style",
    "t_weighted_gan": "adversarial",
}

# Recorded names that need a line of their own below.
OTHERS = {"t_start_position_error", "t_loss", "total"}


@pytest.fixture(scope="module")
def recorded(checkout: Path) -> dict[str, Tensor]:
    with np.load(checkout / "tests" / "data" / "published_losses.npz") as arrays:
        return {name: torch.from_numpy(np.array(arrays[name], dtype=np.float32)) for name in arrays.files}


@pytest.fixture(scope="module")
def terms(recorded: dict[str, Tensor]) -> GeneratorTerms:
    return _terms(recorded, recorded["dis_fake"])


def _terms(recorded: dict[str, Tensor], scores: Tensor | None) -> GeneratorTerms:
    return published_generator_loss(
        recorded["out"],
        recorded["target"],
        Style(recorded["z"], recorded["z_mu"], recorded["z_logvar"]),
        recorded["arc_loss"],
        other_output=recorded["out_rand_vid"],
        other_drawn=recorded["z_rand"],
        fake_scores=scores,
    )


def test_every_recorded_entry_is_compared(recorded: dict[str, Tensor]) -> None:
    assert set(recorded) == INPUTS | set(RAW) | set(WEIGHTED) | OTHERS


@pytest.mark.parametrize("name", RAW)
def test_terms(recorded: dict[str, Tensor], terms: GeneratorTerms, name: str) -> None:
    torch.testing.assert_close(terms.raw[RAW[name]], recorded[name], atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize("name", WEIGHTED)
def test_weighted_terms(recorded: dict[str, Tensor], terms: GeneratorTerms, name: str) -> None:
    torch.testing.assert_close(terms.weighted[WEIGHTED[name]], recorded[name], atol=1e-5, rtol=0)


def test_the_total_is_the_sum_of_the_weighted_terms(
    recorded: dict[str, Tensor], terms: GeneratorTerms
) -> None:
    assert set(terms.weighted) == set(WEIGHTED.values())
    # Logged twice: the original adds the discriminator's score to the logged loss in place.
    for name in ("total", "t_loss"):
        torch.testing.assert_close(terms.total, recorded[name], atol=1e-5, rtol=0)


def test_a_step_without_discriminator_lacks_its_term_alone(
    recorded: dict[str, Tensor], terms: GeneratorTerms
) -> None:
    without = _terms(recorded, None)
    assert set(terms.weighted) - set(without.weighted) == {"adversarial"}
    torch.testing.assert_close(
        without.total, recorded["total"] - recorded["t_weighted_gan"], atol=1e-5, rtol=0
    )


def test_seed_frames_are_logged_only(recorded: dict[str, Tensor], terms: GeneratorTerms) -> None:
    found = motion.seed_frames(recorded["out"], recorded["target"])
    torch.testing.assert_close(found, recorded["t_start_position_error"], atol=1e-5, rtol=0)
    assert "seed_frames" not in terms.weighted


def test_the_data_s_parents_would_give_other_positions(recorded: dict[str, Tensor]) -> None:
    differ = [j for j in range(skeleton.N_JOINTS) if motion.LOSS_PARENTS[j] != skeleton.PARENTS[j]]
    assert [skeleton.JOINT_NAMES[j] for j in differ] == [
        "left_ring_1", "left_little_1", "right_ring_1", "right_little_1",
    ]  # fmt: skip
    ours, theirs = (motion.positions(recorded[name], skeleton.PARENTS) for name in ("out", "target"))
    assert abs(motion.smooth_l1(ours, theirs) - recorded["t_pose_loss"]) > 1e-3


def test_positions_by_the_data_s_parents_are_forward_kinematics(recorded: dict[str, Tensor]) -> None:
    vectors = motion.joints(recorded["target"])
    wanted = skeleton.positions_from_bone_vectors(vectors.numpy())
    np.testing.assert_allclose(motion.positions(recorded["target"], skeleton.PARENTS), wanted, atol=1e-6)


def test_gradients_reach_the_output_and_not_the_other_pass(recorded: dict[str, Tensor]) -> None:
    output = recorded["out"].clone().requires_grad_()
    other = recorded["out_rand_vid"].clone().requires_grad_()
    published_generator_loss(
        output,
        recorded["target"],
        Style(recorded["z"], recorded["z_mu"], recorded["z_logvar"]),
        recorded["arc_loss"],
        other_output=other,
        other_drawn=recorded["z_rand"],
    ).total.backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()
    assert (output.grad != 0).float().mean() > 0.99
    assert other.grad is None


def test_a_still_motion_has_finite_gradients() -> None:
    still = torch.zeros(1, 34, 159, requires_grad=True)
    sum(motion.derivatives(still, torch.zeros(1, 34, 159)).values()).backward()
    assert still.grad is not None
    assert torch.isfinite(still.grad).all()


def test_seven_derivatives_need_eight_frames() -> None:
    with pytest.raises(ValueError, match="7 frames have no 7 derivatives"):
        motion.derivatives(torch.zeros(1, 7, 159), torch.zeros(1, 7, 159))
