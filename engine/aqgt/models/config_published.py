# SPDX-License-Identifier: GPL-3.0-or-later
"""What the published networks have and a fresh model has not; the defaults are the published widths.

A value that is a `Literal` names a peculiarity of the published networks: it is written down because weights
trained with it need it, and there is no other choice.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aqgt.models.vq import VqWidths
from aqgt.settings import Settings

Width = Annotated[int, Field(ge=1, le=8192)]
Probability = Annotated[float, Field(ge=0.0, lt=1.0)]


class AudioVqConfig(Settings):
    """The two-level VQ over chunks of sound."""

    channels: Width = 256
    residual_channels: Width = 256
    residual_blocks: Annotated[int, Field(ge=0, le=16)] = 2
    code_dimensions: Literal[1] = 1
    """Quantised values are numbers: their count per window is part of the generator's widths."""
    codes: Width = 512

    @property
    def widths(self) -> VqWidths:
        """What builds the network."""
        return VqWidths(
            self.channels,
            self.residual_channels,
            self.residual_blocks,
            self.code_dimensions,
            self.codes,
            third_kernel=3,
        )


class AnnotationNetworkConfig(Settings):
    """The network that predicts the annotations of the seed frames from their pose codes."""

    codes: Width = 512
    """Size of the table of pose codes."""
    n_codes: Width = 100
    """Codes per seed: those of the top level, then those of the bottom level."""
    code_width: Width = 32
    state_width: Width = 16
    hidden: Width = 128
    frames: Annotated[int, Field(ge=1, le=16)] = 4
    labels: tuple[Width, ...] = (20, 6, 6, 9, 9, 14, 14, 14, 21, 21, 7, 7, 5, 5, 15, 15)
    """Labels per channel; the channel of the number (occurrence) has a head of its own that nothing reads."""
    dropout: Probability = 0.2
    softmax: Literal["all_frames", "per_frame"] = "all_frames"
    """all_frames: one softmax over the labels of all frames together, as published."""

    @property
    def n_labels(self) -> int:
        """Labels of all channels."""
        return sum(self.labels)


class PublishedConfig(Settings):
    """Encoders and side branches of the published generator."""

    wav2vec2: Annotated[str, Field(min_length=1)] = "facebook/wav2vec2-base-960h"
    """Speech recogniser in the format of `transformers`: a folder relative to the model's own, or a name on
    the Hugging Face hub. A folder ``wav2vec2`` in the model's own comes before both."""
    bert: Annotated[str, Field(min_length=1)] = "bert-base-uncased"
    """Language model, given like the speech recogniser; its folder is called ``bert``."""
    hidden: Width = 500
    """Hidden width of the encoders of sound and poses."""
    beat_samples: Width = 30
    """Samples of each beat row per frame; a frame reads three frames' worth."""
    audio_codes_bottom: Width = 2304
    """Quantised sound values of the bottom level per window: 9 chunks of 16 × 16."""
    audio_codes_top: Width = 576
    """The same of the top level: 9 chunks of 8 × 8."""
    audio_width: Width = 64
    logit_frames: Width = 113
    """Frames of speech recognition logits per window."""
    logit_tokens: Width = 32
    """Vocabulary of the speech recogniser."""
    logit_state_width: Width = 17
    logits_run_over: Literal["vocabulary"] = "vocabulary"
    """What the recurrent network over the logits takes as its steps: the vocabulary, not time."""
    sentence_width: Width = 768
    """Width of the sentence vector."""
    sentence_hidden: Width = 512
    sentence_dropout: tuple[Probability, Probability] = (0.1, 0.2)
    """Before the first and before the second affine layer."""
    seed_code_width: Width = 128
    seed_state_width: Width = 17
    seed_annotation_width: Width = 16
    annotation_dropout: Probability = 0.2
    """Inside a channel's embedding; also how often training leaves out a whole channel."""
    occurrence_unknown: Literal["number", "zero"] = "number"
    """number: the -1 of an unknown occurrence is read as a number, as published; zero: it gives zero."""
    speaker_guess_hidden: Width = 500
    """Hidden width of the network that guesses the speaker; the most probable speaker's own vector enters the
    aligner."""
    unused_layers: tuple[tuple[Width, Width], ...] = ((1000, 500), (500, 250))
    """Affine layers that the published weights hold and nothing reads."""
    annotation_network: AnnotationNetworkConfig = AnnotationNetworkConfig()
    audio_vq: AudioVqConfig = AudioVqConfig()
    """Widths of what quantises the sound."""


class AutoencoderConfig(Settings):
    """The gesture autoencoder, whose features the Fréchet gesture distance compares."""

    n_dimensions: Width = 159
    frames: Annotated[int, Field(ge=16, le=512)] = 30
    n_pre: Annotated[int, Field(ge=1, le=16)] = 4
    """Frames before the encoded ones, which the decoder is given."""
    channels: tuple[Width, Width, Width, Width] = (32, 64, 64, 32)
    encoder_hidden: tuple[Width, Width] = (256, 128)
    width: Width = 32
    """Width of the feature."""
    decoder_state: Width = 300
    decoder_layers: Annotated[int, Field(ge=1, le=8)] = 4
    decoder_hidden: Width = 150
    dropout: Probability = 0.3
    convolution_slope: float = 0.2
    """Negative slope of the activations between convolutions."""
    affine_slope: float = 1.0
    """Negative slope between affine layers; 1, as published, makes the activation the identity."""


class SpeechDiscriminatorConfig(Settings):
    """The published discriminator, which hears and reads what the generator does."""

    n_dimensions: Width = 159
    frames: Annotated[int, Field(ge=32, le=512)] = 34
    hidden: Width = 500
    audio_codes_bottom: Width = 2304
    audio_codes_top: Width = 576
    audio_width: Width = 32
    sentence_width: Width = 768
    sentence_hidden: Width = 512
    sentence_dropout: tuple[Probability, Probability] = (0.1, 0.2)
    text_width: Width = 128
    state_width: Width = 32
    state_layers: Annotated[int, Field(ge=1, le=8)] = 2
    pose_channels: tuple[Width, ...] = (16, 16, 32, 32, 64)
    n_annotations: Width = 17
    dropout: Probability = 0.1
