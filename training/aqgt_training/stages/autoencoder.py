# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture autoencoder, whose features the Fréchet gesture distance compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.models.config_published import AutoencoderConfig
from aqgt.models.gesture_autoencoder import GestureAutoencoder
from aqgt.settings import check_settings
from aqgt_training.published_losses.networks import autoencoder_loss
from aqgt_training.stages.core.feed import Batch, Position
from aqgt_training.stages.core.network_files import load_network, save_network
from aqgt_training.stages.core.players import Player, own_noise
from aqgt_training.stages.core.settings import StageSettings
from aqgt_training.stages.core.task import Task
from aqgt_training.stages.data import Cut, Statistics, Windows, motion_windows

KIND = "autoencoder"
_MEAN = "mean_bone_vectors"


class AutoencoderStage(StageSettings):
    """How the autoencoder is trained; its widths are the published ones."""

    stride: int = Field(8, ge=1)
    """Frames between window starts."""
    sampled: bool = True
    """Whether the decoder gets a drawn feature in training, as published, or the mean."""
    keep_root: bool = False
    """Whether the root's position is part of the motion, as in the published models' corpora."""
    network: AutoencoderConfig = AutoencoderConfig()


class AutoencoderTask(Task):
    """Rebuilds windows from the code of their seed frames and one feature of what follows.

    Args:
        mean: `[53, 3]` mean bone vectors, which all windows are without.
    """

    name = KIND

    def __init__(self, settings: AutoencoderStage, mean: Tensor, fabric: Fabric) -> None:
        self.settings, self.fabric = settings, fabric
        self.noise = own_noise(settings.seed, fabric)
        self.mean = fabric.to_device(mean)
        self.players = {"main": Player(GestureAutoencoder(settings.network), settings, fabric)}

    def step(self, batch: Batch, position: Position, share_done: float) -> dict[str, float]:
        """L1 of the whole window; there is no divergence term although the feature is drawn."""
        pre, poses, target = self._split(batch)
        network = self.main.network
        with self.fabric.autocast():
            mean, log_variance = network.encoder(poses)  # type: ignore[operator]
            feature = mean
            if self.settings.sampled:
                feature = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
            rebuilt = network.decoder(feature, pre)  # type: ignore[operator]
        loss = autoencoder_loss(rebuilt.float(), target)
        self.main.learn(loss)
        return {"total": float(loss.detach()) / len(target)}

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Per window, decoded from the mean."""
        pre, poses, target = self._split(batch)
        return {"total": autoencoder_loss(self.main.network(pre, poses)[0].float(), target) / len(target)}

    def export(self, state: Mapping[str, Tensor], folder: Path) -> None:
        """The network for `load_extractor`."""
        config = self.settings.network.model_dump(mode="json")
        save_network(folder, KIND, config, {**state, _MEAN: self.mean})

    def _split(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        target, n_pre = batch["target"], self.settings.network.n_pre
        return target[:, :n_pre], target[:, n_pre:], target


def build(settings: AutoencoderStage, fabric: Fabric) -> tuple[AutoencoderTask, Windows]:
    """The task and its windows."""
    window = settings.network.n_pre + settings.network.frames
    cut = Cut(window, settings.stride, settings.batch_size, settings.network.n_pre, settings.keep_root)
    windows = motion_windows(settings.inputs, cut, Statistics.unscaled)
    torch.manual_seed(settings.seed)
    return AutoencoderTask(settings, torch.from_numpy(windows.statistics.mean), fabric), windows


@dataclass(frozen=True)
class FeatureExtractor:
    """Features of gesture windows.

    Attributes:
        network: in eval mode.
        mean_bone_vectors: `[53, 3]` of its training; subtract it from bone vectors before.
        sha256: of its weights: figures made with other weights can't be compared.
    """

    network: GestureAutoencoder
    mean_bone_vectors: NDArray[np.float32]
    sha256: str
    config: AutoencoderConfig

    def __call__(self, windows: ArrayLike, batch_size: int = 256) -> NDArray[np.float32]:
        """Means `[N, C]` of the features, C = 32 as published; not drawn, so that they repeat.

        Args:
            windows: `[N, T, 159]` or `[N, T, 53, 3]` bone vectors with `mean_bone_vectors` subtracted;
                T = 34: seed frames, which are not read, and the frames that follow.

        Raises:
            AqgtError: the windows have another shape.
        """
        found = np.asarray(windows, np.float32)
        config = self.config
        wanted = (config.n_pre + config.frames, config.n_dimensions)
        flat = found.reshape(*found.shape[:2], -1) if found.ndim >= 3 else found
        if flat.shape[1:] != wanted:
            raise AqgtError(
                f"The windows have the shape {list(found.shape)}, not [N, {wanted[0]}, {wanted[1]}].",
                "Give windows as long as those of the network's training.",
                "wrong-shape",
            )
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            parts = [
                self.network.encoder(torch.from_numpy(part).to(device))[0].cpu().numpy()
                for part in np.array_split(flat[:, config.n_pre :], max(1, -(-len(flat) // batch_size)))
            ]
        return np.concatenate(parts)


def load_extractor(folder: Path, device: str = "cpu") -> FeatureExtractor:
    """The feature extractor in the output folder of the stage ``autoencoder``.

    Raises:
        AqgtError: the folder holds none, or its weights are not those that were written.
    """
    raw, state, digest = load_network(Path(folder), KIND)
    config = check_settings(raw, AutoencoderConfig, str(folder))
    mean = state.pop(_MEAN).numpy()
    network = GestureAutoencoder(config)
    network.load_state_dict(state)
    return FeatureExtractor(network.to(device).eval().requires_grad_(False), mean, digest, config)
