# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture generator of AQ-GT-A: encoders, GRU-transformer, temporal aligner."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aqgt import skeleton
from aqgt.models.aligner import FrameHead, TemporalAligner
from aqgt.models.config import POSE_DIMENSIONS, ModelConfig
from aqgt.models.encoders import InputEncoders
from aqgt.models.gru_transformer import GruTransformer
from aqgt.models.pose_head import VqPoseHead
from aqgt.models.published_encoders import PublishedEncoders
from aqgt.models.rest_pose import rest_pose
from aqgt.models.speaker_guess import GuessedSpeaker, SpeakerGuess
from aqgt.models.vq import MlpVqVae, VqVae


@dataclass(frozen=True)
class GeneratorOutput:
    """What the generator makes of one batch of windows.

    Attributes:
        bone_vectors: `[B, T, 159]`, normalised (see `GestureGenerator.denormalise`).
        mu, logvar: `[B, Z]` mean and log variance of the speaker's style.
        style: `[B, Z]` the style that was drawn.
        guess: whom the window sounds like; only of the published networks.
    """

    bone_vectors: Tensor
    mu: Tensor
    logvar: Tensor
    style: Tensor
    guess: GuessedSpeaker | None = None


class GestureGenerator(nn.Module):
    """Speech, annotations and seed poses of one window → bone vectors of the window.

    A batch is a dict of float32 tensors (B windows of T frames):

    * ``mel`` `[B, T, steps, bands]` log-mel spectra
    * ``beats`` `[B, T, 2, samples]` the two beat rows around each frame
    * ``words`` `[B, T, D]` vector of the word that sounds and its timing, zeros for none
    * ``annotations`` `[B, 17, T]` stored values; -1 = unknown
    * ``forms`` `[B, 2, T]`, optional, of a model with gesture forms: 1 + place of each hand's form in the
      config's list; 0 = none; -1 = unknown, which is what is taken where they are left out
    * ``seed`` `[B, T, 160]` normalised poses of the seed frames, else zeros; the last value flags them
    * ``speaker`` `[B]` int64
    * ``style_noise`` `[B, Z]`, optional: normal noise of the style (default: drawn in training, else zero)

    With a section ``published`` in the config the batch is that of `PublishedEncoders`; ``seed_codes`` may be
    left out.

    The pose statistics are part of the weights: ``pose_mean``, ``pose_std``, ``rest_pose``, each `[53, 3]`.
    """

    pose_mean: Tensor
    pose_std: Tensor
    rest_pose: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders: InputEncoders | PublishedEncoders
        if config.published is None:
            self.encoders = InputEncoders(config)
            self.skipped = ["spectrum", "text"] + (["annotations"] if config.annotation.skip else [])
        else:
            self.encoders = PublishedEncoders(config, config.published)
            self.skipped = list(PublishedEncoders.skipped)
        widths = self.encoders.widths
        self.backbone = GruTransformer(
            sum(widths.values()), sum(widths[name] for name in self.skipped), config.window, config.backbone
        )
        self.aligner = _aligner(config)
        self.speaker_guess = _speaker_guess(config)
        if config.published is not None:
            self.unused = nn.ModuleList(nn.Linear(*shape) for shape in config.published.unused_layers)
        rest = torch.from_numpy(rest_pose(config.length_table)).float()
        self.register_buffer("pose_mean", rest.clone())
        self.register_buffer("pose_std", torch.full((skeleton.N_JOINTS, 3), 0.02))
        self.register_buffer("rest_pose", rest)

    def encode_speech(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """All that does not depend on the seed poses, of any number of windows at once.

        Sound, words, annotations and the speaker's style are known before the first window is made, so that
        the windows of a clip share one call. An entry follows its own input's number of windows: sound may
        come once per window, and annotations once per window and variant.

        Returns:
            tensors by name, each `[windows, …]`; slices of them are the ``speech`` of `forward`.
        """
        return self.encoders.encode_speech(batch)

    def forward(self, batch: dict[str, Tensor], speech: dict[str, Tensor] | None = None) -> GeneratorOutput:
        """Motion of a batch of windows.

        Args:
            batch: see the class; with ``speech`` only ``seed`` and ``speaker`` are read.
            speech: what `encode_speech` gave for the same windows; an entry of one window stands for all.
        """
        if self.config.published is not None and "seed_codes" not in batch:
            batch = {**batch, "seed_codes": self.seed_codes(batch["seed"])}
        n_batch = len(batch["seed"])
        speech = self.encode_speech(batch) if speech is None else speech
        speech = {name: value.expand(n_batch, *value.shape[1:]) for name, value in speech.items()}
        encodings = self.encoders(batch, speech)
        x = torch.cat(list(encodings.values()), dim=-1)
        skip = torch.cat([encodings[name] for name in self.skipped], dim=-1)
        features = self.backbone(x, skip)
        seed = batch["seed"][:, : self.config.seed_frames, :POSE_DIMENSIONS]
        guess = None if self.speaker_guess is None else self.speaker_guess(features, batch["speaker"])
        poses = self.aligner(features, speech["style"] if guess is None else guess.vector, seed)
        return GeneratorOutput(
            poses, speech["style_mean"], speech["style_log_variance"], speech["style"], guess
        )

    @torch.no_grad()
    def seed_codes(self, seed: Tensor) -> Tensor:
        """Codes `[B, N]` of the seed poses in ``seed`` `[B, T, 160]`.

        The top level's come first. Only where the pose head is a pose VQ.
        """
        block = seed[:, : self.config.seed_frames, :POSE_DIMENSIONS].unsqueeze(1)
        codes = self.pose_vq.encode(block)
        return torch.cat([codes.top_codes.flatten(1), codes.bottom_codes.flatten(1)], dim=1)

    @property
    def pose_vq(self) -> VqVae | MlpVqVae:
        """The pose VQ that decodes the aligner's codes.

        Raises:
            TypeError: the pose head is none.
        """
        head = self.aligner.head if isinstance(self.aligner, TemporalAligner) else None
        if not isinstance(head, VqPoseHead):
            raise TypeError("the pose head has no codes")
        return head.vq

    def train(self, mode: bool = True) -> GestureGenerator:
        """As of any module; but the networks that the published generator holds frozen stay in eval mode."""
        super().train(mode)
        if isinstance(self.encoders, PublishedEncoders):
            self.encoders.seed_annotations.network.eval()
            self.aligner.get_submodule("head").eval()
        return self

    def set_pose_statistics(self, mean: Tensor, std: Tensor, rest: Tensor, *, floor: float = 0.004) -> None:
        """Stores mean, deviation (never below ``floor``) and rest pose, each `[53, 3]` in model units."""
        self.pose_mean.copy_(mean)
        self.pose_std.copy_(std.clamp(min=floor))
        self.rest_pose.copy_(rest)

    def normalise(self, bone_vectors: Tensor) -> Tensor:
        """Bone vectors `[..., 53, 3]` in model units → `[..., 159]`; the root as in `denormalise`."""
        scaled = (bone_vectors - self.pose_mean) / self.pose_std
        return self._root(scaled).flatten(-2)

    def denormalise(self, poses: Tensor) -> Tensor:
        """Normalised poses `[..., 159]` → bone vectors `[..., 53, 3]` in model units.

        The root is zero, but in the published networks, where its position is part of the pose.
        """
        vectors = poses.unflatten(-1, (skeleton.N_JOINTS, 3)) * self.pose_std + self.pose_mean
        return self._root(vectors)

    def _root(self, vectors: Tensor) -> Tensor:
        """Vectors `[..., 53, 3]` with the root where the model has it."""
        if self.config.keeps_root:
            return vectors
        return torch.cat([torch.zeros_like(vectors[..., :1, :]), vectors[..., 1:, :]], dim=-2)

    def seed_input(self, poses: Tensor | None, n_batch: int) -> Tensor:
        """The ``seed`` entry `[B, T, 160]` of normalised seed poses `[B, S, 159]`, or of none at all."""
        seed = self.pose_mean.new_zeros(n_batch, self.config.window, POSE_DIMENSIONS + 1)
        if poses is not None:
            seed[:, : poses.shape[1], :POSE_DIMENSIONS] = poses
            seed[:, : poses.shape[1], POSE_DIMENSIONS] = 1.0
        return seed


def _aligner(config: ModelConfig) -> TemporalAligner | FrameHead:
    hidden = config.backbone.hidden
    if config.aligner.context == "none":
        return FrameHead(hidden, config.aligner.hidden, config.dropout)
    return TemporalAligner(
        hidden, config.speaker.style_width, config.window, config.aligner, config.pose_head, config.dropout
    )


def _speaker_guess(config: ModelConfig) -> SpeakerGuess | None:
    if config.published is None:
        return None
    return SpeakerGuess(
        config.window * config.backbone.hidden,
        config.published.speaker_guess_hidden,
        config.speaker.count,
        config.speaker.style_width,
    )
