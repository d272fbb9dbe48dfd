# SPDX-License-Identifier: GPL-3.0-or-later
"""The adversarial game as WGAN-div (J. Wu et al., "Wasserstein Divergence for GANs", ECCV 2018)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class DiscriminatorTerms:
    """The terms of one discriminator step, all scalars.

    Attributes:
        real, fake: mean scores of recorded and generated motion.
        penalty: the gradient penalty, its weight included.
        total: −real + fake + penalty, to be minimised.
    """

    real: Tensor
    fake: Tensor
    penalty: Tensor
    total: Tensor


def generator_score_loss(fake_scores: Tensor) -> Tensor:
    """The generator's side: −mean of the scores `[B, 1]` of what it made."""
    return -fake_scores.mean()


def gradient_penalty(
    real_gradients: Tensor, fake_gradients: Tensor, weight: float = 2.0, power: float = 6.0
) -> Tensor:
    """k/2 · mean over the batch of ‖g_real‖^p + ‖g_fake‖^p, with the norm of a whole window's gradient.

    Args:
        real_gradients, fake_gradients: `[B, ...]` gradients of each window's score by its own poses.
        weight: k.
        power: p.
    """

    def norms(gradients: Tensor) -> Tensor:
        # The power of the squared norm: the root itself has no derivative where a gradient vanishes.
        return gradients.flatten(1).square().sum(dim=1) ** (power / 2)

    return weight / 2 * (norms(real_gradients) + norms(fake_gradients)).mean()


def discriminator_loss(
    score: Score, real: Tensor, fake: Tensor, *, weight: float = 2.0, power: float = 6.0
) -> DiscriminatorTerms:
    """The discriminator's step: −mean D(real) + mean D(fake) + `gradient_penalty`.

    Gradients are taken at the real and at the generated windows themselves, not at points between them. Their
    own gradients reach the discriminator's weights (double backward). Nothing reaches the generator: the
    published training froze it in this step, here ``fake`` is cut off.

    Args:
        score: the discriminator with all but the poses filled in: `[B, T, C]` → `[B, 1]`. Where it mixes the
            windows of a batch (batch norm), a window's gradient is that of all scores, as published.
        real, fake: `[B, T, C]` recorded and generated motion.
        weight, power: k and p of the penalty.
    """
    real = real.detach().requires_grad_()
    fake = fake.detach().requires_grad_()
    # cuDNN's recurrent layers have no second derivative; torch's own have.
    with torch.backends.cudnn.flags(enabled=False):
        real_scores, fake_scores = score(real), score(fake)
        penalty = gradient_penalty(_gradient(real_scores, real), _gradient(fake_scores, fake), weight, power)
    real_mean, fake_mean = real_scores.mean(), fake_scores.mean()
    return DiscriminatorTerms(real_mean, fake_mean, penalty, fake_mean - real_mean + penalty)


def _gradient(scores: Tensor, at: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scores.sum(), at, create_graph=True)
    return gradient
