# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoders of the published generator's inputs; `PublishedEncoders` stands where `InputEncoders` does."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqgt.models.annotation_network import AnnotationNetwork
from aqgt.models.config import POSE_DIMENSIONS, ModelConfig
from aqgt.models.config_published import PublishedConfig
from aqgt.models.encoders import BeatEncoder, SpeakerEncoder
from aqgt.models.layers import feed_forward, repeat_over_frames
from aqgt.models.recurrent import NarrowGrus


class AudioCodeEncoder(nn.Module):
    """Quantised sound values of a window, `[B, bottom]` and `[B, top]` → `[B, T, C]`."""

    def __init__(self, bottom: int, top: int, hidden: int, n_frames: int, width: int) -> None:
        super().__init__()
        self.n_frames = n_frames
        self.bottom = feed_forward([bottom, hidden, n_frames * width])
        self.top = feed_forward([top, hidden, n_frames * width])

    def forward(self, bottom: Tensor, top: Tensor) -> Tensor:
        return (self.bottom(bottom) + self.top(top)).unflatten(1, (self.n_frames, -1))


class LogitEncoder(nn.Module):
    """Speech recognition logits `[B, frames, tokens]` → `[B, T, tokens]`.

    The recurrent network takes the vocabulary as its steps and a token's logits over time as the features.
    """

    def __init__(self, config: PublishedConfig, n_frames: int) -> None:
        super().__init__()
        self.gru = nn.GRU(config.logit_frames, config.logit_state_width, batch_first=True, bidirectional=True)
        self.activation = nn.Mish()
        self.norm = nn.LayerNorm(n_frames)

    def forward(self, logits: Tensor) -> Tensor:
        both, _ = self.gru(logits.transpose(1, 2))
        return self.norm(self.activation(both)).transpose(1, 2)


class SentenceEncoder(nn.Module):
    """Sentence vector `[B, D]` → `[B, C]`."""

    def __init__(self, width_in: int, hidden: int, width: int, dropout: tuple[float, float]) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout[0])
        self.body = feed_forward([width_in, hidden, width], dropout=dropout[1])
        self.norm = nn.LayerNorm(width)

    def forward(self, sentence: Tensor) -> Tensor:
        return self.norm(self.body(self.dropout(sentence)))


