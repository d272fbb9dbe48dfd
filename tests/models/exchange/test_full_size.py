# SPDX-License-Identifier: GPL-3.0-or-later
"""All published networks at their own sizes: original → model → original bit for bit; and generating."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.generation import generate
from aqgt.models import registry
from aqgt.models.checkpoints import read_checkpoint, state_dict_of
from aqgt.models.exchange.exporting import export_model
from aqgt.models.exchange.importing import ImportReport, import_model
from aqgt.models.exchange.tree import Sources, find_sources
from aqgt.models.exchange.verifying import verify
from aqgt.protocol.messages import GenerateRequest
from aqgt.words import spread
from tests.models.checkpoints.published import a_class
from tests.models.exchange import originals
from tests.models.official.filled import filled

pytestmark = pytest.mark.slow

NETWORKS = {
    "generator": (originals.GENERATOR, 626),
    "pose_vq": (originals.POSE_VQ, 96),
    "audio_vq": (originals.AUDIO_VQ, 64),
    "annotation_model": (originals.ANNOTATION, 113),
    "gesture_autoencoder": (originals.AUTOENCODER, 88),
    "discriminator": (originals.GENERATOR, 87),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return originals.save_tree(tmp_path_factory.mktemp("original"))


@pytest.fixture(scope="module")
def report(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImportReport]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AQGT_MODELS", str(tmp_path_factory.mktemp("models")))
        yield import_model(find_sources(root, "aqgt-a"), "aqgt-a")


def test_everything_is_imported(report: ImportReport) -> None:
    counts = {part.part: part.n_weights for part in report.parts}
    assert counts == {**{name: count for name, (_, count) in NETWORKS.items()}, "means": 2, "speakers": 2}
    assert next(part.n_values for part in report.parts if part.part == "generator") == 84_475_412 + 148_480
    assert any("vqvae_audio.ckpt: 2 entries" in note for note in report.notes)
    assert any("annotation_model.bin: 3 entries" in note for note in report.notes)


def test_round_trip(root: Path, report: ImportReport, tmp_path: Path) -> None:
    export_model("aqgt-a", tmp_path / "back")
    for network, (file, count) in NETWORKS.items():
        with a_class("model.vocab", "Vocab"):
            content = torch.load(tmp_path / "back" / file, weights_only=False)
        found = state_dict_of(content, network)
        given = state_dict_of(read_checkpoint(root / file), network)
        assert found.keys() == given.keys() == filled(network).keys()
        assert len(found) == count
        for name, value in given.items():
            assert found[name].dtype == value.dtype, name
            assert torch.equal(found[name], value), name


def test_an_imported_model_generates(report: ImportReport, tmp_path: Path) -> None:
    """The encoders are those of `transformers`, of the right widths but with one layer and random weights."""
    transformers = pytest.importorskip("transformers", reason="the extra “published” is not installed")
    small = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "there"]
    bert = transformers.BertConfig(vocab_size=len(words), hidden_size=768, **small)
    speech = transformers.Wav2Vec2Config(
        vocab_size=32, hidden_size=16, conv_dim=(8,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, **small,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.BertModel(bert).save_pretrained(tmp_path / "bert")
        transformers.Wav2Vec2ForCTC(speech).save_pretrained(tmp_path / "wav2vec2")
    (tmp_path / "bert" / "vocab.txt").write_text("\n".join(words) + "\n")
    import_model(Sources(wav2vec2=tmp_path / "wav2vec2", bert=tmp_path / "bert"), "aqgt-a")
    assert verify("aqgt-a").parts == (
        "audio_vq", "pose_vq", "annotation_model", "gesture_autoencoder", "discriminator", "wav2vec2", "bert",
    )  # fmt: skip

    voice = 0.1 * np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    request = GenerateRequest(audio=voice, words=tuple(spread("hello there", 0.5, 2.0)), model="aqgt-a")
    result = generate(request, registry.load_model("aqgt-a"))
    poses = result.motions[0].bone_vectors
    assert poses.shape == (45, 53, 3)
    assert np.isfinite(poses).all()
    assert poses.std(axis=0).max() > 0
    assert result.provenance[0].licence == "CC-BY-NC-3.0"
    assert not result.provenance[0].commercial_use
    assert any("CC-BY-NC-3.0, does not allow commercial use" in note for note in result.notes)
