# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the gesture generator: reconstruction first, a hinge discriminator for the last part.

One readable loop. It is restartable (checkpoints hold weights, optimisers, averages and counters), runs on
one core or many devices (Lightning Fabric), and ends by itself after a number of steps or minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from aqgt.errors import AqgtError
from aqgt_training.corpora.windows import WindowSampler
from aqgt_training.losses import (
    GeneratorLoss,
    gaussian_divergence,
    hinge_discriminator_loss,
    hinge_generator_loss,
)
from aqgt_training.stages.config import GeneratorStage


@dataclass
class Counters:
    """Where a training stands; saved with each checkpoint."""

    step: int = 0
    seconds: float = 0.0
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def share_done(self, stage: GeneratorStage) -> float:
        """How much of the training is over, 0 to 1, by steps or time, whichever is further."""
        return min(1.0, max(self.step / stage.max_steps, self.seconds / (60 * stage.minutes)))


class _Forward(nn.Module):
    """The generator with a plain tuple as output, which Fabric's precision wrapper can look into."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        output = self.generator(batch)
        return output.bone_vectors, output.mu, output.logvar


class GeneratorTraining:
    """Everything one generator training holds.

    Args:
        generator: the network to train; its normalisation must be set.
        discriminator: scores windows of pose and annotation, or None for a training without it.
        sampler: training windows; ``validation``: held-out windows.
        stage: the settings.
        folder: where checkpoints and the log go.
        fabric: devices and precision.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module | None,
        sampler: WindowSampler,
        validation: WindowSampler,
        loss: GeneratorLoss,
        stage: GeneratorStage,
        folder: Path,
        fabric: Fabric,
    ) -> None:
        self.stage, self.folder, self.fabric = stage, folder, fabric
        self.sampler, self.validation = sampler, validation
        self.loss = fabric.to_device(loss)
        self.counters = Counters()
        self.noise = torch.Generator().manual_seed(stage.seed + fabric.global_rank)
        optimiser = torch.optim.AdamW(
            generator.parameters(), lr=stage.learning_rate, weight_decay=stage.weight_decay, betas=(0.9, 0.98)
        )
        self.average = {name: value.detach().clone() for name, value in generator.state_dict().items()}
        self.generator = generator
        self.forward, self.optimiser = fabric.setup(_Forward(generator), optimiser)
        self.discriminator: Any = None
        if discriminator is not None and stage.adversarial_from < 1:
            self.discriminator, self.discriminator_optimiser = fabric.setup(
                discriminator,
                torch.optim.AdamW(
                    discriminator.parameters(), lr=stage.discriminator_learning_rate, betas=(0.5, 0.98)
                ),
            )

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "checkpoint.pt"

    def run(self) -> Counters:
        """Train until the steps or minutes are used up; continues from a checkpoint in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self._load()
        last_saved = time.monotonic()
        terms: dict[str, float] | None = None
        with _progress_bar(hidden=not self.fabric.is_global_zero) as bar:
            task = bar.add_task("training", total=1.0, loss="")
            for batch in self._batches():
                began = time.monotonic()
                terms = self._step(batch)
                self.counters.step += 1
                # All devices must end at the same step, so one clock counts.
                self.counters.seconds = self.fabric.broadcast(
                    self.counters.seconds + time.monotonic() - began
                )
                bar.update(
                    task,
                    completed=self.counters.share_done(self.stage),
                    loss=f"step {self.counters.step} loss {terms['total']:.3f}",
                )
                if self.counters.step % self.stage.validate_every == 0:
                    self._log(terms)
                if time.monotonic() - last_saved > 60 * self.stage.checkpoint_minutes:
                    self._save()
                    last_saved = time.monotonic()
                if self.counters.share_done(self.stage) >= 1:
                    break
        if terms is not None:  # else the checkpoint was that of a finished training
            self._log(terms)
            self._save()
        return self.counters

    def averaged_state(self) -> dict[str, Tensor]:
        """The moving average of the generator's weights: what is exported."""
        return self.average

    def _batches(self) -> Iterator[dict[str, Tensor]]:
        while self.counters.share_done(self.stage) < 1:
            seed = hash((self.stage.seed, self.counters.epoch)) % 2**32
            empty = True
            rank, devices = self.fabric.global_rank, self.fabric.world_size
            for batch in self.sampler.epoch(seed, part=rank, parts=devices):
                empty = False
                yield batch
            if empty:
                raise AqgtError(
                    f"The corpus holds fewer than {self.stage.batch_size} windows, the batch size.",
                    "Use more clips or a smaller batch_size.",
                    "small-corpus",
                )
            self.counters.epoch += 1

    def _step(self, batch: dict[str, Tensor]) -> dict[str, float]:
        batch = self._prepared(batch)
        self._set_learning_rate()
        self.generator.train()
        output, mean, log_variance = self.forward(batch)
        terms = self.loss(output, batch["target"])
        total = terms["total"]
        divergence = gaussian_divergence(mean, log_variance)
        total = total + self.stage.losses.style_divergence * divergence
        adversarial = self._adversarial_now()
        if adversarial:
            score = self.discriminator(output, batch["annotations"])
            total = total + self.stage.losses.adversarial * hinge_generator_loss(score)
        self.optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(total)
        self.fabric.clip_gradients(self.forward, self.optimiser, max_norm=self.stage.clip_norm)
        self.optimiser.step()
        self._update_average()
        report = {name: float(value.detach()) for name, value in terms.items()}
        if adversarial:
            report["discriminator"] = self._discriminator_step(batch, output.detach())
        return report

    def _discriminator_step(self, batch: dict[str, Tensor], fake: Tensor) -> float:
        loss = hinge_discriminator_loss(
            self.discriminator(batch["target"], batch["annotations"]),
            self.discriminator(fake, batch["annotations"]),
        )
        self.discriminator_optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.discriminator_optimiser.step()
        return float(loss.detach())

    def _adversarial_now(self) -> bool:
        return (
            self.discriminator is not None
            and self.counters.share_done(self.stage) >= self.stage.adversarial_from
        )

    def _prepared(self, batch: dict[str, Tensor], *, disturb: bool = True) -> dict[str, Tensor]:
        batch = dict(batch)
        if disturb:
            batch["annotations"] = self.stage.annotation_dropout(batch["annotations"], self.noise)
            seed = batch["seed"].clone()
            poses = seed[:, : self.sampler.seed_frames, :-1]
            poses += self.stage.seed_noise * torch.randn(poses.shape, generator=self.noise)
            seed[torch.rand(len(seed), generator=self.noise) < self.stage.no_seed] = 0.0
            batch["seed"] = seed
        return {name: self.fabric.to_device(value) for name, value in batch.items()}

    def _set_learning_rate(self) -> None:
        warm = min(1.0, (self.counters.step + 1) / self.stage.warmup_steps)
        rate = self.stage.learning_rate * warm * max(0.02, 1 - self.counters.share_done(self.stage))
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def _update_average(self) -> None:
        # A young average forgets its random start quickly.
        decay = min(self.stage.ema_decay, (1 + self.counters.step) / (10 + self.counters.step))
        with torch.no_grad():
            for name, value in self.generator.state_dict().items():
                kept = self.average[name] = self.average[name].to(value.device)
                if value.is_floating_point():
                    kept.lerp_(value.detach(), 1 - decay)
                else:
                    kept.copy_(value)

    @torch.no_grad()
    def validate(self, batches: int = 20) -> dict[str, float]:
        """Mean loss terms of the averaged weights on held-out windows, fully annotated."""
        module = self.generator
        current = {name: value.detach().clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self.average)
        module.eval()
        sums: dict[str, float] = {}
        count = 0
        for batch in self.validation.epoch(0, shuffle=False):
            prepared = self._prepared(batch, disturb=False)
            terms = self.loss(self.forward(prepared)[0], prepared["target"])
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + float(value)
            count += 1
            if count == batches:
                break
        module.load_state_dict(current)
        return {name: value / max(1, count) for name, value in sums.items()}

    def _log(self, terms: dict[str, float]) -> None:
        held_out = {f"val_{name}": value for name, value in self.validate().items()}
        row = {"step": self.counters.step, "seconds": self.counters.seconds, **terms, **held_out}
        self.counters.history.append(row)
        if self.fabric.is_global_zero:
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(row) + "\n")

    def _save(self) -> None:
        if not self.fabric.is_global_zero:
            return
        state = {
            "generator": self.generator.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "counters": vars(self.counters),
            "noise": self.noise.get_state(),
        }
        if self.discriminator is not None:
            state["discriminator"] = self.discriminator.module.state_dict()
            state["discriminator_optimiser"] = self.discriminator_optimiser.state_dict()
        unfinished = self.checkpoint.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self.checkpoint)

    def _load(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.fabric.device, weights_only=True)
        self.generator.load_state_dict(state["generator"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.counters = Counters(**state["counters"])
        self.noise.set_state(state["noise"].cpu())
        if self.discriminator is not None and "discriminator" in state:
            self.discriminator.module.load_state_dict(state["discriminator"])
            self.discriminator_optimiser.load_state_dict(state["discriminator_optimiser"])


def _progress_bar(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
        disable=hidden,
    )
