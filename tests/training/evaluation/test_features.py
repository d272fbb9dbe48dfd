# SPDX-License-Identifier: GPL-3.0-or-later
"""The feature network of an evaluation: means, kept by corpus, and never shown a held-out clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt_training.evaluation.features import (
    QuickTraining,
    extractor_for,
    features_of,
    independent_windows,
    windows_of,
)
from tests.training.evaluation.motions import lifting, standing
from tests.training.tiny_corpus import write_tiny_corpus

TRAINING = QuickTraining(steps=3, batch_size=8)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"), train_clips=3, val_clips=1)


def test_windows_overlap_by_half_and_count_once_without_overlap() -> None:
    assert windows_of(standing(34), 34).shape == (1, 34, 53, 3)
    assert len(windows_of(standing(33), 34)) == 0
    assert len(windows_of(standing(68), 34)) == 3
    assert (windows_of(standing(34), 34)[:, :, 0] == 0).all()


def test_features_repeat_and_are_kept_by_corpus(corpus: Path, tmp_path: Path) -> None:
    first = extractor_for(corpus, cache=tmp_path, training=TRAINING)
    (kept,) = tmp_path.glob("extractor-*")
    before = (kept / "network.safetensors").stat().st_mtime_ns
    again = extractor_for(corpus, cache=tmp_path, training=TRAINING)
    assert (kept / "network.safetensors").stat().st_mtime_ns == before
    assert again.sha256 == first.sha256
    motions = [lifting("left"), standing(70)]
    one, other = features_of(motions, first), features_of(motions, again)
    assert [each.shape for each in one] == [(2, 32), (3, 32)]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert independent_windows(motions, first) == 1 + 2
    assert extractor_for(corpus, kept).sha256 == first.sha256


def test_held_out_clips_have_no_part_in_it(corpus: Path, tmp_path: Path) -> None:
    other = write_tiny_corpus(tmp_path / "corpus", train_clips=3, val_clips=2)
    hashes = {
        extractor_for(each, cache=tmp_path / name, training=TRAINING).sha256
        for name, each in (("a", corpus), ("b", other))
    }
    assert len(hashes) == 1, "corpora that differ in held-out clips alone give the same network"


def test_what_cannot_be_done_is_said(corpus: Path, tmp_path: Path) -> None:
    untrained = write_tiny_corpus(tmp_path / "corpus", train_clips=0, val_clips=1)
    with pytest.raises(AqgtError, match="no training clips"):
        extractor_for(untrained, cache=tmp_path, training=TRAINING)
    extractor = extractor_for(corpus, cache=tmp_path, training=TRAINING)
    with pytest.raises(AqgtError, match="shorter than a window"):
        features_of([standing(20)], extractor)
