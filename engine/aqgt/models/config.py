# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model is made of: every width, switch and name, read from YAML and checked by pydantic.

One code base holds the small fresh models and the published networks; this file is where they differ. The
defaults are those of a fresh model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aqgt import skeleton
from aqgt.annotations import EMBEDDING_SIZES
from aqgt.models.config_published import PublishedConfig
from aqgt.settings import Settings, read_settings
from aqgt.speech.features import WORD_COLUMNS, CompactFeaturesConfig

POSE_DIMENSIONS = skeleton.N_JOINTS * 3

Width = Annotated[int, Field(ge=1, le=8192)]
Layers = Annotated[int, Field(ge=0, le=16)]
Probability = Annotated[float, Field(ge=0.0, lt=1.0)]


class SoundConfig(Settings):
    """How the sound is read: log-mel bands and onset beats, both per motion frame."""

    kind: Literal["log_mel_beats", "codes_logits_beats"] = "log_mel_beats"
    """codes_logits_beats: quantised sound, speech recognition logits and beats, as published."""
    mel_width: Width = 64
    """Width of the encoded spectra."""
    beat_width: Width = 64
    """Width of the encoded beats."""


class TextConfig(Settings):
    """How the words are read."""

    kind: Literal["word_vectors", "sentence"] = "word_vectors"
    """word_vectors: the vector of the word that sounds at each frame; sentence: one vector per window."""
    vectors: Literal["file", "fasttext", "none"] = "file"
    """file: a table saved with the model; fasttext: a fastText .bin that lies elsewhere; none: words are
    timed but not understood."""
    path: str | None = None
    """fasttext: the .bin, from the folder of the config's file on. A saved model holds the name alone."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """fasttext: set when the model is saved, so that no other file is taken for it."""
    width: Width = 64
    """Width of the encoded text."""
    dropout: Probability = 0.1

    @model_validator(mode="after")
    def _only_fasttext_has_a_file(self) -> TextConfig:
        if self.vectors != "fasttext" and (self.path is not None or self.sha256 is not None):
            raise ValueError("path and sha256 go with vectors: fasttext")
        return self


class SpeakerConfig(Settings):
    """Speaker identities and the style drawn from them."""

    count: Width = 1
    default: Annotated[int, Field(ge=0, le=8191)] = 0
    """The speaker of a request that names none."""
    names: tuple[str, ...] = ()
    """Names for people, one per speaker; left out: they are numbered."""
    style_width: Width = 16
    """Width of the style vector, drawn as mean + noise · deviation."""

    @model_validator(mode="after")
    def _default_exists(self) -> SpeakerConfig:
        if self.default >= self.count:
            raise ValueError(f"default must be a speaker from 0 to {self.count - 1}")
        if self.names and len(self.names) != self.count:
            raise ValueError(f"names must be {self.count}, one per speaker")
        return self


class SeedConfig(Settings):
    """How the seed poses are read."""

    frame_width: Width = 64
    """Width of the per-frame encoding of the seed poses."""
    clip_width: Layers | Width = 64
    """Width of one encoding of all seed frames, given to every frame; 0 leaves it out."""


Gain = Annotated[float, Field(ge=0.5, le=2.0)]


class ExtentGain(Settings):
    """By how much the arms' turns away from rest are multiplied where a gesture has an extent; 1: not at all.

    A network that learns by regression brings back less than it was asked for, most of all the largest.
    """

    small: Gain = 1.0
    medium: Gain = 1.0
    large: Gain = 1.0

    @property
    def is_neutral(self) -> bool:
        """Whether it changes nothing."""
        return self.small == self.medium == self.large == 1.0


class AnnotationConfig(Settings):
    """How the 17 annotation channels and the gesture forms are read."""

    sizes: tuple[Width, ...] = EMBEDDING_SIZES
    """Embedding table size per channel; 1 marks the one channel that holds a number."""
    learned: bool = True
    """Whether the model was trained on annotations; where not, the planner makes none for it."""
    channel_width: Width = 16
    """Width of each channel's embedding."""
    width: Width = 64
    """Width of all channels together."""
    skip: bool = True
    """Whether the encoded annotations also enter the last layers directly."""
    sampled: bool = False
    """Whether a label stands for a normal distribution; only in the published networks."""
    seed_branch: bool = False
    """Whether annotations are predicted from the seed poses; only the published networks do so."""
    forms: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")], ...] = ()
    """Gesture forms that the model tells apart, in the order of their embeddings (`aqgt.gesture_forms`).
    None: there is no such input. A recipe writes those of its corpus here, unless ``form_width`` is 0."""
    form_width: Annotated[int, Field(ge=0, le=1024)] = 0
    """Width of a form's embedding; 0 where the model has no forms."""
    extent_gain: ExtentGain = ExtentGain()
    recorded_hands: Probability = 0.0
    """Share of a recorded hand in the fingers where an annotation names a hand shape or a form; 0: none. The
    recorded hands are part of such a model's folder."""

    @model_validator(mode="after")
    def _channels(self) -> AnnotationConfig:
        if len(self.sizes) != len(EMBEDDING_SIZES):
            raise ValueError(f"sizes must hold {len(EMBEDDING_SIZES)} numbers, one per channel")
        if self.forms and self.form_width == 0:
            raise ValueError("forms need a form_width above 0")
        if len(set(self.forms)) != len(self.forms):
            raise ValueError("forms must be named once each")
        return self


