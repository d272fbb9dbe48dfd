# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion: bone vectors over time with their length table, and what one does with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.errors import AqgtError

_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Motion:
    """Upper-body motion of one speaker.

    Attributes:
        fps: frames per second, > 0.
        bone_vectors: `[T, 53, 3]` float32, child minus parent in the model's axes (x = the speaker's left,
            y down, z away from the viewer); joint 0 holds the root's absolute position.
        lengths: `[53]` bone lengths the vectors were made with, in the unit of the vectors.
    """

    fps: float
    bone_vectors: NDArray[np.float32]
    lengths: NDArray[np.float64] = field(default_factory=lambda: skeleton.HUMAN_LENGTHS)

    def __post_init__(self) -> None:
        vectors = np.asarray(self.bone_vectors, dtype=np.float32)
        if vectors.ndim != 3 or vectors.shape[1:] != (skeleton.N_JOINTS, 3):
            raise AqgtError(
                f"Bone vectors have the shape {vectors.shape}.",
                "Give an array of shape [frames, 53, 3].",
                "bad-motion",
            )
        if not np.isfinite(vectors).all():
            raise AqgtError(
                "The motion holds NaN or infinite values.", "Check where it was made.", "bad-motion"
            )
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise AqgtError(f"The frame rate is {self.fps}.", "Give a frame rate above 0.", "bad-motion")
        lengths = np.asarray(self.lengths, dtype=np.float64)
        if lengths.shape != (skeleton.N_JOINTS,):
            raise AqgtError(
                f"The length table has the shape {lengths.shape}.", "Give 53 bone lengths.", "bad-motion"
            )
        if not (np.isfinite(lengths).all() and (lengths >= 0).all()):
            raise AqgtError(
                "The length table holds NaN, infinite or negative values.",
                "Give 53 bone lengths.",
                "bad-motion",
            )
        object.__setattr__(self, "bone_vectors", vectors)
        object.__setattr__(self, "lengths", lengths)
        object.__setattr__(self, "fps", float(self.fps))

    @classmethod
    def from_positions(cls, positions: NDArray, fps: float) -> Motion:
        """Motion from joint positions `[T, 53, 3]`; the length table is each bone's median length."""
        vectors = skeleton.bone_vectors_from_positions(np.asarray(positions, dtype=np.float64))
        if len(vectors) == 0:
            return cls(fps, vectors.astype(np.float32))
        return cls(fps, vectors.astype(np.float32), np.median(_norms(vectors)[..., 0], axis=0))

    def __len__(self) -> int:
        return len(self.bone_vectors)

    @property
    def duration(self) -> float:
        """Seconds covered by the frames, each counted as 1/fps."""
        return len(self) / self.fps

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame `[T]` in seconds from the start."""
        return np.arange(len(self)) / self.fps

    def positions(self) -> NDArray[np.float32]:
        """Joint positions `[T, 53, 3]` in the unit of the bone vectors."""
        return skeleton.positions_from_bone_vectors(self.bone_vectors)

    def directions(self) -> NDArray[np.float32]:
        """Unit bone directions `[T, 53, 3]`; a bone of no length points as in the reference rest pose."""
        norms = np.linalg.norm(self.bone_vectors, axis=-1, keepdims=True)
        rest = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)
        rest_norms = np.linalg.norm(rest, axis=-1, keepdims=True)
        rest = np.divide(rest, rest_norms, out=np.zeros_like(rest), where=rest_norms > _TINY)
        unit = self.bone_vectors / np.maximum(norms, _TINY)
        return np.where(norms > _TINY, unit, rest).astype(np.float32)

    def with_lengths(self, lengths: NDArray, *, keep_root: bool = False) -> Motion:
        """The same directions on other bone lengths `[53]`; the root goes to the origin unless kept."""
        lengths = np.asarray(lengths, dtype=np.float64)
        vectors = self.directions() * lengths[None, :, None]
        vectors[:, 0] = self.bone_vectors[:, 0] if keep_root else 0.0
        return Motion(self.fps, vectors, lengths)

    def metric(self) -> Motion:
        """The same directions on the metric reference skeleton, pelvis at the origin, in metres."""
        return self.with_lengths(skeleton.REFERENCE_LENGTHS)

    def resample(self, fps: float) -> Motion:
        """Linear interpolation to another frame rate; bone lengths are kept, so limbs do not shrink."""
        if not (np.isfinite(fps) and fps > 0):
            raise AqgtError(f"The frame rate is {fps}.", "Give a frame rate above 0.", "bad-motion")
        if fps == self.fps or len(self) == 0:
            return replace(self, fps=fps)
        n_frames = max(1, round(self.duration * fps))
        return Motion(fps, self.sample(np.arange(n_frames) / fps), self.lengths)

    def sample(self, times: NDArray) -> NDArray[np.float32]:
        """Bone vectors `[N, 53, 3]` at the given seconds; times outside are held at the ends."""
        if len(self) == 0:
            raise AqgtError("The motion holds no frames.", "Generate or load a motion first.", "empty-motion")
        at = np.clip(np.asarray(times, dtype=np.float64) * self.fps, 0, len(self) - 1)
        low = np.minimum(at.astype(int), max(len(self) - 2, 0))
        high = np.minimum(low + 1, len(self) - 1)
        return _mixed(self.bone_vectors[low], self.bone_vectors[high], (at - low)[:, None, None])

    def mirrored(self) -> Motion:
        """Left and right exchanged."""
        order = np.array(skeleton.MIRROR)
        vectors = self.bone_vectors[:, order] * np.array([-1, 1, 1], dtype=np.float32)
        return Motion(self.fps, vectors, self.lengths[order])

    def slice(self, start: float, end: float) -> Motion:
        """The frames from ``start`` up to, not including, ``end`` (seconds)."""
        first = max(0, round(start * self.fps))
        last = min(len(self), max(first, round(end * self.fps)))
        return replace(self, bone_vectors=self.bone_vectors[first:last])

    def join(self, other: Motion, blend: float = 0.0) -> Motion:
        """This motion followed by ``other``; ``blend`` seconds overlap in a cross-fade of directions.

        Raises:
            AqgtError: the frame rates differ, or the length tables do.
        """
        if self.fps != other.fps:
            raise AqgtError(
                f"One motion runs at {self.fps:g}, the other at {other.fps:g} frames per second.",
                "Resample one of them first.",
                "bad-motion",
            )
        if not np.allclose(self.lengths, other.lengths, rtol=1e-3, atol=1e-6):
            raise AqgtError(
                "The two motions have different bone lengths.",
                "Bring both to one length table first.",
                "bad-motion",
            )
        overlap = min(round(blend * self.fps), len(self), len(other))
        if overlap == 0:
            return replace(self, bone_vectors=np.concatenate([self.bone_vectors, other.bone_vectors]))
        weight = (np.arange(1, overlap + 1) / (overlap + 1)).reshape(-1, 1, 1)
        mixed = _mixed(self.bone_vectors[-overlap:], other.bone_vectors[:overlap], weight)
        return replace(
            self,
            bone_vectors=np.concatenate([self.bone_vectors[:-overlap], mixed, other.bone_vectors[overlap:]]),
        )


def _mixed(before: NDArray, after: NDArray, weight: NDArray) -> NDArray[np.float32]:
    """Between two poses: directions and lengths are mixed apart, so that limbs do not shrink on the way.

    Args:
        before: bone vectors `[T, 53, 3]`.
        after: bone vectors `[T, 53, 3]`.
        weight: `[T, 1, 1]`, 0 is ``before`` and 1 is ``after``.
    """
    before, after = before.astype(np.float64), after.astype(np.float64)
    mixed = (1 - weight) * before + weight * after
    wanted = (1 - weight) * _norms(before) + weight * _norms(after)
    norms = _norms(mixed)
    # Opposite directions meet in no direction at all: the nearer one stays.
    lost = norms < 1e-6 * np.maximum(wanted, _TINY)
    nearer = np.where(weight < 0.5, before, after)
    unit = np.where(lost, nearer / np.maximum(_norms(nearer), _TINY), mixed / np.maximum(norms, _TINY))
    mixed[:, 1:] = (unit * wanted)[:, 1:]
    return mixed.astype(np.float32)


def _norms(vectors: NDArray) -> NDArray:
    return np.linalg.norm(vectors, axis=-1, keepdims=True)
