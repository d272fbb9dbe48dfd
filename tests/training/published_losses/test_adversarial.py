# SPDX-License-Identifier: GPL-3.0-or-later
"""WGAN-div: known cases, numerical derivatives of the double backward, and the published discriminator."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from aqgt.models.config_published import SpeechDiscriminatorConfig
from aqgt.models.speech_discriminator import SpeechDiscriminator
from aqgt_training.published_losses.adversarial import (
    discriminator_loss,
    generator_score_loss,
    gradient_penalty,
)


def test_generator_wants_high_scores() -> None:
    assert float(generator_score_loss(torch.tensor([[0.5], [1.0], [-0.2]]))) == pytest.approx(-1.3 / 3)


def test_affine_discriminator_is_known_by_formula() -> None:
    torch.manual_seed(0)
    weight = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    real, fake = torch.randn(4, 5, 3, dtype=torch.float64), torch.randn(4, 5, 3, dtype=torch.float64)
    terms = discriminator_loss(lambda poses: (poses * weight).sum(dim=(1, 2))[:, None], real, fake)
    # Its gradient is the weight itself everywhere, so the penalty is 2/2 · 2 ‖w‖⁶ …
    length = weight.detach().norm()
    torch.testing.assert_close(terms.penalty, 2 * length**6)
    torch.testing.assert_close(terms.real, (real * weight).sum() / 4)
    torch.testing.assert_close(terms.total, terms.fake - terms.real + terms.penalty)
    # … whose derivative is 12 ‖w‖⁴ w.
    (gradient,) = torch.autograd.grad(terms.total, weight)
    wanted = 12 * length**4 * weight.detach() + fake.mean(dim=0) - real.mean(dim=0)
    torch.testing.assert_close(gradient, wanted)


def test_quadratic_discriminator_is_known_by_formula() -> None:
    torch.manual_seed(1)
    real, fake = torch.randn(3, 4, 2, dtype=torch.float64), torch.randn(3, 4, 2, dtype=torch.float64)
    slope = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    terms = discriminator_loss(
        lambda poses: 0.5 * slope * poses.square().sum(dim=(1, 2))[:, None], real, fake, weight=3, power=4
    )
    lengths = real.flatten(1).norm(dim=1) ** 4 + fake.flatten(1).norm(dim=1) ** 4
    wanted = 1.5 * 0.7**4 * lengths.mean()
    torch.testing.assert_close(terms.penalty, wanted)
    (gradient,) = torch.autograd.grad(terms.penalty, slope)
    torch.testing.assert_close(gradient, 4 * wanted / 0.7)


def test_a_flat_discriminator_has_no_penalty_and_finite_gradients() -> None:
    gradients = torch.zeros(2, 34, 159, requires_grad=True)
    penalty = gradient_penalty(gradients, gradients)
    penalty.backward()
    assert float(penalty.detach()) == 0.0
    assert gradients.grad is not None
    assert torch.isfinite(gradients.grad).all()


class _Judge(nn.Module):
    """A recurrent judge, as the published one: gradients pass through a GRU twice."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(3, 4, batch_first=True, bidirectional=True)
        self.score = nn.Sequential(nn.Mish(), nn.LayerNorm(8), nn.Linear(8, 1))

    def forward(self, poses: Tensor) -> Tensor:
        return self.score(self.gru(poses)[0]).mean(dim=1)


def test_double_backward_equals_numerical_derivatives() -> None:
    torch.manual_seed(0)
    judge = _Judge().double()
    real, fake = torch.randn(2, 4, 3, dtype=torch.float64), torch.randn(2, 4, 3, dtype=torch.float64)
    names = [name for name, _ in judge.named_parameters()]

    def total(*values: Tensor) -> Tensor:
        parameters = dict(zip(names, values, strict=True))
        return discriminator_loss(
            lambda poses: functional_call(judge, parameters, (poses,)), real, fake
        ).total

    values = tuple(value.detach().clone().requires_grad_() for value in judge.parameters())
    assert torch.autograd.gradcheck(total, values)
    # The penalty is really part of what was checked.
    terms = discriminator_loss(judge, real, fake)
    assert float(terms.penalty.detach()) > 1e-6


def test_nothing_reaches_the_generator() -> None:
    fake = torch.randn(2, 4, 3, requires_grad=True)
    discriminator_loss(_Judge(), torch.randn(2, 4, 3), fake).total.backward()
    assert fake.grad is None


def test_a_step_makes_the_published_discriminator_tell_them_apart() -> None:
    torch.manual_seed(0)
    config = SpeechDiscriminatorConfig(
        hidden=16, dropout=0.0, sentence_hidden=16, sentence_dropout=(0.0, 0.0)
    )
    judge = SpeechDiscriminator(config)
    real = 0.05 * torch.randn(4, config.frames, config.n_dimensions)
    fake = real + 0.05
    heard = [torch.randn(4, config.sentence_width), torch.randn(4, config.audio_codes_bottom)]
    heard.append(torch.randn(4, config.audio_codes_top))
    optimiser = torch.optim.Adam(judge.parameters(), lr=1e-3)
    totals = []
    for _ in range(8):
        terms = discriminator_loss(lambda poses: judge(poses, *heard), real, fake)
        optimiser.zero_grad()
        terms.total.backward()
        optimiser.step()
        totals.append(float(terms.total.detach()))
    assert totals[-1] < totals[0]
