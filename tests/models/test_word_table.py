# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model's word vectors come from, and what is saved of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.models import registry
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.word_table import FASTTEXT_VARIABLE, open_word_vectors
from aqgt.speech.features import CompactFeatures
from aqgt.speech.word_vectors import WordVectors
from tests.models.tiny import tiny_config, tiny_generator
from tests.speech.fasttext_files import random_bin


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FASTTEXT_VARIABLE, raising=False)


@pytest.fixture
def vectors_bin(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return random_bin(tmp_path / "elsewhere" / "v.bin", 12)


def _config(**text: Any) -> ModelConfig:
    return tiny_config(text={"vectors": "fasttext", **text}, features={"word_dimension": 12})


@pytest.fixture
def saved(tmp_path: Path, vectors_bin: Path) -> Path:
    config = _config(path=str(vectors_bin))
    words = open_word_vectors(config, tmp_path)
    registry.save_model(tmp_path / "model", config, tiny_generator(config), words=words)
    return tmp_path / "model"


def test_a_saved_model_names_its_vectors_without_the_place_they_lay_at(
    saved: Path, vectors_bin: Path
) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["card.md", "config.yaml", "model.safetensors"]
    assert str(vectors_bin.parent) not in (saved / "config.yaml").read_text()
    text = read_config(saved / "config.yaml").text
    assert (text.vectors, text.path) == ("fasttext", "v.bin")
    assert text.sha256 == WordVectors.load(vectors_bin).digest


def test_option_variable_and_folder_are_looked_at(
    saved: Path, vectors_bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dimension(**options: Any) -> int:
        features = registry.load_model(saved, **options).features
        assert isinstance(features, CompactFeatures)
        assert features.vectors is not None
        return features.vectors.dimension

    with pytest.raises(AqgtError, match=r"v\.bin.*--word-vectors.*\$AQGT_FASTTEXT.*folder"):
        registry.load_model(saved)
    assert dimension(word_vectors=vectors_bin) == 12
    for value in (vectors_bin, vectors_bin.parent):
        monkeypatch.setenv(FASTTEXT_VARIABLE, str(value))
        assert dimension() == 12
    monkeypatch.delenv(FASTTEXT_VARIABLE)
    vectors_bin.rename(saved / "v.bin")
    assert dimension() == 12
    with pytest.raises(AqgtError, match=r"not at “.*none\.bin”"):
        registry.load_model(saved, word_vectors=saved / "none.bin")


def test_another_file_of_that_name_is_refused(
    saved: Path, vectors_bin: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = random_bin(tmp_path / "v.bin", 12, seed=1)
    with pytest.raises(AqgtError, match=r"trained with another v\.bin.*SHA-256"):
        registry.load_model(saved, word_vectors=other)
    monkeypatch.setenv(FASTTEXT_VARIABLE, str(other))
    with pytest.raises(AqgtError, match="trained with another"):
        registry.load_model(saved)
    vectors_bin.rename(saved / "v.bin")
    registry.load_model(saved)  # the right one lies in the folder


def test_a_wrong_dimension_says_what_to_set(tmp_path: Path, vectors_bin: Path) -> None:
    config = tiny_config(text={"vectors": "fasttext", "path": str(vectors_bin)})
    with pytest.raises(AqgtError, match=r"have 12 numbers, the model's config says 4.*word_dimension: 12"):
        open_word_vectors(config, tmp_path)


def test_a_fresh_config_s_path_begins_at_its_own_folder(tmp_path: Path, vectors_bin: Path) -> None:
    assert open_word_vectors(_config(path="elsewhere/v.bin"), tmp_path) is not None
    with pytest.raises(AqgtError, match=r"text\.path is not set"):
        open_word_vectors(_config(), tmp_path)
    assert open_word_vectors(_config(), tmp_path, vectors_bin) is not None


def test_other_vectors_can_t_be_saved_as_a_fasttext_file(tmp_path: Path) -> None:
    table = WordVectors(
        ["a"], np.ones((1, 12), np.float32), np.ones((3, 12), np.float32), shortest=3, longest=5
    )
    with pytest.raises(AqgtError, match=r"not the fastText \.bin"):
        registry.save_model(tmp_path / "m", _config(), tiny_generator(_config()), words=table)
    with pytest.raises(AqgtError, match="needs word vectors"):
        registry.save_model(tmp_path / "m", _config(), tiny_generator(_config()))
    assert not (tmp_path / "m").exists()


def test_models_with_vectors_of_their_own_take_no_others(tmp_path: Path, vectors_bin: Path) -> None:
    registry.save_model(tmp_path / "plain", tiny_config(), tiny_generator())
    with pytest.raises(AqgtError, match="reads no word vectors but its own"):
        registry.load_model(tmp_path / "plain", word_vectors=vectors_bin)
    with pytest.raises(AqgtError, match="Name them with --word-vectors"):
        open_word_vectors(tiny_config(text={"vectors": "file"}), tmp_path, fresh=True)


def test_a_path_goes_with_fasttext_only() -> None:
    with pytest.raises(AqgtError, match="go with vectors: fasttext"):
        tiny_config(text={"vectors": "file", "path": "v.bin"})
    with pytest.raises(AqgtError, match="sha256"):
        _config(sha256="abc")
