# SPDX-License-Identifier: GPL-3.0-or-later
"""Features beside a corpus: several processes of one training compute and write them at the same time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.models.config import read_config
from aqgt.resources import data_path
from aqgt.speech.features import CompactFeatures
from aqgt_training.corpora.feature_cache import read_cache, write_cache
from aqgt_training.corpora.windows import ClipArrays, load_clips
from tests.training.tiny_corpus import write_tiny_corpus


def test_two_that_write_at_once_both_get_their_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second computes, writes and ends while the first has written and not yet renamed its file."""
    write_tiny_corpus(tmp_path, train_clips=1, val_clips=0, seconds=4)
    features = CompactFeatures(read_config(data_path("configs", "models", "debug.yaml")).features)
    savez, second = np.savez, []

    def load() -> ClipArrays:
        return load_clips(tmp_path, "train", features, fingerprint="")

    def savez_and_meanwhile(path: Path, **arrays: np.ndarray) -> None:
        savez(path, **arrays)
        monkeypatch.setattr(np, "savez", savez)
        second.append(load())

    monkeypatch.setattr(np, "savez", savez_and_meanwhile)
    first = load()
    monkeypatch.setattr(CompactFeatures, "prepare", None)  # what follows comes from the file
    for other in (*second, load()):
        np.testing.assert_array_equal(other.bone_vectors, first.bone_vectors)
        assert other.features.keys() == first.features.keys()
    assert len(second) == 1
    assert len(list((tmp_path / "features").iterdir())) == 1, "nothing unfinished is left"


def test_a_write_that_fails_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "features" / "train.npz"
    write_cache(path, {"length": np.arange(3)})

    def half(path: Path, **arrays: np.ndarray) -> None:
        path.write_bytes(b"PK")
        raise OSError("no space")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="no space"):
        write_cache(path, {"length": np.arange(4)})
    assert list(read_cache(path)["length"]) == [0, 1, 2]
    assert list(path.parent.iterdir()) == [path]
