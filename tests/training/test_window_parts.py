# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows of an epoch are shared out among devices without loss of balance or repetition."""

from __future__ import annotations

import numpy as np

from aqgt_training.corpora.windows import ClipArrays, WindowSampler


def sampler(lengths: list[int]) -> WindowSampler:
    """Each frame is told by the x coordinate of its first bone vector."""
    n_frames = sum(lengths)
    vectors = np.zeros((n_frames, 53, 3), dtype=np.float32)
    vectors[:, 0, 0] = np.arange(n_frames)
    clips = ClipArrays(
        {},
        vectors,
        np.zeros((n_frames, 17), dtype=np.float32),
        np.zeros(n_frames, dtype=np.int64),
        np.concatenate([[0], np.cumsum(lengths)[:-1]]),
        np.array(lengths),
    )
    mean, std = np.zeros((53, 3)), np.ones((53, 3))
    return WindowSampler(clips, mean, std, batch_size=4, stride=8, window=34, seed_frames=4)


def first_frames(windows: WindowSampler, **options: int) -> list[int]:
    return [int(x) for batch in windows.epoch(3, **options) for x in batch["target"][:, 0, 0]]


def test_parts_are_disjoint_and_equal() -> None:
    windows = sampler([150, 90, 211])
    parts = [first_frames(windows, part=part, parts=3) for part in range(3)]
    assert len({len(part) for part in parts}) == 1
    together = [frame for part in parts for frame in part]
    assert len(together) == len(set(together)) >= 24


def test_one_part_is_the_whole_epoch() -> None:
    windows = sampler([150, 90, 211])
    assert first_frames(windows) == first_frames(windows, part=0, parts=1)
    assert len(first_frames(windows)) == len(windows.starts) // 4 * 4
