# SPDX-License-Identifier: GPL-3.0-or-later
"""A corpus of seconds, for tests: arms that swing with noise bursts, annotated where they swing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aqgt import skeleton
from aqgt.models.rest_pose import rest_pose
from aqgt.words import Word
from aqgt_training.corpora.clip_lmdb import ClipRecord, ClipWriter


def write_tiny_corpus(folder: Path, *, train_clips: int = 6, val_clips: int = 2, seconds: int = 6) -> Path:
    """Writes the corpus and returns its folder."""
    with ClipWriter(folder) as writer:
        for number in range(train_clips + val_clips):
            split = "train" if number < train_clips else "val"
            writer.add(tiny_clip(f"{split}-{number:02d}", split, number, seconds))
    return folder


def tiny_clip(name: str, split: str, number: int, seconds: int) -> ClipRecord:
    """One clip; even numbers swing the left arm, odd ones the right."""
    rng = np.random.default_rng(number)
    n_frames = seconds * 15
    times = np.arange(n_frames) / 15
    side = number % 2
    swing = np.clip(np.sin(2 * np.pi * times / 3), 0, None)
    vectors = np.repeat(rest_pose()[None], n_frames, axis=0)
    wrist = (skeleton.LEFT_WRIST, skeleton.RIGHT_WRIST)[side]
    vectors[:, wrist, 1] -= 0.05 * swing
    annotations = np.zeros((17, n_frames), dtype=np.float32)
    moving = swing > 0
    annotations[2 + side] = np.where(moving, 2, 0)
    annotations[4 + side] = np.where(moving, 2, 0)
    sound = (
        rng.normal(size=seconds * 16_000)
        * np.repeat(0.01 + swing * 0.2, 16_000 // 15 + 1)[: seconds * 16_000]
    )
    words = [Word("hello", float(t), float(t) + 0.4) for t in range(seconds)]
    return ClipRecord(
        name,
        vectors.astype(np.float16),
        skeleton.HUMAN_LENGTHS,
        (np.clip(sound, -1, 1) * 32767).astype(np.int16),
        words,
        annotations,
        split=split,
        speaker=side,
    )
