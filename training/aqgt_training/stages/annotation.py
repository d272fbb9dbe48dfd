# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotation network: what the codes of four frames of motion tell about their annotations.

Frames without annotations may take part by self-training as in FixMatch (Sohn et al., NeurIPS 2020): what the
network is sure of under weak noise it has to say under strong noise as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from aqgt.annotations import CHANNELS
from aqgt.models.annotation_network import AnnotationNetwork
from aqgt.models.config import read_config
from aqgt.models.config_published import AnnotationNetworkConfig
from aqgt.settings import Settings, check_settings
from aqgt_training.published_losses.networks import UNKNOWN, annotation_loss
from aqgt_training.stages.core.feed import Batch, Position
from aqgt_training.stages.core.network_files import load_network, save_network
from aqgt_training.stages.core.players import Player, freeze, own_noise
from aqgt_training.stages.core.settings import StageSettings
from aqgt_training.stages.core.task import Task
from aqgt_training.stages.data import Cut, Windows, motion_windows
from aqgt_training.stages.pose_vq import TrainedPoseVq, codes_of, load_pose_vq

KIND = "annotation"
LABELLED = [channel.index for channel in CHANNELS if channel.key != "occurrence"]
"""Channels of labels; the one that holds a number has a head of its own."""
OCCURRENCE = next(channel.index for channel in CHANNELS if channel.key == "occurrence")


class SelfTraining(Settings):
    """How frames without annotations take part."""

    weight: float = Field(0.05, ge=0)
    """Of its loss; 0: they don't."""
    threshold: float = Field(0.998, gt=0, lt=1)
    """Probability from which on the network counts as sure of a frame's label."""
    weak_noise: float = Field(1 / 75, ge=0)
    """Standard deviation of the noise on the poses the network judges, in units of the normalised pose."""
    strong_noise: float = Field(3 / 75, ge=0)
    """Of the noise on the poses it has to judge alike."""
    dropout: float = Field(0.3, ge=0, lt=1)
    """On the embedded codes of the latter."""


class AnnotationStage(StageSettings):
    """How the annotation network is trained."""

    stride: int = Field(2, ge=1)
    noisy: float = Field(0.5, ge=0, le=1)
    """Share of the batches whose poses get noise."""
    noise: float = Field(1 / 75, ge=0)
    """Its standard deviation, in units of the normalised pose."""
    self_training: SelfTraining = SelfTraining()
    network: AnnotationNetworkConfig = AnnotationNetworkConfig()


