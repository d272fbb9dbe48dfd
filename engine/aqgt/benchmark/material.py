# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: sound, words, and published networks of random weights where there are no others.

Speed does not depend on what weights, sound and words hold, so that nothing has to be downloaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt.models import official
from aqgt.models.frozen import Precision
from aqgt.models.generator import GestureGenerator
from aqgt.models.registry import LoadedModel
from aqgt.models.vq import VqVae
from aqgt.protocol.messages import SAMPLE_RATE, ModelInfo
from aqgt.speech.published.audio_codes import AudioCodes
from aqgt.speech.published.features import PublishedFeatures
from aqgt.speech.published.pretrained import Bert, Wav2Vec2
from aqgt.words import Word

PUBLISHED = ("aqgt-a", "aqgt")
"""Names of models that are built with random weights where no weights are installed."""
_VOCABULARY = (
    *("so", "we", "walked", "along", "the", "river", "until", "it", "was", "dark"),
    *("and", "then", "lights", "came", "on", "over", "there"),
)
_WORDS_PER_SECOND = 2.5


def sound(seconds: float) -> NDArray[np.float32]:
    """Noise that rises and falls four times a second, as syllables do: `[N]` at 16 kHz."""
    rng = np.random.default_rng(0)
    moments = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    loudness = 0.1 * (1 + np.sin(2 * np.pi * 4 * moments)) / 2
    return (loudness * rng.standard_normal(len(moments))).astype(np.float32)


def words(seconds: float) -> tuple[Word, ...]:
    """As many words as people say in that time."""
    step = 1 / _WORDS_PER_SECOND
    return tuple(
        Word(_VOCABULARY[index % len(_VOCABULARY)], index * step, (index + 0.9) * step)
        for index in range(int(seconds * _WORDS_PER_SECOND))
    )


class _RandomWav2Vec2(Wav2Vec2):
    def _load(self) -> Any:
        from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

        return Wav2Vec2ForCTC(Wav2Vec2Config())


class _RandomBert(Bert):
    def _load(self) -> tuple[Any, Any]:
        from transformers import BertConfig, BertModel

        return _tokenize, BertModel(BertConfig())


def _tokenize(sentences: list[str], **_: object) -> Any:
    """Every word as one token of a made-up vocabulary, framed and padded as BERT's are."""
    from transformers import BatchEncoding

    rows = [[101, *(1000 + _VOCABULARY.index(word) for word in text.split()), 102] for text in sentences]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    return BatchEncoding({"input_ids": ids, "attention_mask": (ids > 0).long()})


def random_model(name: str, device: str, precision: Precision) -> LoadedModel:
    """The published networks, wav2vec2-base and BERT-base in full size with random weights."""
    torch.manual_seed(0)
    generator, codes = official.build("generator"), official.build("audio_vq")
    assert isinstance(generator, GestureGenerator)
    assert isinstance(codes, VqVae)
    config = generator.config
    features = PublishedFeatures(
        AudioCodes(codes.to(device).eval()),
        _RandomWav2Vec2("random", device, precision=precision),
        _RandomBert("random", device, precision=precision),
        fps=config.fps,
        window=config.window,
    )
    info = ModelInfo(
        name=name,
        title=f"{config.title}, random weights",
        fps=config.fps,
        licence=config.licence,
        commercial_use=config.commercial_use,
        speakers=config.speaker.count,
        lengths=config.length_table,
        card="",
    )
    return LoadedModel(config, generator.to(device).eval(), features, info, "random")