class SeedCodeEncoder(nn.Module):
    """Pose codes of the seed `[B, N]` (int64) → `[B, T, N]`: the network's state becomes the time axis."""

    def __init__(self, codes: int, config: PublishedConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(codes, config.seed_code_width)
        self.gru = nn.GRU(
            config.seed_code_width, config.seed_state_width, batch_first=True, bidirectional=True
        )

    def forward(self, codes: Tensor) -> Tensor:
        both, _ = self.gru(self.embedding(codes))
        return self.over_time(both)

    @staticmethod
    def over_time(states: Tensor) -> Tensor:
        """States `[B, N, T]` of the recurrent network → `[B, T, N]`."""
        return states.transpose(1, 2)


class SeedAnnotationEncoder(nn.Module):
    """Pose codes of the seed `[B, N]` → `[B, C]`, by way of the annotations predicted from them."""

    def __init__(self, config: PublishedConfig) -> None:
        super().__init__()
        network = config.annotation_network
        self.network = AnnotationNetwork(network)
        self.gru = nn.GRU(
            network.n_labels, config.seed_annotation_width, batch_first=True, bidirectional=True
        )
        self.width = network.frames * 2 * config.seed_annotation_width

    def forward(self, codes: Tensor) -> Tensor:
        return self.encode(self.network.encode(codes))

    def encode(self, read: Tensor) -> Tensor:
        """`[B, C]` of what the annotation network's heads read."""
        both, _ = self.gru(self.network.predict(read))
        return both.flatten(1)


class SampledAnnotationEmbedding(nn.Module):
    """One annotation channel: stored values `[B, T]` → `[B, T, C]`.

    Each label stands for a normal distribution, from which is drawn; a value below 0 gives exactly zero. What
    follows the table runs once per label and not once per frame, but for training, where dropout differs
    from frame to frame.
    """

    def __init__(self, size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.leave_out = dropout
        self.embedding = nn.Embedding(size, width)
        self.body = feed_forward([width, width, width], dropout=dropout)
        self.mean = nn.Linear(width, width)
        self.log_variance = nn.Linear(width, width)

    def forward(self, values: Tensor, noise: Tensor | None) -> Tensor:
        """Without noise `[B, T, C]` it is drawn anew in training and zero otherwise."""
        labels = values.long()
        known = (labels >= 0).unsqueeze(-1)
        labels = labels.clamp(min=0)
        if self.training:
            mean, log_variance = self._distribution(self.embedding(labels))
            noise = torch.randn_like(mean) if noise is None else noise
            known = known & (torch.rand((), device=values.device) >= self.leave_out)
        else:
            mean, log_variance = (
                F.embedding(labels, each) for each in self._distribution(self.embedding.weight)
            )
        drawn = mean if noise is None else mean + noise * torch.exp(0.5 * log_variance)
        return torch.where(known, drawn, torch.zeros_like(drawn))

    def _distribution(self, embedded: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(embedded)
        return self.mean(hidden), self.log_variance(hidden)


class NumberEmbedding(nn.Module):
    """The channel that holds a number: `[B, T]` → `[B, T, C]`."""

    def __init__(self, width: int, unknown: str) -> None:
        super().__init__()
        self.unknown = unknown
        self.body = feed_forward([1, width])

    def forward(self, values: Tensor, noise: Tensor | None) -> Tensor:
        """``noise`` is not used: a number has no distribution."""
        embedded = self.body(values.unsqueeze(-1))
        return embedded if self.unknown == "number" else embedded * (values >= 0).unsqueeze(-1)


class SampledAnnotationEncoder(nn.Module):
    """The 17 channels `[B, 17, T]`, optionally with noise `[B, 17, T, C]` → `[B, T, width]`."""

    def __init__(self, config: ModelConfig, published: PublishedConfig) -> None:
        super().__init__()
        sizes, channel_width = config.annotation.sizes, config.annotation.channel_width
        self.channels = nn.ModuleList(
            NumberEmbedding(channel_width, published.occurrence_unknown)
            if size == 1
            else SampledAnnotationEmbedding(size, channel_width, published.annotation_dropout)
            for size in sizes
        )
        width = config.annotation.width
        self.dropout = nn.Dropout(config.dropout)
        self.body = feed_forward([len(sizes) * channel_width, width, width], last_activation=False)

    def forward(self, annotations: Tensor, noise: Tensor | None) -> Tensor:
        embedded = [
            channel(annotations[:, index], None if noise is None else noise[:, index])
            for index, channel in enumerate(self.channels)
        ]
        return self.body(self.dropout(torch.cat(embedded, dim=-1)))


class PublishedEncoders(nn.Module):
    """All encoders: a batch → encodings by name, each `[B, T, C]`; ``widths`` tells each C.

    A batch holds, of B windows of T frames: ``seed`` `[B, T, 160]`, ``seed_codes`` `[B, N]` int64 (see
    `GestureGenerator.seed_codes`), ``beats`` `[B, 2, samples]`, ``sentence`` `[B, D]`, ``logits``
    `[B, frames, tokens]`, ``audio_bottom`` and ``audio_top`` `[B, values]`, ``annotations`` `[B, 17, T]`,
    ``speaker`` `[B]` int64; optionally ``style_noise`` `[B, Z]` and ``annotation_noise`` `[B, 17, T, C]`.
    """

    skipped = ("audio", "logits", "text")
    """Encodings that also enter the last layers directly."""

    def __init__(self, config: ModelConfig, published: PublishedConfig) -> None:
        super().__init__()
        frames = config.window
        self.beat_samples = published.beat_samples
        self.speaker = SpeakerEncoder(config.speaker.count, config.speaker.style_width, last_activation=False)
        self.pose = feed_forward([POSE_DIMENSIONS + 1, published.hidden, config.seed.frame_width])
        self.beats = BeatEncoder(3 * published.beat_samples, config.sound.beat_width)
        self.audio = AudioCodeEncoder(
            published.audio_codes_bottom,
            published.audio_codes_top,
            published.hidden,
            frames,
            published.audio_width,
        )
        self.audio_norm = nn.Sequential(nn.Mish(), nn.LayerNorm(published.audio_width))
        self.logits = LogitEncoder(published, frames)
        self.text = SentenceEncoder(
            published.sentence_width,
            published.sentence_hidden,
            config.text.width,
            published.sentence_dropout,
        )
        self.seed_codes = SeedCodeEncoder(config.pose_head.codes, published)
        self.seed_annotations = SeedAnnotationEncoder(published)
        self.annotations = SampledAnnotationEncoder(config, published)
        self.over_codes = NarrowGrus([self.seed_codes.gru, self.seed_annotations.network.gru.gru])
        self.widths = {
            "pose": config.seed.frame_width,
            "beats": config.sound.beat_width,
            "audio": published.audio_width,
            "logits": published.logit_tokens,
            "text": config.text.width,
            "seed_codes": published.annotation_network.n_codes,
            "style": config.speaker.style_width,
            "annotations": config.annotation.width,
            "seed_annotations": self.seed_annotations.width,
        }

    def encode_speech(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """What does not depend on the seed poses, see `GestureGenerator.encode_speech`."""
        style, mean, log_variance = self.speaker(batch["speaker"], batch.get("style_noise"))
        audio = self.audio(batch["audio_bottom"], batch["audio_top"])
        return {
            "beats": self.beats(self._around_each_frame(batch["beats"])),
            "audio": self.audio_norm(audio),
            "logits": self.logits(batch["logits"]),
            "text": repeat_over_frames(self.text(batch["sentence"]), audio.shape[1]),
            "annotations": self.annotations(batch["annotations"], batch.get("annotation_noise")),
            "style": style,
            "style_mean": mean,
            "style_log_variance": log_variance,
        }

    def forward(self, batch: dict[str, Tensor], speech: dict[str, Tensor]) -> dict[str, Tensor]:
        """Encodings of the seed poses in ``batch`` and of ``speech``, which `encode_speech` made."""
        frames = batch["seed"].shape[1]
        seed_codes, seed_annotations = self._seed(batch["seed_codes"])
        encodings = {
            **speech,
            "pose": self.pose(batch["seed"]),
            "seed_codes": seed_codes,
            "seed_annotations": repeat_over_frames(seed_annotations, frames),
            "style": repeat_over_frames(speech["style"], frames),
        }
        return {name: encodings[name] for name in self.widths}

    def _seed(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """What `seed_codes` and `seed_annotations` make of codes `[B, N]`."""
        own, annotations = self.seed_codes, self.seed_annotations
        if not self.over_codes.usable(own.embedding.weight):
            return own(codes), annotations(codes)
        network = annotations.network
        states, read = self.over_codes.run([own.embedding(codes), network.embedding(codes)])
        return own.over_time(states), annotations.encode(network.normalise(network.gru.added(read)))

    def _around_each_frame(self, beats: Tensor) -> Tensor:
        """Rows `[B, 2, samples]` → samples of each frame and its two neighbours, `[B, T, 2, S]`."""
        step = self.beat_samples
        return F.pad(beats, (step, step)).unfold(2, 3 * step, step).transpose(1, 2)
