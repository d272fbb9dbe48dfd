# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: sound, words, and published networks of random weights where there are no others.

Speed does not depend on what weights, sound and words hold, so that nothing has to be downloaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt import resources
from aqgt.models import official
from aqgt.models.config import read_config
from aqgt.models.generator import GestureGenerator
from aqgt.models.registry import AUDIO_VQ, BERT, WAV2VEC2, save_model
from aqgt.protocol.messages import SAMPLE_RATE
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


def write_random_networks(folder: Path, name: str) -> None:
    """Writes the published generator and audio VQ in full size with random weights, as a model's folder."""
    from safetensors.torch import save_file

    torch.manual_seed(0)
    config = read_config(resources.data_path("configs", "models", f"{name}.yaml"))
    generator = GestureGenerator(config)
    generator.pose_std.fill_(1.0)
    titled = config.model_copy(update={"title": f"{config.title}, random weights"})
    save_model(folder, titled, generator, card="Random weights, to measure speed. Its motion means nothing.")
    save_file(official.build("audio_vq").state_dict(), folder / AUDIO_VQ)


def write_random_encoders(folder: Path) -> None:
    """Adds wav2vec2-base and BERT-base with random weights and a made-up vocabulary to a model's folder."""
    from transformers import BertConfig, BertModel, Wav2Vec2Config, Wav2Vec2ForCTC
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(0)
    Wav2Vec2ForCTC(Wav2Vec2Config()).save_pretrained(folder / WAV2VEC2)
    size = BertConfig().vocab_size
    BertModel(BertConfig()).save_pretrained(folder / BERT)
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_VOCABULARY]
    tokens = known + [f"[unused{index}]" for index in range(size - len(known))]
    (folder / BERT / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")


if __name__ == "__main__":
    # A process of its own, so that the weights it draws are not in memory while others are measured.
    write_random_networks(Path(sys.argv[1]), sys.argv[2])
    write_random_encoders(Path(sys.argv[1]))
