# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos with sound of what a model makes of held-out clips while it is trained."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import torch

from aqgt.generation import generate
from aqgt.models.config import ModelConfig
from aqgt.models.generator import GestureGenerator
from aqgt.models.registry import LoadedModel
from aqgt.preview import write_preview
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest, ModelInfo
from aqgt.speech.features import ClipFeatures
from aqgt_training.corpora.clip_lmdb import ClipReader

_LONGEST = 10.0
"""Seconds of a clip that are shown."""


class Samples:
    """Held-out clips to show.

    Args:
        corpus: whose clips; the first ``count`` held-out ones are taken.
        config: of the model.
        features: what the model reads of sound and words.
    """

    def __init__(self, corpus: Path, config: ModelConfig, features: ClipFeatures, count: int) -> None:
        self.config, self.features = config, features
        with ClipReader(corpus) as reader:
            self.clips = list(islice((clip for clip in reader if clip.split == "val"), count))

    def write(self, generator: GestureGenerator, folder: Path) -> list[Path]:
        """Writes a video for each clip; what they are called."""
        folder.mkdir(parents=True, exist_ok=True)
        info = ModelInfo(
            self.config.name,
            self.config.title,
            self.config.fps,
            self.config.licence,
            self.config.commercial_use,
            self.config.speaker.count,
            self.config.length_table,
        )
        model = LoadedModel(self.config, generator, self.features, info, "")
        found = []
        for clip in self.clips:
            audio = clip.samples()[: round(_LONGEST * SAMPLE_RATE)]
            words = tuple(word for word in clip.words if word.end <= _LONGEST)
            with torch.inference_mode():
                motion = generate(GenerateRequest(audio, words), model).motions[0]
            path = folder / f"{clip.name}.mp4"
            write_preview(path, motion, audio, words=words)
            found.append(path)
        return found
