# SPDX-License-Identifier: GPL-3.0-or-later
"""The published networks run the way the published code is described to run them, to compare with.

One window at a time: nine calls of the audio VQ, wav2vec2 and BERT for each window, the seed decoded for
nothing, 34 steps one after the other that each decode all 8 rows; PyTorch's own modules, without gradients.
The weights are those of the model that is measured. It is our own code and no part of generation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.generation.windows import published_starts
from aqgt.models import kernels
from aqgt.models.config import POSE_DIMENSIONS
from aqgt.models.generator import GestureGenerator
from aqgt.models.pose_head import VqPoseHead
from aqgt.models.registry import LoadedModel
from aqgt.models.vq import VqVae
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.speech.beats import beat_features
from aqgt.speech.published.audio_codes import CHUNK_SAMPLES, N_CHUNKS, PICTURE, AudioCodes
from aqgt.speech.published.features import PublishedFeatures
from aqgt.speech.published.windows import Transcript, scaled, standardised, window_samples
from aqgt.words import Word

T = TypeVar("T")


class Straightforward:
    """Makes one motion of a clip.

    Args:
        model: a published model.

    Attributes:
        seconds: spent on each part.
        moments: when each window was ready, in seconds since the start.
    """

    def __init__(self, model: LoadedModel) -> None:
        features, generator = model.features, model.generator
        assert isinstance(features, PublishedFeatures)
        assert isinstance(features.codes, AudioCodes)
        self.features, self.generator = features, generator
        self.vq: VqVae = features.codes.vq
        self.seconds: dict[str, float] = {}
        self.moments: list[float] = []

    def run(self, audio: NDArray[np.float32], words: Sequence[Word]) -> NDArray[np.float32]:
        """The network's output of all windows, `[windows, T, 159]`."""
        config = self.generator.config
        starts = published_starts(len(audio) / SAMPLE_RATE, config.window, config.seed_frames, config.fps)
        transcript, outputs = Transcript(words), []
        last: Tensor | None = None
        grouped, self.generator.aligner.grouped = self.generator.aligner.grouped, False
        began = time.perf_counter()
        try:
            with torch.no_grad(), kernels.plain():
                for start in starts:
                    batch = self._features(audio, transcript, start)
                    output = self._timed("generator", partial(self._step, batch, last))
                    last = output[:, -config.seed_frames :]
                    outputs.append(output.cpu().numpy())
                    self.moments.append(time.perf_counter() - began)
        finally:
            self.generator.aligner.grouped = grouped
        return np.concatenate(outputs)

    def _timed(self, part: str, action: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = action()
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - began
        return result

    def _features(
        self, audio: NDArray[np.float32], transcript: Transcript, start: int
    ) -> dict[str, NDArray[Any]]:
        features = self.features
        first, last = start / features.fps, (start + features.window) / features.fps
        sound = window_samples(audio, first)
        level = scaled(sound[None])
        codes = self._timed("audio VQ", lambda: [self._codes(level[0], chunk) for chunk in range(N_CHUNKS)])
        sentence = transcript.sentence(first, last)
        return {
            "beats": self._timed("beats", lambda: beat_features(sound))[None],
            "audio_bottom": np.concatenate([bottom for bottom, _ in codes])[None],
            "audio_top": np.concatenate([top for _, top in codes])[None],
            "logits": self._timed("wav2vec2", lambda: features.sound.logits(standardised(level))),
            "sentence": self._timed("BERT", lambda: features.sentences.vectors([sentence])),
        }

    def _codes(self, level: NDArray[Any], chunk: int) -> tuple[NDArray[Any], NDArray[Any]]:
        picture = np.zeros(PICTURE[0] * PICTURE[1], np.float32)
        picture[:CHUNK_SAMPLES] = level[chunk * CHUNK_SAMPLES : (chunk + 1) * CHUNK_SAMPLES]
        reference = next(self.vq.parameters())
        codes = self.vq.encode(torch.from_numpy(picture.reshape(1, 1, *PICTURE)).to(reference))
        return codes.bottom.flatten().cpu().numpy(), codes.top.flatten().cpu().numpy()

    def _step(self, features: dict[str, NDArray[Any]], last: Tensor | None) -> Tensor:
        generator: GestureGenerator = self.generator
        config, head = generator.config, generator.aligner.head
        assert isinstance(head, VqPoseHead)
        device = generator.pose_mean.device
        batch = {name: torch.from_numpy(x).to(generator.pose_mean) for name, x in features.items()}
        batch["annotations"] = generator.pose_mean.new_full(
            (1, len(config.annotation.sizes), config.window), -1.0
        )
        batch["speaker"] = torch.ones(1, dtype=torch.int64, device=device)
        batch["seed"] = generator.seed_input(last, 1)
        seed = batch["seed"][:, : config.seed_frames, :POSE_DIMENSIONS].unsqueeze(1)
        codes = head.vq.encode(seed)
        head.vq.decode(codes.top, codes.bottom)
        batch["seed_codes"] = torch.cat([codes.top_codes.flatten(1), codes.bottom_codes.flatten(1)], dim=1)
        return generator(batch).bone_vectors
