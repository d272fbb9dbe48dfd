# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the model do what an annotation asks? Single gestures on held-out speech, typed as a user would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from aqgt.annotations import HANDS, PREPARATION, RETRACTION, Span
from aqgt.errors import AqgtError
from aqgt.generation import generate_many
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.form_labels import extent_label
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation.control import is_on_side

SIDES = ("left", "right", "both")
EXTENTS = ("small", "medium", "large")
PLACES = ("left", "right", "on-top")
_START, _END = 2.0, 3.0
_CLIP_SECONDS = 5.0
# "Both" counts as right where the weaker hand moves at least this share of the stronger one.
_BOTH_SHARE = 0.5


@dataclass(frozen=True)
class ControlledResult:
    """Figures of the controlled test.

    Attributes:
        gestures: number of gestures made by side and extent.
        right_side: share of them whose asked-for hand moved most (for both: both moved alike).
        excursion: extent -> mean excursion of the asked-for hands, in model units.
        monotone: share of hands of a clip and side whose excursion grows from small to medium to large.
        bucket: share of hands whose excursion has the asked-for extent's label.
        peak_delay: median time from the start of the preparation to the highest wrist speed, in seconds.
        placed: number of one-handed gestures made with a position.
        direction: position -> share of them with the hand left or right of the body, or above the neck.
        relative: share of hands of a clip that are farther left for left than for right, and higher for
            on-top than for either.
    """

    gestures: int
    right_side: float
    excursion: dict[str, float]
    monotone: float
    bucket: float
    peak_delay: float
    placed: int
    direction: dict[str, float]
    relative: float

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def controlled_gestures(
    model: LoadedModel,
    clips: Sequence[ClipRecord],
    *,
    phrase: str = "discourse",
    progress: Callable[[float], None] | None = None,
) -> ControlledResult:
    """One gesture per clip and request: a marker as a user types it, other channels left to the planner.

    Args:
        clips: held-out clips; their sound and words are used, not their motion.

    Raises:
        AqgtError: there are no clips.
    """
    if not clips:
        raise AqgtError("There are no clips to test the model on.", "Give at least one.", "empty")
    tally = _Tally()
    for number, clip in enumerate(clips):
        grid = [(side, "extent", extent) for side in SIDES for extent in EXTENTS]
        grid += [(side, "position", place) for side in HANDS for place in PLACES]
        motions = _made(model, clip, number, phrase, grid)
        for (side, family, label), motion in zip(grid, motions, strict=True):
            if family == "extent":
                tally.extent(side, label, motion)
            else:
                tally.place(side, label, motion)
        tally.end_clip()
        if progress is not None:
            progress((number + 1) / len(clips))
    return tally.result()


def _made(
    model: LoadedModel, clip: ClipRecord, seed: int, phrase: str, grid: Sequence[tuple[str, str, str]]
) -> list[Motion]:
    audio = clip.samples()[: int(_CLIP_SECONDS * SAMPLE_RATE)]
    words = tuple(word for word in clip.words if word.end <= _CLIP_SECONDS)
    speaker = min(clip.speaker, model.config.speaker.count - 1)
    requests = [
        GenerateRequest(
            audio,
            words,
            (Span(_START, _END, side, {"phrase": phrase, family: label}),),
            seed=seed,
            speaker=speaker,
        )
        for side, family, label in grid
    ]
    return [result.motions[0] for result in generate_many(requests, model)]


class _Tally:
    def __init__(self) -> None:
        self.hits: list[bool] = []
        self.delays: list[float] = []
        self.buckets: list[bool] = []
        self.monotone: list[bool] = []
        self.relative: list[bool] = []
        self.excursions: dict[str, list[float]] = {extent: [] for extent in EXTENTS}
        self.directions: dict[str, list[bool]] = {place: [] for place in PLACES}
        self._reach: dict[tuple[str, str], dict[str, float]] = {}
        self._at: dict[str, dict[str, tuple[float, float]]] = {}

    def extent(self, side: str, extent: str, motion: Motion) -> None:
        reach = {
            hand: statistics.excursion(motion, hand, _START - PREPARATION, _END + RETRACTION)
            for hand in HANDS
        }
        self.hits.append(_right_side(reach, side))
        begin = _START - PREPARATION
        for hand in HANDS if side == "both" else (side,):
            self.excursions[extent].append(reach[hand])
            self.buckets.append(extent_label(reach[hand]) == extent)
            self.delays.append(statistics.peak_time(motion, hand, begin, _END) - begin)
            self._reach.setdefault((side, hand), {})[extent] = reach[hand]

    def place(self, side: str, place: str, motion: Motion) -> None:
        first, last = round((_START + _END) / 2 * motion.fps), round(_END * motion.fps)
        positions = motion.positions()[first:last]
        pose = positions.mean(axis=0)
        self.directions[place].append(is_on_side(pose, side, place))
        wrist = statistics.wrist_track(motion, side)[first:last].mean(axis=0)
        self._at.setdefault(side, {})[place] = (float(wrist[0]), float(wrist[1]))

    def end_clip(self) -> None:
        for reach in self._reach.values():
            self.monotone.append(reach["small"] < reach["medium"] < reach["large"])
        for at in self._at.values():
            highest = at["on-top"][1] < min(at["left"][1], at["right"][1])
            self.relative.append(at["left"][0] > at["right"][0] and highest)
        self._reach.clear()
        self._at.clear()

    def result(self) -> ControlledResult:
        return ControlledResult(
            len(self.hits),
            float(np.mean(self.hits)),
            {extent: float(np.mean(values)) for extent, values in self.excursions.items()},
            float(np.mean(self.monotone)),
            float(np.mean(self.buckets)),
            float(np.median(self.delays)),
            sum(map(len, self.directions.values())),
            {place: float(np.mean(values)) for place, values in self.directions.items()},
            float(np.mean(self.relative)),
        )


def _right_side(reach: dict[str, float], side: str) -> bool:
    if side == "both":
        return min(reach.values()) >= _BOTH_SHARE * max(reach.values()) > 0
    other = "left" if side == "right" else "right"
    return reach[side] > reach[other]
