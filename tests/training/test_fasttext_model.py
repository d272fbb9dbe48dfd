# SPDX-License-Identifier: GPL-3.0-or-later
"""A model that reads the 300 numbers of a fastText .bin: trained, saved, loaded, and used by command."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from aqgt.formats.npz import read_npz
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.registry import load_model, save_model
from aqgt.models.word_table import open_word_vectors
from aqgt.resources import data_path
from aqgt.speech.features import CompactFeatures
from aqgt_training.corpora.windows import WindowSampler, load_clips
from aqgt_training.stages.build import build_generator_training
from aqgt_training.stages.config import GeneratorStage
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.trainer import Trainer
from tests.cli.conftest import write_wav
from tests.speech.fasttext_files import random_bin
from tests.training.tiny_corpus import write_tiny_corpus


def _stage(corpus: Path) -> GeneratorStage:
    inputs = Inputs(corpus=corpus)
    return GeneratorStage(inputs=inputs, batch_size=8, max_steps=2, precision="32-true", validate_every=100)


def _words_read(training: Trainer) -> np.ndarray:
    """The word features of all training frames."""
    assert isinstance(training.source, WindowSampler)
    return training.source.clips.features["words"]


def _config(bin_file: Path) -> ModelConfig:
    plain = read_config(data_path("configs", "models", "debug_trained.yaml"))
    raw = plain.model_dump()
    raw["text"] |= {"vectors": "fasttext", "path": bin_file.name}
    raw["features"]["word_dimension"] = 300
    return ModelConfig.model_validate(raw)


def test_from_training_to_a_motion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AQGT_FASTTEXT", raising=False)
    vectors_bin = random_bin(tmp_path / "crawl.bin", 300)
    config = _config(vectors_bin)
    vectors = open_word_vectors(config, tmp_path, fresh=True)
    assert vectors is not None
    corpus = write_tiny_corpus(tmp_path / "corpus")
    training = build_generator_training(
        config,
        _stage(corpus),
        CompactFeatures(config.features, vectors),
        tmp_path / "work",
        accelerator="cpu",
        devices=1,
    )
    spoken = _words_read(training)
    assert spoken.shape[1] == 303
    row = spoken[np.abs(spoken[:, :300]).sum(axis=1) > 0][0]
    np.testing.assert_allclose(row[:300], vectors.vector("hello"), atol=2e-3)
    training.run()
    save_model(tmp_path / "model", config, training.exported_state(), words=vectors, card="# Tiny")

    loaded = load_model(tmp_path / "model", word_vectors=vectors_bin)
    assert loaded.config.text.path == "crawl.bin"
    assert loaded.config.word_columns == 303

    rng = np.random.default_rng(0)
    voice = write_wav(tmp_path / "voice.wav", 0.2 * rng.standard_normal(2 * 16_000))
    (tmp_path / "words.json").write_text('[{"text": "hello", "start": 0.3, "end": 1.5}]')
    arguments = ["generate", voice, "--words", tmp_path / "words.json", "--model", tmp_path / "model"]
    arguments += ["-o", tmp_path / "a.npz"]
    capfd.readouterr()
    assert _aqgt(monkeypatch, *arguments) == 2
    said = capfd.readouterr().err
    for part in ("crawl.bin", "--word-vectors", "$AQGT_FASTTEXT"):
        assert part in said
    assert _aqgt(monkeypatch, *arguments, "--word-vectors", vectors_bin) == 0
    motion = read_npz(tmp_path / "a.npz").motion
    assert motion.bone_vectors.shape == (30, 53, 3)
    assert np.isfinite(motion.bone_vectors).all()
    assert "arning" not in capfd.readouterr().err

    monkeypatch.setenv("AQGT_FASTTEXT", str(vectors_bin))
    assert _aqgt(monkeypatch, *arguments[:-1], tmp_path / "b.npz") == 0
    same = read_npz(tmp_path / "b.npz").motion
    np.testing.assert_array_equal(same.bone_vectors, motion.bone_vectors)


def test_features_made_with_other_vectors_are_not_taken_from_the_cache(tmp_path: Path) -> None:
    corpus = write_tiny_corpus(tmp_path / "corpus", train_clips=4, val_clips=2)
    found = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        config = _config(random_bin(tmp_path / str(seed) / "v.bin", 300, seed=seed))
        features = CompactFeatures(
            config.features, open_word_vectors(config, tmp_path / str(seed), fresh=True)
        )
        training = build_generator_training(
            config, _stage(corpus), features, tmp_path / "work", accelerator="cpu", devices=1
        )
        found.append(_words_read(training))
        alone = load_clips(corpus, "train", features, fingerprint=f"alone {seed}")
        np.testing.assert_array_equal(found[-1], alone.features["words"])
    assert np.abs(found[0] - found[1]).max() > 0.1


def _aqgt(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    from aqgt.cli.app import main

    monkeypatch.setattr(sys, "argv", ["aqgt", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "400")
    try:
        main()
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0