class PositionConfig(Settings):
    """Position encodings of the transformers."""

    scale: Literal["once", "every_layer"] = "once"
    """once: added before the first layer; every_layer: input · √width plus encoding, before each layer."""
    exponent: Literal["standard", "published"] = "standard"
    """published: the exponent doubles the already even index, as in the published networks."""


class TransformerConfig(Settings):
    """One stack of transformer layers, each followed by a projection."""

    layers: Annotated[int, Field(ge=1, le=16)] = 2
    feed_forward: Width = 512
    dropout: Probability = 0.1
    heads_limit: Annotated[int, Field(ge=1, le=64)] = 8
    """The number of heads is the largest divisor of the layer's width up to this."""


class BackboneConfig(Settings):
    """The GRU-transformer between the encoders and the aligner."""

    hidden: Width = 128
    input_width: Annotated[int, Field(ge=0, le=8192)] = 0
    """Width the concatenated encodings are projected to; 0 leaves them as they are."""
    transformer_1: TransformerConfig = TransformerConfig()
    transformer_2: TransformerConfig = TransformerConfig()
    transformer: bool = True
    """Whether the transformers are there; without them the GRUs are alone (an ablation)."""
    gru: bool = True
    """Whether the GRUs are there; without them the transformers are alone (an ablation)."""
    gru_1_layers: Annotated[int, Field(ge=1, le=8)] = 1
    gru_2_layers: Annotated[int, Field(ge=1, le=8)] = 2
    norm: Literal["pre", "post"] = "pre"
    """Where attention layers normalise; post is the published way."""
    position: PositionConfig = PositionConfig()
    dropout: Probability = 0.1

    @model_validator(mode="after")
    def _something_is_left(self) -> BackboneConfig:
        if not (self.transformer or self.gru):
            raise ValueError("one of transformer and gru must be true")
        return self


class AlignerConfig(Settings):
    """The temporal aligner: each frame is made with four earlier frames as context."""

    context: Literal["previous", "lagged", "published", "none"] = "previous"
    """previous: frames t-4…t-1, one step after the other; lagged: t-8…t-5, five steps at once; published:
    lagged, with zeros and wrapped positions at the start; none: there is no aligner, each frame comes
    straight from the features (an ablation)."""
    hidden: Width = 128
    code_width: Width = 128
    """Width of the code the pose head decodes."""


class PoseHeadConfig(Settings):
    """What turns the aligner's code into a block of overlapping frames."""

    kind: Literal["mlp", "mlp_vq", "vq"] = "mlp"
    """mlp: straight to poses; vq: through the convolutional decoder of a pose VQ; mlp_vq: through
    that of one made of affine layers."""
    hidden: Width = 256
    """mlp and mlp_vq: width of the hidden layers. vq: channels of the decoder."""
    residual_hidden: Width = 128
    """vq: inner channels of the residual blocks."""
    residual_blocks: Layers = 2
    """vq: residual blocks of each part."""
    code_dimensions: Width = 4
    """vq and mlp_vq: dimensions of a code vector."""
    codes: Width = 512
    """vq and mlp_vq: size of each codebook."""


