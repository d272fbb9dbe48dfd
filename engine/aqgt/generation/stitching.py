# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining windows: cross-fades of bone vectors that keep the bone lengths."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

_TINY = 1e-6


class Lengths:
    """Brings bone vectors to a length table.

    Args:
        table: bone lengths `[53]`.
        fallback: bone vectors `[53, 3]` whose direction stands in for a bone of no length.
    """

    def __init__(self, table: NDArray, fallback: NDArray) -> None:
        self.table = np.asarray(table, dtype=np.float32)[:, None].copy()
        self.table[0] = 0.0
        self.fallback = _unit(np.asarray(fallback, dtype=np.float32))

    def apply(self, vectors: NDArray) -> NDArray[np.float32]:
        """The directions of ``vectors`` `[..., 53, 3]` at the table's lengths; the root becomes zero."""
        norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
        directions = np.where(norms > _TINY, vectors / np.maximum(norms, _TINY), self.fallback)
        return (directions * self.table).astype(np.float32)


def _unit(vectors: NDArray) -> NDArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _TINY)


class Stitcher:
    """Joins windows that overlap: the new one fades in over the last frames of what is there.

    Args:
        overlap: frames that two windows share.
        lengths: applied after blending, or None to leave the blend as it is.
    """

    def __init__(self, overlap: int, lengths: Lengths | None) -> None:
        self.overlap, self.lengths = overlap, lengths
        self._parts: list[NDArray] = []

    def push(self, window: NDArray) -> NDArray:
        """Adds a window `[V, T, 53, 3]`; returns it blended. Its last ``overlap`` frames may still change."""
        if self._parts:
            held = self._parts.pop()
            weight = fade(self.overlap, window.dtype)[:, None, None]
            faded = (1 - weight) * held[:, -self.overlap :] + weight * window[:, : self.overlap]
            window = np.concatenate([faded, window[:, self.overlap :]], axis=1)
            self._parts.append(held[:, : -self.overlap])
        if self.lengths is not None:
            window = self.lengths.apply(window)
        self._parts.append(window)
        return window

    def settle(self) -> NDArray:
        """The frames that can't change any more `[V, T, 53, 3]`; they are handed out once and forgotten."""
        held = self._parts.pop()
        settled = np.concatenate([*self._parts, held[:, : -self.overlap]], axis=1)
        self._parts = [held[:, -self.overlap :]]
        return settled

    def result(self) -> NDArray:
        """Everything pushed so far (and not settled) as one motion `[V, T, 53, 3]`."""
        return np.concatenate(self._parts, axis=1)


def fade(n: int, dtype: DTypeLike = np.float32) -> NDArray:
    """Weights `[n]` of what fades in: evenly from just above 0 to just below 1."""
    weights = np.arange(1, n + 1, dtype=dtype)
    return weights / weights.dtype.type(n + 1)


def smooth_fade(n: int) -> NDArray:
    """Like `fade`, but starting and ending without a jump in speed."""
    x = fade(n)
    return x * x * (3 - 2 * x)


def ease_from(motion: NDArray, offset: NDArray, n: int) -> NDArray:
    """``motion`` `[..., T, 53, 3]` plus an ``offset`` `[..., 53, 3]` that fades out over ``n`` frames."""
    n = min(n, motion.shape[-3])
    eased = motion.copy()
    eased[..., :n, :, :] += (1 - smooth_fade(n))[:, None, None] * offset[..., None, :, :]
    return eased


def become(motion: NDArray, target: NDArray, first: int, lengths: Lengths | None) -> NDArray:
    """Frames of ``motion`` turn into ``target`` step by step; any stretch of it can be joined by itself.

    Args:
        motion: `[..., T, 53, 3]`.
        target: `[n, 53, 3]`.
        first: frame of ``motion`` at which ``target`` begins; may lie outside of it.
        lengths: applied to the frames that are blended.
    """
    low, high = max(first, 0), min(first + len(target), motion.shape[-3])
    if low >= high:
        return motion
    there = slice(low - first, high - first)
    weight = smooth_fade(len(target)).astype(motion.dtype)[there, None, None]
    blended = motion.copy()
    mixed = (1 - weight) * motion[..., low:high, :, :] + weight * target[there]
    blended[..., low:high, :, :] = mixed if lengths is None else lengths.apply(mixed)
    return blended
