# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses of the networks that are trained before the generator, and of the one that judges it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

UNKNOWN = -1
"""Label of a frame that nobody annotated."""


def autoencoder_loss(reconstruction: Tensor, target: Tensor) -> Tensor:
    """The gesture autoencoder's: L1, mean over T and C, **summed** over the batch. Both `[B, T, 159]`.

    There is no divergence term although the published latent is sampled.
    """
    return (reconstruction - target).abs().mean(dim=(1, 2)).sum()


def vq_loss(
    reconstruction: Tensor, target: Tensor, codebook_difference: Tensor, latent_weight: float = 0.25
) -> Tensor:
    """The sound VQ's: smooth L1 (β = 1) of the reconstruction plus 0.25 · distance from the codebooks.

    The published sound VQ hears an augmented copy and is compared with the clean sound; which of the two is
    ``target`` is the caller's business. How the published pose VQ was trained is not known.

    Args:
        reconstruction, target: `[B, 1, H, W]`.
        codebook_difference: what the quantisers report, any shape; its mean counts.
    """
    return functional.smooth_l1_loss(reconstruction, target) + latent_weight * codebook_difference.mean()


def annotation_loss(
    probabilities: Tensor,
    labels: Tensor,
    sizes: Sequence[int],
    occurrence: Tensor | None = None,
    occurrence_target: Tensor | None = None,
) -> Tensor:
    """The annotation network's: mean over 16 cross entropies and the occurrence's smooth L1, where given.

    The cross entropies take the network's softmax outputs as if they were scores, as published. Frames
    labelled `UNKNOWN` are left out; a channel without any labelled frame is left out of the mean. The
    published training's optional terms on unlabelled poses are not part of it.

    Args:
        probabilities: `[B, 4, sum(sizes)]`, channel after channel (`AnnotationNetwork.forward`).
        labels: `[B, len(sizes), 4]` int64, 0 … size − 1, or `UNKNOWN`.
        sizes: number of labels of each channel.
        occurrence, occurrence_target: `[B, 4]`, compared by smooth L1 with β = 0.1; both or neither.

    Raises:
        ValueError: the shapes don't fit ``sizes``, or one of the two occurrences is missing.
    """
    if probabilities.shape[-1] != sum(sizes) or labels.shape[1] != len(sizes):
        raise ValueError(
            f"{probabilities.shape[-1]} outputs and {labels.shape[1]} channels of labels don't fit"
            f" {len(sizes)} channels of {sum(sizes)} labels"
        )
    if (occurrence is None) != (occurrence_target is None):
        raise ValueError("occurrence and occurrence_target go together")
    losses = [
        functional.cross_entropy(channel.flatten(0, 1), labels[:, index].flatten(), ignore_index=UNKNOWN)
        for index, channel in enumerate(probabilities.split(list(sizes), dim=-1))
        if bool((labels[:, index] != UNKNOWN).any())
    ]
    if occurrence is not None and occurrence_target is not None:
        losses.append(functional.smooth_l1_loss(occurrence, occurrence_target, beta=0.1))
    return torch.stack(losses).mean() if losses else probabilities.sum() * 0.0
