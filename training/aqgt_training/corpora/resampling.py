# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips at a model's frame rate and on its bone lengths, whatever they were recorded at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.published.annotations import frames_of_window, with_occurrence


def clip_at(clip: ClipRecord, fps: float, lengths: NDArray | None = None) -> ClipRecord:
    """The clip at another frame rate, and on another length table `[53]` where one is given.

    Annotations are those of the nearest recorded frame; the occurrence is smoothed anew from the entities.
    """
    changes: dict[str, object] = {}
    motion = clip.motion()
    if clip.fps != fps:
        motion = motion.resample(fps)
        changes["fps"] = fps
        if clip.annotations is not None:
            at = frames_of_window(0, len(motion), clip.annotations.shape[1], clip.fps, fps)
            changes["annotations"] = with_occurrence(clip.annotations[:, at])
    if lengths is not None and not np.allclose(lengths, clip.lengths, rtol=1e-3, atol=1e-6):
        motion = motion.with_lengths(lengths, keep_root=True)
        changes["lengths"] = np.asarray(lengths)
    return replace(clip, bone_vectors=motion.bone_vectors, **changes) if changes else clip  # type: ignore[arg-type]
