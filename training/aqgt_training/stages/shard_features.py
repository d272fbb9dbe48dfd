# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of a published network that is yet to be trained, for shards: by an audio VQ of one's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqgt.models.config import ModelConfig, read_config
from aqgt.models.registry import BERT, WAV2VEC2
from aqgt.speech.features import ClipFeatures
from aqgt.speech.file_hashes import file_sha256
from aqgt_training.corpora.model_features import digest_of_weights
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.network_files import WEIGHTS


@dataclass(frozen=True)
class PublishedFeatureSpec:
    """See `corpora.shard_plan.Features`.

    Attributes:
        model: config of a published network.
        vq: output folder of the stage audio-vq.
        encoders: folder with ``wav2vec2`` and ``bert``; None: those that the config names.
        device: where the speech networks run.
    """

    model: Path
    vq: Path
    encoders: Path | None = None
    device: str = "cpu"

    def config(self) -> ModelConfig:
        """The model's config."""
        return read_config(self.model)

    def dtype(self) -> type[np.floating]:
        """What published networks read is not rounded."""
        return np.float32

    def open(self) -> ClipFeatures:
        """What computes the features.

        Raises:
            AqgtError: there is no audio VQ, or it has not the config's widths.
        """
        from aqgt_training.stages.build import published_features

        inputs = Inputs(model=self.model, audio_vq=self.vq, encoders=self.encoders)
        return published_features(self.config(), inputs, self.device)

    def fingerprint(self) -> str:
        """Text that changes whenever the features would."""
        parts = [
            self.config().model_dump_json(include={"fps", "window", "published", "text"}),
            self.audio_vq(),
        ]
        for part in (WAV2VEC2, BERT) if self.encoders is not None else ():
            assert self.encoders is not None
            files = sorted(path for path in (self.encoders / part).glob("*") if path.is_file())
            parts += [file_sha256(path) for path in files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def audio_vq(self) -> str:
        """Which audio VQ the codes of sound are from."""
        return digest_of_weights(self.vq / WEIGHTS)
