# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the model do what an annotation asks? Single gestures on held-out speech, by side and extent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from aqgt.annotations import PREPARATION, RETRACTION, Span
from aqgt.generation import generate
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.evaluation import motion_statistics as statistics

SIDES = ("left", "right", "both")
EXTENTS = ("small", "medium", "large")
_START, _END = 2.0, 3.0
_CLIP_SECONDS = 5.0
# "Both" counts as right where the weaker hand moves at least this share of the stronger one.
_BOTH_SHARE = 0.5


@dataclass(frozen=True)
class ControlledResult:
    """Figures of the controlled test.

    Attributes:
        gestures: number of gestures made.
        right_side: share of gestures whose asked-for hand moved most (for both: both moved alike).
        excursion: extent -> mean excursion of the asked-for hands, in model units.
        peak_delay: median time from the start of the preparation to the highest wrist speed, in seconds.
    """

    gestures: int
    right_side: float
    excursion: dict[str, float]
    peak_delay: float

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def controlled_gestures(
    model: LoadedModel, clips: Sequence[ClipRecord], *, phrase: str = "discourse"
) -> ControlledResult:
    """One gesture per clip, side and extent: a marker as a user types it, other channels left to the planner.

    Args:
        clips: held-out clips; their sound and words are used, not their motion.
    """
    hits, delays = [], []
    excursions: dict[str, list[float]] = {extent: [] for extent in EXTENTS}
    for number, clip in enumerate(clips):
        audio = clip.samples()[: int(_CLIP_SECONDS * SAMPLE_RATE)]
        words = tuple(word for word in clip.words if word.end <= _CLIP_SECONDS)
        for side in SIDES:
            for extent in EXTENTS:
                span = Span(_START, _END, side, {"phrase": phrase, "extent": extent})
                motion = generate(
                    GenerateRequest(audio, words, (span,), seed=number, speaker=clip.speaker), model
                ).motions[0]
                reach = {
                    hand: statistics.excursion(motion, hand, _START - PREPARATION, _END + RETRACTION)
                    for hand in ("left", "right")
                }
                asked = span.sides
                hits.append(_right_side(reach, side))
                excursions[extent] += [reach[hand] for hand in asked]
                begin = _START - PREPARATION
                delays += [statistics.peak_time(motion, hand, begin, _END) - begin for hand in asked]
    return ControlledResult(
        len(hits),
        float(np.mean(hits)),
        {extent: float(np.mean(values)) for extent, values in excursions.items()},
        float(np.median(delays)),
    )


def _right_side(reach: dict[str, float], side: str) -> bool:
    if side == "both":
        return min(reach.values()) >= _BOTH_SHARE * max(reach.values())
    other = "left" if side == "right" else "right"
    return reach[side] > reach[other]