class DiscriminatorConfig(Settings):
    """The discriminator of the adversarial phase; training only, never saved with a model."""

    hidden: Width = 96
    annotation_width: Width = 32
    layers: Annotated[int, Field(ge=1, le=5)] = 3


class ModelConfig(Settings):
    """Everything a model is rebuilt from, besides its weights."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: str
    licence: str
    """SPDX identifier or name of the licence of the weights."""
    commercial_use: bool
    weights: Literal["file", "seeded"] = "file"
    """seeded: random weights from a fixed seed, for tests; such a model needs no files."""
    fps: Annotated[float, Field(gt=0, le=120)] = 15.0
    window: Annotated[int, Field(ge=8, le=512)] = 34
    """Frames the network makes at once, seed frames included."""
    seed_frames: Annotated[int, Field(ge=1, le=16)] = 4
    lengths: Literal["human", "published"] = "human"
    """Bone lengths of the motion: human proportions, or the table of the published models."""
    fixed_lengths: bool = True
    """Whether the output is brought to exactly these lengths."""
    idle_motion: bool = False
    """Whether breathing, sway and nods made by rules are laid over the network's motion."""
    dropout: Probability = 0.1
    speaker: SpeakerConfig = SpeakerConfig()
    features: CompactFeaturesConfig = CompactFeaturesConfig()
    """What is computed from sound and words before the network."""
    sound: SoundConfig = SoundConfig()
    text: TextConfig = TextConfig()
    seed: SeedConfig = SeedConfig()
    annotation: AnnotationConfig = AnnotationConfig()
    backbone: BackboneConfig = BackboneConfig()
    aligner: AlignerConfig = AlignerConfig()
    pose_head: PoseHeadConfig = PoseHeadConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    published: PublishedConfig | None = None
    """Only the published networks have this section."""

    @model_validator(mode="after")
    def _fits_together(self) -> ModelConfig:
        if self.window <= 2 * self.seed_frames:
            raise ValueError("window must be longer than twice seed_frames")
        if self.features.fps != self.fps:
            raise ValueError("features.fps must equal fps")
        return self

    @model_validator(mode="after")
    def _published_or_not(self) -> ModelConfig:
        published = self.published is not None
        for key, value in {
            "sound.kind: codes_logits_beats": self.sound.kind == "codes_logits_beats",
            "text.kind: sentence": self.text.kind == "sentence",
            "annotation.sampled: true": self.annotation.sampled,
            "annotation.seed_branch: true": self.annotation.seed_branch,
        }.items():
            if value != published:
                raise ValueError(f"“{key}” and the section “published” go together")
        own = self.annotation
        if published and (own.forms or own.recorded_hands or not own.extent_gain.is_neutral):
            raise ValueError("published networks have no annotation.forms, extent_gain or recorded_hands")
        if self.weights == "seeded" and own.recorded_hands:
            raise ValueError("weights: seeded means no files, so annotation.recorded_hands must be 0")
        if not published:
            return self
        if self.pose_head.kind != "vq" or self.aligner.context != "published":
            raise ValueError(
                "the section “published” needs pose_head.kind: vq and aligner.context: published"
            )
        if not (self.backbone.gru and self.backbone.transformer):
            raise ValueError("the section “published” needs backbone.gru and backbone.transformer")
        return self

    @property
    def stride(self) -> int:
        """New frames per window."""
        return self.window - self.seed_frames

    @property
    def word_columns(self) -> int:
        """Numbers per frame that the text encoder reads: a word vector and the word's timing."""
        return self.features.word_dimension + WORD_COLUMNS

    @property
    def keeps_root(self) -> bool:
        """Whether the root's position is part of the motion (published networks); else it is zero."""
        return self.published is not None

    @property
    def length_table(self) -> NDArray[np.float64]:
        """Bone lengths `[53]` of the model's motion, in model units."""
        return skeleton.HUMAN_LENGTHS if self.lengths == "human" else skeleton.OFFICIAL_LENGTHS


def read_config(path: Path) -> ModelConfig:
    """The model config in a YAML file.

    Raises:
        AqgtError: the file can't be read, or a key or value is not allowed; it names file, key and rule.
    """
    return read_settings(path, ModelConfig)


def write_config(config: ModelConfig, path: Path) -> None:
    """Writes the whole config, defaults included, so that the saved model never depends on them."""
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
