# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the published losses that no recording holds: style, speaker, the networks' own, the settings."""

from __future__ import annotations

import math

import pytest
import torch

from aqgt.models.annotation_network import AnnotationNetwork
from aqgt.models.config import read_config
from aqgt.models.config_published import AnnotationNetworkConfig
from aqgt.resources import data_path
from aqgt_training.published_losses import generator, networks
from aqgt_training.published_losses.settings import PublishedLossWeights
from aqgt_training.stages.config import PublishedStage


def test_style_reward_never_exceeds_its_floor() -> None:
    near = torch.zeros(2, 4)
    far = generator.style_reward(torch.full((2, 34, 159), 9.0), torch.zeros(2, 34, 159), near, near)
    assert float(far) == -1000.0
    same = generator.style_reward(torch.ones(2, 34, 159), torch.ones(2, 34, 159), near, near + 1)
    assert float(same) == 0.0


def test_speaker_guess_passes_through_two_softmaxes() -> None:
    sure = torch.eye(5)[:3]
    least = math.log(1 + 4 / math.e)
    assert float(generator.speaker_guess_loss(sure, torch.tensor([0, 1, 2]))) == pytest.approx(least)
    even = torch.full((3, 5), 0.2)
    assert float(generator.speaker_guess_loss(even, torch.tensor([0, 1, 2]))) == pytest.approx(math.log(5))


def test_autoencoder_loss_adds_up_over_the_batch() -> None:
    target = torch.zeros(3, 34, 159)
    off = target + torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)
    assert float(networks.autoencoder_loss(off, target)) == pytest.approx(0.6, abs=1e-6)
    twice = networks.autoencoder_loss(torch.cat([off, off]), torch.cat([target, target]))
    assert float(twice) == pytest.approx(1.2, abs=1e-6)


def test_vq_loss_is_smooth_l1_and_a_quarter_of_the_codebooks_distance() -> None:
    target = torch.zeros(2, 1, 8, 8)
    difference = torch.tensor([0.4])
    assert float(networks.vq_loss(target, target, difference)) == pytest.approx(0.1)
    # Half the square below an error of one, the error less a half above it.
    assert float(networks.vq_loss(target + 0.5, target, difference)) == pytest.approx(0.125 + 0.1)
    assert float(networks.vq_loss(target + 3, target, difference)) == pytest.approx(2.5 + 0.1)


SIZES = (20, 6, 6, 9, 9, 14, 14, 14, 21, 21, 7, 7, 5, 5, 15, 15)


def test_annotation_loss_is_the_mean_of_its_channels() -> None:
    torch.manual_seed(0)
    probabilities = torch.rand(3, 4, sum(SIZES))
    labels = torch.stack([torch.randint(0, size, (3, 4)) for size in SIZES], dim=1)
    wanted, first = [], 0
    for index, size in enumerate(SIZES):
        scores = probabilities[:, :, first : first + size]
        picked = scores.gather(2, labels[:, index, :, None])[..., 0] - scores.logsumexp(dim=2)
        wanted.append(-picked.mean())
        first += size
    found = networks.annotation_loss(probabilities, labels, SIZES)
    assert float(found) == pytest.approx(float(torch.stack(wanted).mean()), abs=1e-6)

    occurrence, target = torch.tensor([[0.0, 0.05, 1.0, 0.5]]), torch.zeros(1, 4)
    smooth = (0 + 0.5 * 0.05**2 / 0.1 + 0.95 + 0.45) / 4
    both = networks.annotation_loss(probabilities, labels, SIZES, occurrence, target)
    assert float(both) == pytest.approx((16 * float(found) + smooth) / 17, abs=1e-6)


def test_unlabelled_frames_and_channels_count_for_nothing() -> None:
    torch.manual_seed(0)
    probabilities = torch.rand(2, 4, 5)
    labels = torch.tensor([[[0, 1, -1, -1], [-1] * 4], [[1, -1, -1, -1], [-1] * 4]])
    found = networks.annotation_loss(probabilities, labels, (2, 3))
    changed = probabilities.clone()
    changed[0, 2:] += 1
    changed[..., 2:] -= 1
    assert torch.equal(networks.annotation_loss(changed, labels, (2, 3)), found)
    assert float(networks.annotation_loss(probabilities, torch.full_like(labels, -1), (2, 3))) == 0.0


def test_annotation_loss_fits_the_published_network() -> None:
    config = AnnotationNetworkConfig()
    assert tuple(config.labels) == SIZES
    network = AnnotationNetwork(config).eval()
    output = network(torch.zeros(2, config.n_codes, dtype=torch.int64))
    labels = torch.zeros(2, len(SIZES), config.frames, dtype=torch.int64)
    networks.annotation_loss(output, labels, config.labels).backward()
    assert all(p.grad is not None for head in network.heads for p in head.parameters())


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="5 outputs and 2 channels"):
        networks.annotation_loss(torch.rand(1, 4, 5), torch.zeros(1, 2, 4, dtype=torch.int64), (2, 2))
    labels = torch.zeros(1, 2, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match="go together"):
        networks.annotation_loss(torch.rand(1, 4, 4), labels, (2, 2), occurrence=torch.zeros(1, 4))


def test_the_values_in_use_stand_in_settings_or_model() -> None:
    training = PublishedStage()
    assert (training.batch_size, training.learning_rate, training.epochs) == (32, 1e-5, 500)
    assert (training.stride, training.clip_norm, training.weight_decay) == (8, 0.5, 1e-4)
    assert (training.optimiser, training.lookahead_steps, training.lookahead_share) == ("radamw", 6, 0.5)
    assert (training.adversarial_every, training.penalty_weight, training.penalty_power) == (3, 2, 6)
    assert training.adversarial_from_epoch == 0, "the discriminator took part from the first step on"
    assert training.losses == PublishedLossWeights(
        regression=20,
        frame_to_frame=20,
        derivatives=20,
        derivative_orders=7,
        absolute=0.004,
        positions=0.004,
        distance=0.004,
        adversarial=2,
        kld=0.004,
        style=0.002,
        speaker=0.0002,
        hands=4,
    )
    for name in ("aqgt", "aqgt-a"):
        model = read_config(data_path("configs", "models", f"{name}.yaml"))
        assert (model.window, model.seed_frames, model.fps) == (34, 4, 15)
        assert (model.backbone.hidden, model.dropout) == (500, 0.1)
