# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose VQ: short blocks of poses as codes. The generator decodes through it once it is frozen.

As published (AQ-GT, section 4.1) it may also be the generator of a WGAN-div; how the released one was trained
is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from pydantic import Field
from torch import Tensor, nn

from aqgt.models.config import PoseHeadConfig, read_config
from aqgt.models.pose_head import VqPoseHead
from aqgt.models.vq import BLOCK_FRAMES
from aqgt.settings import check_settings
from aqgt_training.published_losses.networks import vq_loss
from aqgt_training.stages.core.feed import Batch, Position
from aqgt_training.stages.core.network_files import load_network, save_network
from aqgt_training.stages.core.players import Player, own_noise
from aqgt_training.stages.core.settings import StageSettings
from aqgt_training.stages.core.task import Task
from aqgt_training.stages.critic import CriticTurns, PictureCritic
from aqgt_training.stages.data import Cut, Statistics, Windows, motion_windows
from aqgt_training.stages.quantisers import over_all_devices, used_codes

KIND = "pose-vq"
_STATISTICS = ("pose_mean", "pose_std", "rest_pose")


class PoseVqStage(StageSettings):
    """How the pose VQ is trained. Its widths are those of the model's ``pose_head``."""

    stride: int = Field(1, ge=1)
    """Frames between block starts."""
    std_floor: float = Field(0.002, gt=0)
    """Least standard deviation of a coordinate; not for published models, whose poses are not scaled."""
    latent_weight: float = Field(0.25, ge=0)
    """Of the distance from the codebooks (commitment)."""
    adversarial: float = Field(0.0, ge=0)
    """Weight of a critic's score; 0: there is none."""
    network: PoseHeadConfig | None = None
    """Widths by themselves, where no model's config is given."""


class PoseVqTask(Task):
    """Rebuilds blocks of four frames through the codebooks.

    Args:
        head: widths, with ``kind`` vq or mlp_vq.
        statistics: by which its poses are normalised; they go into its file, so that the generator's are the
            same.
    """

    name = KIND

    def __init__(
        self, settings: PoseVqStage, head: PoseHeadConfig, statistics: Statistics, fabric: Fabric
    ) -> None:
        self.settings, self.head, self.statistics, self.fabric = settings, head, statistics, fabric
        self.noise = own_noise(settings.seed, fabric)
        network = over_all_devices(VqPoseHead(head))
        self.players = {"main": Player(network, settings, fabric)}
        if settings.adversarial:
            self.players["critic"] = Player(PictureCritic(), settings, fabric)

    def step(self, batch: Batch, position: Position, share_done: float) -> dict[str, float]:
        """One block of frames per window; with a critic both learn."""
        blocks = batch["target"][:, :BLOCK_FRAMES]
        with self.fabric.autocast():
            rebuilt, codes = self.main.network.reconstruct(blocks)  # type: ignore[operator]
        rebuilt = rebuilt.float()
        loss = vq_loss(rebuilt, blocks, codes.float(), self.settings.latent_weight)
        terms = {"total": float(loss.detach()), "codes": float(codes.detach())}
        critic = self.players.get("critic")
        if critic is not None:
            turns = CriticTurns(critic, self.settings.adversarial)
            loss = loss + turns.reward(rebuilt.unsqueeze(1))
        self.main.learn(loss)
        if critic is not None:
            terms |= turns.learn(blocks.unsqueeze(1), rebuilt.detach().unsqueeze(1))
        return terms

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """The same without the critic, and the mean error of a coordinate."""
        blocks = batch["target"][:, :BLOCK_FRAMES]
        rebuilt, codes = self.main.network.reconstruct(blocks)  # type: ignore[operator]
        return {
            "total": vq_loss(rebuilt.float(), blocks, codes.float(), self.settings.latent_weight),
            "error": (rebuilt - blocks).abs().mean(),
        }

    def judgement(self) -> dict[str, float]:
        """How many codes are in use."""
        return used_codes(self.main.network)

    def export(self, state: Mapping[str, Tensor], folder: Path) -> None:
        """The network and its statistics for `load_pose_vq`."""
        values = (self.statistics.mean, self.statistics.std, self.statistics.rest)
        stored = {name: torch.from_numpy(x) for name, x in zip(_STATISTICS, values, strict=True)}
        save_network(folder, KIND, self.head.model_dump(mode="json"), {**state, **stored})


def build(settings: PoseVqStage, fabric: Fabric) -> tuple[PoseVqTask, Windows]:
    """The task and its blocks of four frames."""
    model = None if settings.inputs.model is None else read_config(settings.inputs.model)
    head = settings.network or (PoseHeadConfig(kind="vq") if model is None else model.pose_head)
    published = model is not None and model.published is not None
    cut = Cut(BLOCK_FRAMES, settings.stride, settings.batch_size, BLOCK_FRAMES, keep_root=published)
    windows = motion_windows(
        settings.inputs,
        cut,
        lambda found: found.unscaled() if published else found.floored(settings.std_floor),
    )
    torch.manual_seed(settings.seed)
    return PoseVqTask(settings, head, windows.statistics, fabric), windows


@dataclass(frozen=True)
class TrainedPoseVq:
    """A pose VQ and the statistics of the poses that it knows."""

    head: VqPoseHead
    config: PoseHeadConfig
    statistics: Statistics
    sha256: str


def load_pose_vq(folder: Path) -> TrainedPoseVq:
    """The pose VQ in the output folder of the stage.

    Raises:
        AqgtError: the folder holds none.
    """
    raw, state, digest = load_network(folder, KIND)
    config = check_settings(raw, PoseHeadConfig, str(folder))
    statistics = Statistics(*(state.pop(name).numpy() for name in _STATISTICS))
    head = VqPoseHead(config)
    head.load_state_dict(state)
    return TrainedPoseVq(head, config, statistics, digest)


def codes_of(head: nn.Module, blocks: Tensor) -> Tensor:
    """Codes `[B, 100]` of blocks `[B, 4, 159]`: those of the top level, then those of the bottom level."""
    assert isinstance(head, VqPoseHead)
    found = head.vq.encode(blocks.unsqueeze(1))
    return torch.cat([found.top_codes.flatten(1), found.bottom_codes.flatten(1)], dim=1)
