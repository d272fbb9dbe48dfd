# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoders of the generator's inputs (AQ-GT-A, section "Inputs"): each gives one vector per frame."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqgt.annotations import UNKNOWN
from aqgt.models.config import POSE_DIMENSIONS, AnnotationConfig, ModelConfig
from aqgt.models.layers import feed_forward, repeat_over_frames


class SpeakerEncoder(nn.Module):
    """Style of a speaker: a normal distribution per identity, from which one vector is drawn."""

    def __init__(self, count: int, width: int, *, last_activation: bool = True) -> None:
        super().__init__()
        self.embedding = nn.Embedding(count, width)
        self.body = feed_forward([width, width, width], last_activation=last_activation)
        self.mean = nn.Linear(width, width)
        self.log_variance = nn.Linear(width, width)

    def forward(self, speaker: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Style, mean and log variance `[B, Z]` of speakers `[B]` (int64).

        Without noise `[B, Z]` the style is drawn anew in training and the mean otherwise.
        """
        hidden = self.body(self.embedding(speaker))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        if noise is None:
            noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        return mean + noise * torch.exp(0.5 * log_variance), mean, log_variance


class SpectrumEncoder(nn.Module):
    """Log-mel spectra `[B, T, steps, bands]` → `[B, T, C]`."""

    def __init__(self, steps: int, bands: int, width: int) -> None:
        super().__init__()
        self.body = feed_forward([steps * bands, 2 * width, width])
        self.norm = nn.LayerNorm(width)

    def forward(self, mel: Tensor) -> Tensor:
        return self.norm(self.body(mel.flatten(2)))


class BeatEncoder(nn.Module):
    """The two beat rows around each frame `[B, T, 2, samples]` → `[B, T, C]`, own weights per row, summed."""

    def __init__(self, samples: int, width: int) -> None:
        super().__init__()
        self.energy = feed_forward([samples, width, width])
        self.onset = feed_forward([samples, width, width])

    def forward(self, beats: Tensor) -> Tensor:
        return self.energy(beats[:, :, 0]) + self.onset(beats[:, :, 1])


class TextEncoder(nn.Module):
    """Word vectors with their timing `[B, T, D]` → `[B, T, C]`."""

    def __init__(self, dimensions: int, width: int, dropout: float) -> None:
        super().__init__()
        self.body = feed_forward([dimensions, 2 * width, width], dropout=dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, words: Tensor) -> Tensor:
        return self.norm(self.body(words))


class SeedEncoder(nn.Module):
    """Seed poses with their flag `[B, T, 160]` → `[B, T, C]`: frame by frame, and all seed frames at once."""

    def __init__(self, n_seed: int, frame_width: int, clip_width: int) -> None:
        super().__init__()
        self.n_seed = n_seed
        self.frame = feed_forward([POSE_DIMENSIONS + 1, 2 * frame_width, frame_width])
        self.clip = (
            feed_forward([n_seed * (POSE_DIMENSIONS + 1), 2 * clip_width, clip_width]) if clip_width else None
        )
        self.width = frame_width + clip_width

    def forward(self, seed: Tensor) -> Tensor:
        encoded = self.frame(seed)
        if self.clip is None:
            return encoded
        whole = self.clip(seed[:, : self.n_seed].flatten(1))
        return torch.cat([encoded, repeat_over_frames(whole, seed.shape[1])], dim=-1)


class AnnotationEmbedding(nn.Module):
    """One annotation channel: stored values `[B, T]` → `[B, T, C]`; a value below 0 gives exactly zero.

    What follows the table depends on the label alone, so it runs once per label and not once per frame.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.is_number = size == 1
        self.size = size
        self.embedding = None if self.is_number else nn.Embedding(size, width)
        self.body = feed_forward([1, width]) if self.is_number else feed_forward([width, width, width])

    def forward(self, values: Tensor) -> Tensor:
        known = (values >= 0).unsqueeze(-1)
        if self.embedding is None:
            return self.body(values.clamp(min=0).unsqueeze(-1)) * known
        table = F.pad(self.body(self.embedding.weight), (0, 0, 1, 0))
        # Row 0 is the zero of "unknown"; a value above the table would be a wrong label, not a large one.
        return F.embedding(values.long().clamp(min=-1) + 1, table)


class AnnotationEncoder(nn.Module):
    """The 17 channels `[B, 17, T]`, and in a model with forms those of both hands `[B, 2, T]` → `[B, T, C]`.

    Both hands share one embedding: their gestures are each other's mirror images.
    """

    def __init__(self, config: AnnotationConfig) -> None:
        super().__init__()
        self.channels = nn.ModuleList(
            AnnotationEmbedding(size, config.channel_width) for size in config.sizes
        )
        self.forms = AnnotationEmbedding(len(config.forms) + 1, config.form_width) if config.forms else None
        width = len(config.sizes) * config.channel_width + (2 * config.form_width if config.forms else 0)
        self.body = feed_forward([width, config.width, config.width], last_activation=False)

    def forward(self, annotations: Tensor, forms: Tensor | None = None) -> Tensor:
        """Without ``forms`` none is known."""
        embedded = [channel(annotations[:, index]) for index, channel in enumerate(self.channels)]
        if self.forms is not None:
            if forms is None:
                forms = torch.full_like(annotations[:, :2], UNKNOWN)
            embedded += [self.forms(forms[:, hand]) for hand in range(2)]
        return self.body(torch.cat(embedded, dim=-1))


class InputEncoders(nn.Module):
    """All encoders: a batch → encodings by name, each `[B, T, C]`; ``widths`` tells each C."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sound, features = config.sound, config.features
        self.speaker = SpeakerEncoder(config.speaker.count, config.speaker.style_width)
        self.spectrum = SpectrumEncoder(features.mel_per_frame, features.n_mels, sound.mel_width)
        self.beats = BeatEncoder(3 * features.beats_per_frame, sound.beat_width)
        self.text = TextEncoder(config.word_columns, config.text.width, config.text.dropout)
        self.seed = SeedEncoder(config.seed_frames, config.seed.frame_width, config.seed.clip_width)
        self.annotations = AnnotationEncoder(config.annotation)
        self.widths = {
            "seed": self.seed.width,
            "beats": sound.beat_width,
            "spectrum": sound.mel_width,
            "text": config.text.width,
            "style": config.speaker.style_width,
            "annotations": config.annotation.width,
        }

    def encode_speech(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """What does not depend on the seed poses, see `GestureGenerator.encode_speech`."""
        style, mean, log_variance = self.speaker(batch["speaker"], batch.get("style_noise"))
        return {
            "beats": self.beats(batch["beats"]),
            "spectrum": self.spectrum(batch["mel"]),
            "text": self.text(batch["words"]),
            "annotations": self.annotations(batch["annotations"], batch.get("forms")),
            "style": style,
            "style_mean": mean,
            "style_log_variance": log_variance,
        }

    def forward(self, batch: dict[str, Tensor], speech: dict[str, Tensor]) -> dict[str, Tensor]:
        """Encodings of the seed poses in ``batch`` and of ``speech``, which `encode_speech` made."""
        seed = self.seed(batch["seed"])
        encodings = {**speech, "seed": seed, "style": repeat_over_frames(speech["style"], seed.shape[1])}
        return {name: encodings[name] for name in self.widths}
