# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts a clip into windows with the features of a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.skeleton import positions_from_bone_vectors
from aqgt.speech.features import ClipFeatures, CompactFeatures
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.form_names import form_rows
from aqgt_training.corpora.published.poses import movement
from aqgt_training.corpora.resampling import clip_at
from aqgt_training.corpora.window_records import ANNOTATIONS, BONE_VECTORS, FORMS, Window


@dataclass(frozen=True)
class Cutting:
    """How clips become windows.

    Attributes:
        fps: frames per second of a window.
        window: frames of a window.
        stride: frames from one window's start to the next one's.
        minimum_movement: windows in which both wrists stay closer to their mean place are left out (variance
            over time, model units squared); 0 keeps all.
        as_original: windows as the published pipeline cuts them, errors included.
    """

    fps: float = 15.0
    window: int = 34
    stride: int = 8
    minimum_movement: float = 0.0
    as_original: bool = False


def windows_of(
    clip: ClipRecord,
    features: ClipFeatures,
    cutting: Cutting,
    *,
    lengths: NDArray | None = None,
    dtype: Any = np.float16,
    forms: tuple[str, ...] = (),
) -> Iterator[Window]:
    """The windows of a clip; sound, words and annotations are those of the window's own time.

    For a model with gesture forms a window also holds those of both hands, ``"forms"`` `[2, T]`.
    """
    clip = clip_at(clip, cutting.fps, lengths)
    vectors = np.asarray(clip.bone_vectors, dtype=np.float32)
    starts = np.arange(0, len(vectors) - cutting.window + 1, cutting.stride)
    if cutting.minimum_movement > 0:
        positions = positions_from_bone_vectors(vectors)
        moves = [movement(positions[at : at + cutting.window]) for at in starts]
        starts = starts[np.array(moves, dtype=float) >= cutting.minimum_movement]
    if not len(starts):
        return
    arrays = _features(clip, features, [int(at) for at in starts], cutting.window, len(vectors))
    annotations = clip.track().values
    rows = form_rows(clip, annotations, forms) if forms else None
    for number, at in enumerate(int(start) for start in starts):
        frames = slice(at, at + cutting.window)
        yield {
            **{name: array[number].astype(dtype) for name, array in arrays.items()},
            ANNOTATIONS: annotations[:, frames],
            **({} if rows is None else {FORMS: rows[:, frames].astype(np.int16)}),
            BONE_VECTORS: vectors[frames].astype(dtype),
            "clip": clip.name,
            "frame": at,
            "speaker": clip.speaker,
        }


def _features(
    clip: ClipRecord, features: ClipFeatures, starts: list[int], window: int, n_frames: int
) -> dict[str, NDArray[Any]]:
    if not isinstance(features, CompactFeatures):
        return features.open(clip.samples(), clip.words, n_frames).windows(starts)
    # Windows overlap; all frames at once are cheaper than each window by itself.
    whole = features.prepare(clip.samples(), clip.words, n_frames)
    return {name: np.stack([array[at : at + window] for at in starts]) for name, array in whole.items()}
