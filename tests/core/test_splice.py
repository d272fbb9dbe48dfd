# SPDX-License-Identifier: GPL-3.0-or-later
"""A gap in a motion, filled: whatever the frame rates and offsets, nothing outside changes a bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.skeleton import OFFICIAL_LENGTHS
from aqgt.splice import fill, open_gap


def motion(n_frames: int = 90, fps: float = 15.0, seed: int = 0) -> Motion:
    vectors = np.random.default_rng(seed).normal(size=(n_frames, 53, 3))
    vectors[:, 0] = 0
    return Motion(fps, vectors.astype(np.float32))


@pytest.mark.parametrize(("fps", "made_fps"), [(15.0, 15.0), (30.0, 15.0), (24.0, 25.0)])
@pytest.mark.parametrize("offset", [0.0, 0.013, -0.4, 0.7])
def test_outside_nothing_changes(fps: float, made_fps: float, offset: float) -> None:
    old = motion(round(6 * fps), fps)
    gap = open_gap(old, offset, 2.0, 4.0)
    assert gap.before is not None
    assert gap.after is not None
    seconds = gap.end - gap.start + gap.after.duration
    made = replace(motion(round(seconds * made_fps), made_fps, seed=1), lengths=old.lengths)
    new = fill(old, gap, made)
    times = offset + np.arange(len(old)) / fps
    outside = (times < 2.0 - 1e-6) | (times >= 4.0 - 1e-6)
    assert len(new) == len(old)
    assert np.array_equal(new.bone_vectors[outside], old.bone_vectors[outside])
    assert not (new.bone_vectors[~outside] == old.bone_vectors[~outside])[:, 1:].any()
    assert np.array_equal(gap.before.bone_vectors[-1], old.bone_vectors[gap.first - 1])
    assert np.array_equal(gap.after.bone_vectors[-1], old.bone_vectors[gap.last - 1])


def test_the_ends_are_open() -> None:
    old = motion(60)
    late = open_gap(old, 0.0, 3.0, 6.0)
    assert (late.before is not None, late.after, late.end) == (True, None, 6.0)
    assert len(fill(old, late, motion(45, seed=1))) == 90
    early = open_gap(old, 1.0, 0.0, 2.0)
    assert (early.first, early.start, early.before) == (-15, 0.0, None)
    longer = fill(old, early, motion(30, seed=1))
    assert np.array_equal(longer.bone_vectors[30:], old.bone_vectors[15:])
    assert len(longer) == 75


def test_other_bone_lengths_are_brought_to_those_there() -> None:
    old = motion()
    old = old.with_lengths(OFFICIAL_LENGTHS)
    new = fill(old, open_gap(old, 0.0, 2.0, 4.0), motion(30, seed=1))
    sizes = np.linalg.norm(new.bone_vectors, axis=-1)[:, 1:]
    np.testing.assert_allclose(sizes, np.broadcast_to(OFFICIAL_LENGTHS[1:], sizes.shape), rtol=1e-4)


def test_a_range_of_a_moment_is_refused() -> None:
    with pytest.raises(AqgtError, match="too short"):
        open_gap(motion(), 0.0, 2.0, 2.2)
