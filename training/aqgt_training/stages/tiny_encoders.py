# SPDX-License-Identifier: GPL-3.0-or-later
"""wav2vec2 and BERT with few and random weights: for tests of a recipe where there are no real ones."""

from __future__ import annotations

from pathlib import Path

import torch

from aqgt.errors import AqgtError
from aqgt.models.registry import BERT, WAV2VEC2

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "and", "of", "to")


def write_tiny_encoders(folder: Path, *, tokens: int, width: int, seed: int = 0) -> Path:
    """Writes both networks; what they say of sound and words means nothing.

    Args:
        folder: gets the sub-folders ``wav2vec2`` and ``bert``.
        tokens: vocabulary of the speech recogniser; its kernels and strides are the base model's.
        width: of a sentence's vector.

    Raises:
        AqgtError: the package transformers is not installed.
    """
    try:
        from transformers import BertConfig, BertModel, Wav2Vec2Config, Wav2Vec2ForCTC
    except ImportError as problem:
        raise AqgtError(
            "Published networks need the package transformers, which is not installed.",
            "Install it by: pip install 'aqgt[published]'.",
            "no-transformers",
        ) from problem
    sound = Wav2Vec2Config(
        vocab_size=tokens,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    text = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=width,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        Wav2Vec2ForCTC(sound).save_pretrained(folder / WAV2VEC2)
        BertModel(text).save_pretrained(folder / BERT)
    (folder / BERT / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return folder
