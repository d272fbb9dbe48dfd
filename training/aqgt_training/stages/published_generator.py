# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of a published generator (AQ-GT, AQ-GT-A) against its discriminator, as WGAN-div.

Batches alternate between the two. The pose VQ and the annotation network are frozen for good: in the released
code their codebooks kept moving and their dropouts were active, because a call of `train` reached them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from aqgt.models.config import ModelConfig
from aqgt.models.config_published import SpeechDiscriminatorConfig
from aqgt.models.generator import GestureGenerator
from aqgt.models.published_encoders import PublishedEncoders
from aqgt.models.speech_discriminator import SpeechDiscriminator
from aqgt_training.published_losses import motion
from aqgt_training.published_losses.adversarial import discriminator_loss
from aqgt_training.published_losses.generator import Style, published_generator_loss
from aqgt_training.stages.addressing import addressed
from aqgt_training.stages.config import GrowingDropout, PublishedStage
from aqgt_training.stages.core.feed import Batch, Position
from aqgt_training.stages.core.players import Player, freeze, own_noise
from aqgt_training.stages.gesture_distance import GestureDistance
from aqgt_training.stages.gesture_task import GestureTask
from aqgt_training.stages.samples import Samples


class PublishedGeneratorTask(GestureTask):
    """Generator and discriminator of the published models.

    Args:
        generator: its pose VQ and annotation network hold the weights that stay.
        settings: of the stage.
        fabric: devices and precision.
        distance, samples, first_speaker: as of `stages.generator.GeneratorTask`.
    """

    name = "generator"

    def __init__(
        self,
        generator: GestureGenerator,
        settings: PublishedStage,
        fabric: Fabric,
        *,
        distance: GestureDistance | None = None,
        samples: Samples | None = None,
        first_speaker: int = 0,
    ) -> None:
        self.generator, self.settings, self.fabric = generator, settings, fabric
        self.distance, self.samples, self.first_speaker = distance, samples, first_speaker
        self.noise = own_noise(settings.seed, fabric)
        freeze(generator.pose_vq)
        encoders = generator.encoders
        assert isinstance(encoders, PublishedEncoders)
        freeze(encoders.seed_annotations.network)
        self.players = {"main": Player(generator, settings, fabric)}
        if settings.adversarial:
            widths = discriminator_widths(settings.discriminator, generator.config)
            self.players["discriminator"] = Player(SpeechDiscriminator(widths), settings, fabric)

    def begin_epoch(self, epoch: int) -> None:
        """Lets the dropout grow."""
        if self.settings.dropout is not None:
            grow_dropout(self.generator, self.settings.dropout, epoch)

    def step(self, batch: Batch, position: Position, share_done: float) -> dict[str, float]:
        """The generator's turn or the discriminator's."""
        batch = addressed(batch, self.generator.config, self.first_speaker)
        if "discriminator" not in self.players:
            return self._generator_step(batch, position.epoch, position.step)
        if position.step % 2:
            return self._discriminator_step(batch)
        return self._generator_step(batch, position.epoch, position.step // 2)

    def _generator_step(self, batch: Batch, epoch: int, turn: int) -> dict[str, float]:
        settings = self.settings
        order = torch.randperm(len(batch["speaker"]), generator=self.noise).to(batch["speaker"].device)
        with self.fabric.autocast():
            made = self.generator(batch)
            other = self.generator({**batch, "speaker": batch["speaker"][order]})
        poses = made.bone_vectors.float()
        discriminator = self.players.get("discriminator")
        scores = None
        judged = epoch >= settings.adversarial_from_epoch and turn % settings.adversarial_every == 0
        if discriminator is not None and judged:
            with discriminator.alone():
                scores = self._score(discriminator.network, batch, poses)
        terms = published_generator_loss(
            poses,
            batch["target"],
            Style(made.style.float(), made.mu.float(), made.logvar.float()),
            made.guess.loss.float(),
            other_output=other.bone_vectors.float(),
            other_drawn=other.style.float(),
            fake_scores=scores,
            weights=settings.losses,
        )
        self.main.learn(terms.total)
        report = {name: float(value.detach()) for name, value in terms.raw.items()}
        return {**report, "total": float(terms.total.detach())}

    def _discriminator_step(self, batch: Batch) -> dict[str, float]:
        player = self.players["discriminator"]
        with torch.no_grad(), self.fabric.autocast():
            made = self.generator(batch).bone_vectors.float()
        terms = discriminator_loss(
            lambda poses: self._score(player.network, batch, poses),
            batch["target"],
            made,
            weight=self.settings.penalty_weight,
            power=self.settings.penalty_power,
        )
        player.learn(terms.total)
        loss = float(terms.total.detach())
        return {
            "discriminator": loss,
            "real": float(terms.real.detach()),
            "fake": float(terms.fake.detach()),
        }

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """L1 (``total``), mean error of joints after the seed, the seven derivatives; speakers are drawn."""
        batch = addressed(batch, self.generator.config, self.first_speaker)
        count = self.generator.config.speaker.count
        drawn = torch.randint(count, batch["speaker"].shape, device=batch["speaker"].device)
        with self.fabric.autocast():
            made = self.generator({**batch, "speaker": drawn}).bone_vectors
        made, target = made.float(), batch["target"]
        self.compare(made, target)
        joints = (motion.positions(made) - motion.positions(target)).abs()
        return {
            "total": (made - target).abs().mean(),
            "joint_error": joints[:, self.generator.config.seed_frames :].mean(),
            **motion.derivatives(made, target),
        }

    def _score(self, discriminator: nn.Module, batch: Batch, poses: Tensor) -> Tensor:
        # In single precision throughout: the penalty takes the sixth power of a gradient.
        learned = self.generator.config.annotation.learned
        return discriminator(
            poses,
            batch["sentence"],
            batch["audio_bottom"],
            batch["audio_top"],
            batch["annotations"] if learned else None,
        )


def discriminator_widths(config: SpeechDiscriminatorConfig, model: ModelConfig) -> SpeechDiscriminatorConfig:
    """The discriminator's config with the model's own inputs."""
    published = model.published
    assert published is not None
    return config.model_copy(
        update={
            "frames": model.window,
            "audio_codes_bottom": published.audio_codes_bottom,
            "audio_codes_top": published.audio_codes_top,
            "sentence_width": published.sentence_width,
        }
    )


def grow_dropout(network: nn.Module, growth: GrowingDropout, epoch: int) -> None:
    """Sets every dropout of a network to its value in an epoch: 0 at first, a step more every few epochs."""
    rate = min(growth.most, growth.step * (epoch // growth.every_epochs))
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate
        elif isinstance(module, nn.MultiheadAttention) or (
            isinstance(module, nn.GRU) and module.num_layers > 1
        ):
            module.dropout = rate
