# SPDX-License-Identifier: GPL-3.0-or-later
"""Training windows as the published pipeline cuts them, with its errors, for who wants its numbers back.

Left as they are there: words are chosen by bounds that are right only in clips from frame 0 on; the still
filter looks at the spread of the joints in space; after a window that the filter drops, annotations belong
to an earlier window than the motion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.annotations import N_CHANNELS, UNKNOWN
from aqgt.speech.published.features import PublishedFeatures
from aqgt.speech.published.windows import scaled, standardised
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.published import words as published_words
from aqgt_training.corpora.published.annotations import frames_of_window, with_occurrence
from aqgt_training.corpora.published.poses import fixed_length, is_still, resample
from aqgt_training.corpora.published.sound import SAMPLE_RATE, TRAINING_SAMPLES, training_beats

FPS, WINDOW, STRIDE = 15.0, 34, 8
_ANNOTATION_FPS = 25.0
"""What the published code takes the annotations' frame rate to be, whatever it is."""


def original_windows(clip: ClipRecord, features: PublishedFeatures) -> Iterator[dict[str, Any]]:
    """The windows of a clip, which is at the frame rate of its video."""
    positions = skeleton.positions_from_bone_vectors(np.asarray(clip.bone_vectors, dtype=np.float64))
    poses = resample(positions, len(positions) / clip.fps, FPS)
    starts = range(0, len(poses) - WINDOW + 1, STRIDE)
    kept = [at for at in starts if not is_still(poses[at : at + WINDOW])]
    for at, annotated_at in zip(kept, starts, strict=False):
        sound = _sound(clip.samples(), at, len(poses))
        level = scaled(sound[None].astype(np.float32))
        bottom, top = features.codes.values(level)
        vectors = skeleton.bone_vectors_from_positions(poses[at : at + WINDOW])
        sentence = " ".join(_words(clip, at))
        yield {
            "beats": training_beats(sound),
            "audio_bottom": bottom[0].astype(np.float32),
            "audio_top": top[0].astype(np.float32),
            "logits": features.sound.logits(standardised(level))[0].astype(np.float32),
            "sentence": features.sentences.vectors([sentence])[0].astype(np.float32),
            "annotations": _annotations(clip, annotated_at),
            "bone_vectors": vectors.astype(np.float32),
            "clip": clip.name,
            "frame": at,
            "speaker": clip.speaker,
        }


def _sound(audio: NDArray[np.float32], at: int, n_frames: int) -> NDArray[np.float32]:
    """A window's sound, its place told by the share of the clip's frames before it."""
    start = math.floor(at / n_frames * len(audio))
    length = int(WINDOW / FPS * SAMPLE_RATE)
    sound = audio[start : start + length]
    return fixed_length(np.pad(sound, (0, length - len(sound))), TRAINING_SAMPLES)


def _words(clip: ClipRecord, at: int) -> list[str]:
    first = int(clip.meta.get("start_frame", 0))
    timed = [
        (word.text, first + round(word.start * clip.fps), first + round(word.end * clip.fps))
        for word in clip.words
    ]
    return [word[0] for word in published_words.in_window(timed, first + at, first + at + WINDOW, clip.fps)]


def _annotations(clip: ClipRecord, at: int) -> NDArray[np.float32]:
    if clip.annotations is None:
        return np.full((N_CHANNELS, WINDOW), UNKNOWN, np.float32)
    frames = frames_of_window(at, at + WINDOW, clip.annotations.shape[1], _ANNOTATION_FPS, FPS)
    return with_occurrence(clip.annotations[:, frames])
