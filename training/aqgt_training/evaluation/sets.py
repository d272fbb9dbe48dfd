# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of motions for the same held-out clips: of models, the recorded ones, what any model must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import CHANNEL_BY_KEY, CHANNELS, HANDS
from aqgt.errors import AqgtError
from aqgt.generation import generate_many
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.evaluation.asked_forms import form_spans

CONDITIONS = ("annotated", "planner", "none")
ABOUT = {
    "annotated": "the model with the clip's annotations, and its gesture forms where it knows any",
    "planner": "the model with the planner's annotations",
    "none": "the model without annotations",
    "channels": "the model with the clip's annotations, but for its gesture forms",
}
_PHASES = [CHANNEL_BY_KEY[f"phase_{side}"].index for side in HANDS]
_TOLERATED = 2
"""Frames by which a motion may differ from its clip: lengths are rounded, not cut."""


@dataclass(frozen=True)
class MotionSet:
    """Motions for clips, one each and in their order.

    Attributes:
        name: e.g. ``"annotated"`` or ``"mean pose"``.
        motions: on the clips' bone lengths, root at the origin.
        about: what it is, in a few words.
    """

    name: str
    motions: tuple[Motion, ...]
    about: str = ""


def recorded(clips: Sequence[ClipRecord]) -> MotionSet:
    """The clips' own motions."""
    return MotionSet("real", tuple(fitted(clip.motion(), clip) for clip in clips), "the corpus's own motion")


def generated(
    model: LoadedModel,
    clips: Sequence[ClipRecord],
    *,
    prefix: str = "",
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> list[MotionSet]:
    """The model's motions with the clips' annotations, with the planner's, and with none."""
    made: dict[str, list[Motion]] = {name: [] for name in CONDITIONS}
    for number, clip in enumerate(clips):
        # One array of samples for all three, so that they share their features.
        audio = clip.samples()
        requests = [_request(model, clip, audio, name, seed + number) for name in CONDITIONS]
        for name, result in zip(CONDITIONS, generate_many(requests, model), strict=True):
            made[name].append(fitted(result.motions[0], clip))
        if progress is not None:
            progress((number + 1) / len(clips))
    return [MotionSet(prefix + name, tuple(motions), ABOUT[name]) for name, motions in made.items()]


def planned(model: LoadedModel, clips: Sequence[ClipRecord], *, seed: int = 0) -> MotionSet:
    """The model's motions with the planner's annotations alone."""
    return of_condition(model, clips, "planner", seed=seed)


def of_condition(
    model: LoadedModel, clips: Sequence[ClipRecord], condition: str, *, seed: int = 0
) -> MotionSet:
    """The model's motions under one of the conditions in `ABOUT`."""
    requests = [
        _request(model, clip, clip.samples(), condition, seed + number) for number, clip in enumerate(clips)
    ]
    made = [result.motions[0] for result in generate_many(requests, model)]
    motions = tuple(fitted(motion, clip) for motion, clip in zip(made, clips, strict=True))
    return MotionSet(condition, motions, ABOUT[condition])


def _request(
    model: LoadedModel, clip: ClipRecord, audio: NDArray[np.float32], condition: str, seed: int
) -> GenerateRequest:
    conditions: dict[str, dict[str, Any]] = {
        "annotated": {
            "track": clip.track().values,
            "spans": form_spans(clip, model.config.annotation.forms),
        },
        "channels": {"track": clip.track().values},
        "planner": {},
        "none": {"annotate": "none"},
    }
    speaker = min(clip.speaker, model.config.speaker.count - 1)
    return GenerateRequest(audio, tuple(clip.words), seed=seed, speaker=speaker, **conditions[condition])


def baselines(
    clips: Sequence[ClipRecord], mean_vectors: NDArray, rest_vectors: NDArray, *, seed: int = 0
) -> list[MotionSet]:
    """What a model must beat: standing in the mean or the rest pose, and real motion of other clips.

    Args:
        mean_vectors, rest_vectors: `[53, 3]` of the training split.
    """
    still = {"mean pose": mean_vectors, "rest pose": rest_vectors}
    sets = [
        MotionSet(
            name,
            tuple(
                fitted(Motion(clip.fps, np.repeat(pose[None], len(clip.bone_vectors), axis=0)), clip)
                for clip in clips
            ),
            f"standing still in the {name} of the training clips",
        )
        for name, pose in still.items()
    ]
    if len(clips) > 1:
        sets.append(MotionSet("real, shuffled", tuple(_shuffled(clips, seed)), "real motions of other clips"))
    return sets


def _shuffled(clips: Sequence[ClipRecord], seed: int) -> list[Motion]:
    """Each clip gets the next one's motion in a random order, repeated or cut to its length."""
    order = np.random.default_rng(seed).permutation(len(clips))
    following = {int(a): int(b) for a, b in zip(order, np.roll(order, -1), strict=True)}
    motions = []
    for number, clip in enumerate(clips):
        other = clips[following[number]].motion()
        at = np.arange(len(clip.bone_vectors))
        # There and back again, so that a repeat doesn't jump.
        period = max(1, 2 * len(other) - 2)
        at = np.minimum(at % period, period - at % period)
        motions.append(fitted(Motion(other.fps, other.bone_vectors[at], other.lengths), clip))
    return motions


def fitted(motion: Motion, clip: ClipRecord) -> Motion:
    """A motion on a clip's bone lengths and frames, its root at the origin.

    Raises:
        AqgtError: it is more than two frames longer or shorter than the clip.
    """
    moved = motion.resample(clip.fps).with_lengths(np.asarray(clip.lengths))
    wanted = len(clip.bone_vectors)
    if abs(len(moved) - wanted) > _TOLERATED or len(moved) == 0:
        raise AqgtError(
            f"A motion for the clip “{clip.name}” has {len(moved)} frames; the clip has {wanted}.",
            "Give a motion of the clip's length.",
            "shapes-differ",
        )
    at = np.minimum(np.arange(wanted), len(moved) - 1)
    return Motion(clip.fps, moved.bone_vectors[at], moved.lengths)


@dataclass(frozen=True)
class TrainingPoses:
    """Mean and rest bone vectors `[53, 3]` of the training split; of all clips where there is none."""

    mean: NDArray[np.float32]
    rest: NDArray[np.float32]


def training_poses(corpus: Path, limit: int = 60) -> TrainingPoses:
    """Mean of all frames, and median of those without gesture, of at most ``limit`` training clips.

    Raises:
        AqgtError: the corpus is empty.
    """
    with ClipReader(corpus) as reader:
        names = [name for name in reader.names if reader.split_of(name) == "train"] or reader.names
        if not names:
            raise AqgtError(f"The corpus {corpus} is empty.", "Compose or import it again.", "empty-corpus")
        step = max(1, len(names) // limit)
        vectors, resting = [], []
        for name in names[::step]:
            clip = reader[name]
            own = np.asarray(clip.bone_vectors, np.float32).copy()
            own[:, 0] = 0.0
            vectors.append(own)
            resting.append((clip.track().values[_PHASES] <= 0).all(axis=0))
    frames, at_rest = np.concatenate(vectors), np.concatenate(resting)
    rest = np.median(frames[at_rest if at_rest.any() else slice(None)], axis=0)
    return TrainingPoses(frames.mean(axis=0, dtype=np.float64).astype(np.float32), rest.astype(np.float32))


def is_annotated(clip: ClipRecord) -> bool:
    """Whether anybody annotated the clip's gestures."""
    labelled = [channel.index for channel in CHANNELS if channel.family == "phase"]
    return clip.annotations is not None and bool((np.asarray(clip.annotations)[labelled] > 0).any())
