# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain speech of natural voices: what the planner and the model make of it, beside synthetic voices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.models.registry import LoadedModel
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.compose import Composer
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.corpora.recordings import read_recordings
from aqgt_training.evaluation.scores import beat_figures, clip_figures, set_figures
from aqgt_training.evaluation.sets import MotionSet, planned, recorded

SYNTHETIC = "synthetic"
_CLIPS = 5
_LISTS = ("metadata.csv", "transcription")
_SHOWN = ("speed_ratio", "jerk_ratio", "pause_rest_share", "frozen_share")


def natural_clips(
    config: ComposeConfig, n_clips: int = _CLIPS, progress: Callable[[float], None] | None = None
) -> dict[str, list[ClipRecord]]:
    """Voice → clips of its recordings with held-out gestures composed on them.

    Args:
        config: of a corpus; every folder with a transcript in ``speech`` of its sources is a voice. Words of
            the corpus's own ``recordings`` may have been heard in training, motions were not seen.
    """
    folders = sorted(path.parent for path in (config.sources / "speech").glob("*/*") if path.name in _LISTS)
    if not folders:
        return {}
    composer = Composer(config.model_copy(update={"recorded": 0.0}))
    found: dict[str, list[ClipRecord]] = {}
    for number, folder in enumerate(folders):
        try:
            recordings = read_recordings(folder)
        except AqgtError:
            continue  # a folder of sounds without one that fits its transcript is no voice
        found[folder.name] = [composer.replay(recordings, "val", each) for each in range(n_clips)]
        if progress is not None:
            progress((number + 1) / len(folders))
    return found


def voice_figures(
    model: LoadedModel,
    voices: Mapping[str, list[ClipRecord]],
    rest: NDArray[np.float32],
    heard: Sequence[ClipRecord] = (),
    made: MotionSet | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, dict[str, Any]]:
    """Per voice: the planner-driven motion against what was composed on the same sound.

    Args:
        voices: see `natural_clips`.
        rest: `[53, 3]` bone vectors of standing still.
        heard, made: the corpus's held-out clips and the planner-driven motions for them; of these the ones
            with a synthetic voice make a row of their own.
    """
    found: dict[str, dict[str, Any]] = {}
    spoken = [i for i, clip in enumerate(heard) if _is_synthetic(clip)]
    if made is not None and spoken:
        clips = [heard[i] for i in spoken]
        found[SYNTHETIC] = _row(clips, MotionSet(SYNTHETIC, tuple(made.motions[i] for i in spoken)), rest)
    for number, (name, clips) in enumerate(voices.items()):
        found[name] = _row(clips, planned(model, clips), rest)
        if progress is not None:
            progress((number + 1) / len(voices))
    return found


def _is_synthetic(clip: ClipRecord) -> bool:
    return bool(clip.meta.get("composed")) and clip.meta.get("voice") != "recorded"


def _row(clips: Sequence[ClipRecord], made: MotionSet, rest: NDArray[np.float32]) -> dict[str, Any]:
    real = recorded(clips)
    rows = [
        [clip_figures(m, r, clip, rest) for m, r, clip in zip(each.motions, real.motions, clips, strict=True)]
        for each in (made, real)
    ]
    figures = set_figures(*rows)
    return {
        "clips": len(clips),
        "seconds": sum(clip.duration for clip in clips),
        **{name: figures[name] for name in _SHOWN},
        "real_pause_rest_share": set_figures(rows[1], rows[1])["pause_rest_share"],
        "beats": beat_figures(made, clips),
    }
