# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model reads of sound and words, opened in whichever process computes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.registry import AUDIO_VQ, CONFIG, config_of, folder_of, load_model
from aqgt.models.word_table import open_word_vectors
from aqgt.speech.features import ClipFeatures, CompactFeatures
from aqgt.speech.file_hashes import file_sha256


@dataclass(frozen=True)
class FeatureSpec:
    """The features of a model.

    Attributes:
        model: a config (.yaml) of a model that is to be trained, or the name or folder of one that is there.
        words: word vectors, where the config of a fresh model asks for them.
        device: where the speech networks of published models run.
    """

    model: str
    words: Path | None = None
    device: str = "cpu"

    @property
    def is_fresh(self) -> bool:
        """Whether the model is a config yet to be trained."""
        return self.model.endswith((".yaml", ".yml"))

    def config(self) -> ModelConfig:
        """The model's config."""
        return read_config(Path(self.model)) if self.is_fresh else config_of(self.model)

    def dtype(self) -> type[np.floating]:
        """How features are stored: what published networks read is not rounded."""
        return np.float16 if self.config().published is None else np.float32

    def open(self) -> ClipFeatures:
        """What computes the features.

        Raises:
            AqgtError: a published model without its folder, or missing word vectors.
        """
        if not self.is_fresh:
            return load_model(self.model, self.device, word_vectors=self.words).features
        config = self.config()
        if config.published is not None:
            raise AqgtError(
                "Features of a published model need its audio VQ.",
                "Give --audio-vq with the output folder of that stage, or name a model's folder instead of a"
                " config; `aqgt models import` makes one.",
                "bad-usage",
            )
        vectors = open_word_vectors(config, Path(self.model).resolve().parent, self.words, fresh=True)
        return CompactFeatures(config.features, vectors, window=config.window)

    def fingerprint(self) -> str:
        """Text that changes whenever the features would."""
        parts = [self.config().model_dump_json(include={"fps", "window", "features", "published", "text"})]
        if self.config().annotation.forms:
            parts.append(" ".join(self.config().annotation.forms))
        if self.words is not None:
            parts.append(file_sha256(self.words))
        folder = None if self.is_fresh else folder_of(self.model)
        if folder is not None:
            files = sorted(folder.glob("*.safetensors"))
            parts += [file_sha256(path) for path in files if path.stem in ("words", "audio_vq")]
            parts.append(file_sha256(folder / CONFIG))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def audio_vq(self) -> str | None:
        """Which audio VQ the codes of sound are from; None where there are none."""
        folder = None if self.is_fresh else folder_of(self.model)
        if self.config().published is None or folder is None:
            return None
        return digest_of_weights(folder / AUDIO_VQ)


def digest_of_weights(path: Path) -> str:
    """SHA-256 of the names and numbers in a safetensors file, whatever their order and metadata.

    Raises:
        AqgtError: the file can't be read.
    """
    from safetensors.numpy import load

    try:
        weights = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise AqgtError(f"The weights “{path}” can't be read.", "Check the folder.", "bad-weights") from error
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(f"{name} {value.dtype} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
