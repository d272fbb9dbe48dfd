# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of a fresh gesture generator: reconstruction first, a hinge discriminator for the last part."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor

from aqgt.models.discriminator import Discriminator
from aqgt.models.generator import GestureGenerator
from aqgt_training.losses import (
    GeneratorLoss,
    gaussian_divergence,
    hinge_discriminator_loss,
    hinge_generator_loss,
)
from aqgt_training.stages.addressing import addressed
from aqgt_training.stages.config import GeneratorStage
from aqgt_training.stages.core.feed import Batch, Position
from aqgt_training.stages.core.players import Player, own_noise
from aqgt_training.stages.gesture_distance import GestureDistance
from aqgt_training.stages.gesture_task import GestureTask
from aqgt_training.stages.samples import Samples


class GeneratorTask(GestureTask):
    """A generator and, for the last part, a discriminator.

    Args:
        generator: the network to train; its normalisation must be set.
        settings: of the stage.
        fabric: devices and precision.
        distance: measures the FGD in validations; None: the loss alone decides which weights are the best.
        samples: makes videos; None: none are made.
        first_speaker: number of the model's speaker that the corpus' first one is.
    """

    name = "generator"

    def __init__(
        self,
        generator: GestureGenerator,
        settings: GeneratorStage,
        fabric: Fabric,
        *,
        distance: GestureDistance | None = None,
        samples: Samples | None = None,
        first_speaker: int = 0,
    ) -> None:
        self.generator, self.settings, self.fabric = generator, settings, fabric
        self.distance, self.samples, self.first_speaker = distance, samples, first_speaker
        self.noise = own_noise(settings.seed, fabric)
        self.players = {"main": Player(generator, settings, fabric)}
        if settings.adversarial_from < 1:
            self.players["discriminator"] = Player(
                Discriminator(generator.config),
                settings,
                fabric,
                learning_rate=settings.discriminator_learning_rate,
                betas=(0.5, 0.98),
                weight_decay=0.01,
                scheduled=False,
                clipped=False,
            )
        loss = GeneratorLoss(generator.pose_mean, generator.pose_std, settings.losses)
        self.loss = fabric.to_device(loss)

    def step(self, batch: Batch, position: Position, share_done: float) -> dict[str, float]:
        """The generator's step, and the discriminator's once it has joined."""
        batch = self._disturbed(addressed(batch, self.generator.config, self.first_speaker))
        discriminator = self.players.get("discriminator")
        if share_done < self.settings.adversarial_from:
            discriminator = None
        with self.fabric.autocast():
            made = self.generator(batch)
        poses = made.bone_vectors.float()
        terms = self.loss(poses, batch["target"])
        weights = self.settings.losses
        divergence = gaussian_divergence(made.mu.float(), made.logvar.float())
        total = terms["total"] + weights.style_divergence * divergence
        if discriminator is not None:
            with discriminator.alone():
                total = total + weights.adversarial * hinge_generator_loss(
                    self._score(discriminator, poses, batch)
                )
        self.main.learn(total)
        report = {name: float(value.detach()) for name, value in terms.items()}
        if discriminator is not None:
            loss = hinge_discriminator_loss(
                self._score(discriminator, batch["target"], batch),
                self._score(discriminator, poses.detach(), batch),
            )
            discriminator.learn(loss)
            report["discriminator"] = float(loss.detach())
        return report

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Reconstruction, fully annotated."""
        batch = addressed(batch, self.generator.config, self.first_speaker)
        with self.fabric.autocast():
            made = self.generator(batch).bone_vectors
        made = made.float()
        self.compare(made, batch["target"])
        return self.loss(made, batch["target"])

    def _score(self, discriminator: Player, poses: Tensor, batch: Batch) -> Tensor:
        with self.fabric.autocast():
            return discriminator.network(poses, batch["annotations"]).float()

    def _disturbed(self, batch: Batch) -> Batch:
        """What a user may leave out is left out here and there, and seed frames get noise."""
        settings, frames = self.settings, self.generator.config.seed_frames
        seed = batch["seed"].clone()
        annotations = settings.annotation_dropout(batch["annotations"], self.noise)
        noise = torch.randn(seed[:, :frames, :-1].shape, generator=self.noise)
        seed[:, :frames, :-1] += settings.seed_noise * noise.to(seed.device)
        without = torch.rand(len(seed), generator=self.noise) < settings.no_seed
        seed[without.to(seed.device)] = 0.0
        batch = {**batch, "annotations": annotations, "seed": seed}
        if "forms" in batch:  # last, so that a training without forms draws the numbers it always drew
            batch["forms"] = settings.annotation_dropout.of_forms(batch["forms"], annotations, self.noise)
        return batch
