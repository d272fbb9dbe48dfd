# SPDX-License-Identifier: GPL-3.0-or-later
"""wav2vec2 and BERT by `transformers`, on tiny networks with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.errors import AqgtError
from aqgt.speech.beats import WINDOW_SAMPLES
from aqgt.speech.published.pretrained import Bert, Wav2Vec2, source_of
from aqgt.speech.published.windows import standardised

transformers = pytest.importorskip("transformers", reason="the extra “published” is not installed")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "house", "is", "over", "there", "hello"]


@pytest.fixture(scope="module")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("bert")
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    return folder


@pytest.fixture(scope="module")
def wav2vec2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("wav2vec2")
    config = transformers.Wav2Vec2Config(  # kernels and strides of the base model
        vocab_size=32,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.Wav2Vec2ForCTC(config).save_pretrained(folder)
    return folder


def windows(n: int) -> np.ndarray:
    sound = np.random.default_rng(0).standard_normal((n, WINDOW_SAMPLES)).astype(np.float32)
    return standardised(sound)


def test_logits_of_a_window(wav2vec2_folder: Path) -> None:
    encoder = Wav2Vec2(str(wav2vec2_folder))
    together = encoder.logits(windows(3))
    assert together.shape == (3, 113, 32)
    assert together.dtype == np.float32
    assert together.std() > 0
    for index in range(3):
        alone = encoder.logits(windows(3)[index : index + 1])
        assert np.abs(alone[0] - together[index]).max() <= 1e-5


def test_input_is_what_the_processor_gives(wav2vec2_folder: Path) -> None:
    processor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    raw = 0.3 * np.random.default_rng(1).standard_normal((1, WINDOW_SAMPLES)).astype(np.float32) + 0.1
    expected = processor(raw[0], sampling_rate=16_000, return_tensors="np").input_values
    np.testing.assert_allclose(standardised(raw), expected, atol=1e-5)


def test_sentences_in_a_batch_equal_each_alone(bert_folder: Path) -> None:
    encoder = Bert(str(bert_folder), width=16)
    sentences = ["the house is over there", "", "Hello", "over there the unheard-of house is"]
    together = encoder.vectors(sentences)
    assert together.shape == (4, 16)
    for index, sentence in enumerate(sentences):
        assert np.abs(encoder.vectors([sentence])[0] - together[index]).max() <= 1e-5
    assert np.abs(together[0] - together[2]).max() > 1e-4, "the sentence shows in its vector"
    assert np.array_equal(encoder.vectors(["HELLO"]), encoder.vectors(["hello"])), "upper case is not read"


def test_long_sentences_are_read_to_their_500th_token(bert_folder: Path) -> None:
    encoder = Bert(str(bert_folder), width=16)
    # 498 words and the two tokens around them.
    words = ["the", "house"] * 300
    short, long, other = (" ".join(each) for each in (words[:498], words, [*words[:498], "hello"]))
    assert np.array_equal(encoder.vectors([short]), encoder.vectors([long]))
    assert np.array_equal(encoder.vectors([short]), encoder.vectors([other]))
    assert not np.array_equal(encoder.vectors([short]), encoder.vectors([" ".join(words[:497])]))


@pytest.mark.parametrize(("kind", "option"), [(Wav2Vec2, "wav2vec2"), (Bert, "bert")])
def test_a_missing_network_says_how_to_give_its_folder(
    kind: type, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = kind(str(tmp_path))
    with pytest.raises(AqgtError, match=f"--{option} FOLDER") as caught:
        encoder.logits(windows(1)) if kind is Wav2Vec2 else encoder.vectors(["hello"])
    assert caught.value.code == f"no-{option}"
    assert str(tmp_path) in caught.value.sentence


def test_what_does_not_belong_together_is_refused(
    bert_folder: Path, wav2vec2_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(AqgtError, match="16 numbers in a sentence's vector, not 768"):
        Bert(str(bert_folder)).vectors(["hello"])
    with pytest.raises(AqgtError, match="32 tokens in its vocabulary, not 31"):
        Wav2Vec2(str(wav2vec2_folder), tokens=31).logits(windows(1))
    transformers.BertModel.from_pretrained(bert_folder).save_pretrained(tmp_path / "wordless")
    with pytest.raises(AqgtError, match="words in its list, not 11"):
        Bert(str(tmp_path / "wordless"), width=16).vectors(["hello"])
    # Without its head wav2vec2 recognises no speech; transformers would make one up.
    transformers.Wav2Vec2Model.from_pretrained(wav2vec2_folder).save_pretrained(tmp_path / "headless")
    with pytest.raises(AqgtError, match=r"its weights lack lm_head\.bias and 1 more"):
        Wav2Vec2(str(tmp_path / "headless")).logits(windows(1))


def test_a_folder_of_the_models_own_comes_first(tmp_path: Path) -> None:
    name = "bert-base-uncased"
    assert source_of(tmp_path, "bert", name) == name
    for folder in ("elsewhere", "bert"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text("{}")
    assert source_of(tmp_path, "nothing", "elsewhere") == str(tmp_path / "elsewhere")
    assert source_of(tmp_path, "bert", name) == str(tmp_path / "bert")
    assert source_of(tmp_path, "bert", "elsewhere") == str(tmp_path / "bert")