class AnnotationTask(Task):
    """Labels of four frames from the codes that a frozen pose VQ gives them."""

    name = KIND

    def __init__(self, settings: AnnotationStage, vq: TrainedPoseVq, fabric: Fabric) -> None:
        self.settings, self.fabric = settings, fabric
        self.noise = own_noise(settings.seed, fabric)
        self.head = fabric.to_device(freeze(vq.head))
        self.players = {"main": Player(AnnotationNetwork(settings.network), settings, fabric)}

    @property
    def network(self) -> AnnotationNetwork:
        """The network that learns."""
        network = self.main.network
        assert isinstance(network, AnnotationNetwork)
        return network

    def step(self, batch: Batch, position: Position, share_done: float) -> dict[str, float]:
        """Labelled frames by cross entropy, the others by self-training."""
        blocks = self._blocks(batch)
        noisy = float(torch.rand((), generator=self.noise)) < self.settings.noisy
        loss = self._loss(self._with_noise(blocks, self.settings.noise) if noisy else blocks, batch)
        terms = {"labels": float(loss.detach())}
        if self.settings.self_training.weight:
            own = self._self_training(blocks, self._labels(batch))
            terms["self_training"] = float(own.detach())
            loss = loss + self.settings.self_training.weight * own
        self.main.learn(loss)
        return {**terms, "total": float(loss.detach())}

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """The loss on labelled frames, and the share of them that get the right label."""
        blocks, labels = self._blocks(batch), self._labels(batch)
        found = self._per_frame(self.network(codes_of(self.head, blocks)))
        best = torch.stack([channel.argmax(dim=-1) for channel in found], dim=1)
        known = labels != UNKNOWN
        right = (best == labels)[known].float().mean() if bool(known.any()) else blocks.new_zeros(())
        return {"total": self._loss(blocks, batch), "right": right}

    def export(self, state: Mapping[str, Tensor], folder: Path) -> None:
        """The network for `load_annotation_network`."""
        save_network(folder, KIND, self.settings.network.model_dump(mode="json"), state)

    def _blocks(self, batch: Batch) -> Tensor:
        return batch["target"][:, : self.settings.network.frames]

    def _with_noise(self, blocks: Tensor, deviation: float) -> Tensor:
        return blocks + deviation * torch.randn(blocks.shape, generator=self.noise).to(blocks.device)

    def _labels(self, batch: Batch) -> Tensor:
        """Labels `[B, 16, frames]`, -1 for unknown."""
        labels = batch["annotations"][:, LABELLED, : self.settings.network.frames].long()
        sizes = torch.tensor(self.settings.network.labels, device=labels.device)[None, :, None]
        return labels.where(labels < sizes, UNKNOWN)

    def _loss(self, blocks: Tensor, batch: Batch) -> Tensor:
        network, frames = self.network, self.settings.network.frames
        encoded = network.encode(codes_of(self.head, blocks))
        occurrence = batch["annotations"][:, OCCURRENCE, :frames]
        known = (occurrence >= 0).all(dim=1)
        told = bool(known.any())
        return annotation_loss(
            network.predict(encoded),
            self._labels(batch),
            self.settings.network.labels,
            network.occurrence(encoded)[known] if told else None,
            occurrence[known] if told else None,
        )

    def _self_training(self, blocks: Tensor, labels: Tensor) -> Tensor:
        own, network = self.settings.self_training, self.network
        with torch.no_grad():
            network.eval()
            weak = self._per_frame(network(codes_of(self.head, self._with_noise(blocks, own.weak_noise))))
            network.train()
        embedded = network.embedding(codes_of(self.head, self._with_noise(blocks, own.strong_noise)))
        strong = self._per_frame(
            network.predict(network.norm(network.activation(network.gru(F.dropout(embedded, own.dropout)))))
        )
        total, count = blocks.new_zeros(()), 0
        for index, (judged, other) in enumerate(zip(weak, strong, strict=True)):
            surest, label = judged.max(dim=-1)
            taken = (labels[:, index] == UNKNOWN) & (surest >= own.threshold)
            if bool(taken.any()):
                total = total - other[taken].gather(1, label[taken, None]).clamp(min=1e-8).log().mean()
                count += 1
        return total / max(1, count)

    def _per_frame(self, probabilities: Tensor) -> list[Tensor]:
        """Probabilities `[B, frames, K]` of each channel that add up to 1 in each frame.

        The published softmax runs over all frames together, so that no frame by itself could be sure.
        """
        parts = probabilities.split(list(self.settings.network.labels), dim=-1)
        return [part / part.sum(dim=-1, keepdim=True).clamp(min=1e-12) for part in parts]


def build(settings: AnnotationStage, fabric: Fabric) -> tuple[AnnotationTask, Windows]:
    """The task and its blocks of four frames."""
    vq = load_pose_vq(settings.inputs.needed("pose_vq"))
    model = None if settings.inputs.model is None else read_config(settings.inputs.model)
    published = None if model is None else model.published
    if published is not None:
        settings = settings.model_copy(update={"network": published.annotation_network})
    frames = settings.network.frames
    cut = Cut(frames, settings.stride, settings.batch_size, frames, keep_root=published is not None)
    windows = motion_windows(settings.inputs, cut, lambda _: vq.statistics)
    torch.manual_seed(settings.seed)
    return AnnotationTask(settings, vq, fabric), windows


@dataclass(frozen=True)
class TrainedAnnotationNetwork:
    """An annotation network with its config."""

    network: AnnotationNetwork
    config: AnnotationNetworkConfig
    sha256: str


def load_annotation_network(folder: Path) -> TrainedAnnotationNetwork:
    """The network in the output folder of the stage.

    Raises:
        AqgtError: the folder holds none.
    """
    raw, state, digest = load_network(folder, KIND)
    config = check_settings(raw, AnnotationNetworkConfig, str(folder))
    network = AnnotationNetwork(config)
    network.load_state_dict(state)
    return TrainedAnnotationNetwork(network, config, digest)
