# SPDX-License-Identifier: GPL-3.0-or-later
"""The generator's loss: every term by itself, and the weighted total."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from aqgt_training.losses import gaussian_divergence
from aqgt_training.published_losses import motion
from aqgt_training.published_losses.adversarial import generator_score_loss
from aqgt_training.published_losses.settings import PublishedLossWeights

_STYLE_FLOOR = -1000.0
_STYLE_EPSILON = 1e-5


@dataclass(frozen=True)
class Style:
    """A drawn style and its distribution.

    Attributes:
        drawn: `[B, Z]` the style, mean + noise · deviation.
        mean, log_variance: `[B, Z]` of its normal distribution.
    """

    drawn: Tensor
    mean: Tensor
    log_variance: Tensor


@dataclass(frozen=True)
class GeneratorTerms:
    """The terms of one step, all scalars.

    Attributes:
        raw: each term without weight.
        weighted: the summands of the total.
        total: their sum, to be minimised.
    """

    raw: dict[str, Tensor]
    weighted: dict[str, Tensor]
    total: Tensor


def style_reward(output: Tensor, other_output: Tensor, drawn: Tensor, other_drawn: Tensor) -> Tensor:
    """Rewards other motion under another style: more negative is better, and at best −1000.

    mean over the batch of max(−1000, −Σ_{T,C} smooth_l1(output, other) / (mean_Z |z − z'| + 1e-5)).

    Args:
        output: `[B, T, C]` motion of the true speakers.
        other_output: `[B, T, C]` motion of the same windows with permuted speakers; it gets no gradient.
        drawn, other_drawn: `[B, Z]` the styles of both.
    """
    apart = functional.smooth_l1_loss(output, other_output.detach(), beta=motion.BETA, reduction="none")
    styles_apart = (drawn - other_drawn).abs().mean(dim=1) + _STYLE_EPSILON
    return (-apart.sum(dim=(1, 2)) / styles_apart).clamp(min=_STYLE_FLOOR).mean()


def speaker_guess_loss(probabilities: Tensor, speakers: Tensor) -> Tensor:
    """Cross entropy of probabilities `[B, N]` against `[B]`, passed through a second softmax as if scores.

    The published network returns it as ``arc_loss``; it can't fall below log(1 + (N − 1) / e).
    """
    return functional.cross_entropy(probabilities, speakers)


def published_generator_loss(
    output: Tensor,
    target: Tensor,
    style: Style,
    speaker_loss: Tensor,
    *,
    other_output: Tensor,
    other_drawn: Tensor,
    fake_scores: Tensor | None = None,
    weights: PublishedLossWeights | None = None,
) -> GeneratorTerms:
    """All terms of a generator step.

    L = 20 (v1 + … + v7) + 0.004 (pose + position + bone + distance) + 20 (body + 4 (left + right))
    + 20 Δ + 0.004 KLD + 0.0002 speaker + 0.002 style [+ 2 · (−mean D(output))]

    Args:
        output, target: `[B, T, 159]` mean-subtracted bone vectors.
        style: the style under the true speakers.
        speaker_loss: `speaker_guess_loss` of this forward pass, a number.
        other_output, other_drawn: motion and style of a second pass with permuted speakers.
        fake_scores: `[B, 1]` the discriminator's scores of ``output``, or None in a step without it.
        weights: the published ones by default.
    """
    chosen = weights or PublishedLossWeights()
    parts = motion.body_and_hands(output, target)
    derived = motion.derivatives(output, target)
    rebuilt = motion.on_positions(output, target)
    raw = {
        **parts,
        **derived,
        **rebuilt,
        "body_and_hands": parts["body"] + chosen.hands * (parts["left_hand"] + parts["right_hand"]),
        "frame_to_frame": motion.frame_to_frame(output, target),
        "kld": gaussian_divergence(style.mean, style.log_variance),
        "speaker": speaker_loss,
        "style": style_reward(output, other_output, style.drawn, other_drawn),
    }
    weighted = {
        "derivatives": chosen.derivatives
        * sum(list(derived.values())[: chosen.derivative_orders], output.new_zeros(())),
        "body_and_hands": chosen.regression * raw["body_and_hands"],
        "frame_to_frame": chosen.frame_to_frame * raw["frame_to_frame"],
        "pose": chosen.absolute * rebuilt["pose"],
        "position": chosen.positions * rebuilt["position"],
        "bone": chosen.positions * rebuilt["bone"],
        "distance": chosen.distance * rebuilt["distance"],
        "kld": chosen.kld * raw["kld"],
        "speaker": chosen.speaker * raw["speaker"],
        "style": chosen.style * raw["style"],
    }
    if fake_scores is not None:
        raw["adversarial"] = generator_score_loss(fake_scores)
        weighted["adversarial"] = chosen.adversarial * raw["adversarial"]
    return GeneratorTerms(raw, weighted, sum(weighted.values(), output.new_zeros(())))
