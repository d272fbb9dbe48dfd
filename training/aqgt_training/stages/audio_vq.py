# SPDX-License-Identifier: GPL-3.0-or-later
"""The audio VQ: quarters of a second of sound as codes, learnt on disturbed copies of clean sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.models.config_published import AudioVqConfig
from aqgt.models.vq import VqVae
from aqgt.settings import check_settings
from aqgt.speech.audio import SAMPLE_RATE
from aqgt.speech.beats import WINDOW_SAMPLES
from aqgt.speech.published.audio_codes import CHUNK_SAMPLES, N_CHUNKS, PICTURE
from aqgt.speech.published.windows import scaled, window_samples
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.published_losses.networks import vq_loss
from aqgt_training.stages.core.feed import Batch, Position
from aqgt_training.stages.core.network_files import load_network, save_network
from aqgt_training.stages.core.players import Player, own_noise
from aqgt_training.stages.core.settings import StageSettings
from aqgt_training.stages.core.task import Task
from aqgt_training.stages.critic import CriticTurns, PictureCritic
from aqgt_training.stages.disturbances import disturbed
from aqgt_training.stages.quantisers import over_all_devices, used_codes

KIND = "audio-vq"


class AudioVqStage(StageSettings):
    """How the audio VQ is trained; its widths are the published ones unless ``network`` says otherwise."""

    latent_weight: float = Field(0.25, ge=0)
    """Of the distance from the codebooks (commitment)."""
    adversarial: float = Field(0.0, ge=0)
    """Weight of a critic's score; 0: there is none."""
    disturb: float = Field(0.5, ge=0, le=1)
    """Share of the chunks that the network hears disturbed; it has to give the clean ones."""
    network: AudioVqConfig = AudioVqConfig()


class SoundChunks:
    """Chunks of 0.25 s as pictures: ``sound`` `[B, 1, 64, 64]`, each window of them scaled to -1 … 1.

    Args:
        corpus: a clip corpus; ``split`` of it.
        batch_size: chunks of a batch.
    """

    def __init__(self, corpus: Path, split: str, batch_size: int) -> None:
        self.batch_size = batch_size
        with ClipReader(corpus) as reader:
            names = [name for name in reader.names if reader.split_of(name) == split]
            # As they are stored: 115 MB an hour, half of what the network hears takes.
            self.clips = [reader[name].audio for name in names]
        if not self.clips:
            raise AqgtError(
                f"The corpus {corpus} has no clips in its {split} split.",
                "Compose or import it again.",
                "empty-corpus",
            )

    def epoch(
        self, seed: int, *, shuffle: bool = True, part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """One pass over all windows, nine chunks of each, see `core.feed.BatchSource`."""
        rng = np.random.default_rng(seed)
        shift = float(rng.uniform(0, 2)) if shuffle else 0.0
        places = [
            (number, start)
            for number, clip in enumerate(self.clips)
            for start in np.arange(shift, max(shift + 0.1, (len(clip) - WINDOW_SAMPLES) / SAMPLE_RATE), 2.0)
        ]
        if shuffle:
            places = [places[index] for index in rng.permutation(len(places))]
        places = places[: len(places) // parts * parts][part::parts]
        held: NDArray[np.float32] = np.zeros((0, *PICTURE), np.float32)
        for number, start in places:
            heard = window_samples(self.clips[number], start).astype(np.float32) / 32768.0
            held = np.concatenate([held, pictures(heard)])
            while len(held) >= self.batch_size:
                yield {"sound": torch.from_numpy(held[: self.batch_size, None].copy())}
                held = held[self.batch_size :]
        if len(held) and not shuffle:
            yield {"sound": torch.from_numpy(held[:, None].copy())}


def pictures(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """The nine chunks `[9, 64, 64]` of a window `[36266]`, as the published network reads them."""
    chunks = scaled(window[None].astype(np.float32))[:, : N_CHUNKS * CHUNK_SAMPLES].reshape(N_CHUNKS, -1)
    padded = np.zeros((N_CHUNKS, PICTURE[0] * PICTURE[1]), np.float32)
    padded[:, :CHUNK_SAMPLES] = chunks
    return padded.reshape(N_CHUNKS, *PICTURE)


class AudioVqTask(Task):
    """Rebuilds clean sound from what it hears."""

    name = KIND

    def __init__(self, settings: AudioVqStage, fabric: Fabric) -> None:
        self.settings, self.fabric = settings, fabric
        self.noise = own_noise(settings.seed, fabric)
        network = over_all_devices(VqVae(settings.network.widths))
        self.players = {"main": Player(network, settings, fabric)}
        if settings.adversarial:
            self.players["critic"] = Player(PictureCritic(), settings, fabric)

    def step(self, batch: Batch, position: Position, share_done: float) -> dict[str, float]:
        """One batch of chunks; with a critic both learn."""
        clean = batch["sound"]
        heard = disturbed(clean, self.settings.disturb, self.noise)
        with self.fabric.autocast():
            rebuilt, codes = self.main.network(heard)
        rebuilt = rebuilt.float()
        loss = vq_loss(rebuilt, clean, codes.float(), self.settings.latent_weight)
        terms = {"total": float(loss.detach()), "codes": float(codes.detach())}
        critic = self.players.get("critic")
        if critic is not None:
            turns = CriticTurns(critic, self.settings.adversarial)
            loss = loss + turns.reward(rebuilt)
        self.main.learn(loss)
        if critic is not None:
            terms |= turns.learn(clean, rebuilt.detach())
        return terms

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """On undisturbed sound."""
        clean = batch["sound"]
        rebuilt, codes = self.main.network(clean)
        return {
            "total": vq_loss(rebuilt.float(), clean, codes.float(), self.settings.latent_weight),
            "error": (rebuilt - clean).abs().mean(),
        }

    def judgement(self) -> dict[str, float]:
        """How many codes are in use."""
        return used_codes(self.main.network)

    def export(self, state: Mapping[str, Tensor], folder: Path) -> None:
        """The network for `load_audio_vq`."""
        save_network(folder, KIND, self.settings.network.model_dump(mode="json"), state)


def build(settings: AudioVqStage, fabric: Fabric) -> tuple[AudioVqTask, SoundChunks, SoundChunks]:
    """The task, training chunks and held-out chunks."""
    corpus = settings.inputs.needed("corpus")
    train, held_out = (SoundChunks(corpus, split, settings.batch_size) for split in ("train", "val"))
    torch.manual_seed(settings.seed)
    return AudioVqTask(settings, fabric), train, held_out


def load_audio_vq(folder: Path) -> tuple[VqVae, AudioVqConfig]:
    """The audio VQ in the output folder of the stage, in eval mode.

    Raises:
        AqgtError: the folder holds none.
    """
    raw, state, _ = load_network(folder, KIND)
    config = check_settings(raw, AudioVqConfig, str(folder))
    network = VqVae(config.widths)
    network.load_state_dict(state)
    return network.eval(), config
