# SPDX-License-Identifier: GPL-3.0-or-later
"""Fewer keys: the frames that are needed so that what lies between them is right within a bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.errors import AqgtError
from aqgt.retarget.animation import RigAnimation, to_quaternions

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def reduce_keys(animation: RigAnimation, degrees: float) -> tuple[Indices, ...]:
    """The frames of each channel that are to be keyed, first and last included.

    Between them the rotation stays within the bound, both by slerp and as Blender plays linear curves: each
    component by itself, quaternions brought to unit length. Frames are taken where the error is largest
    until none is left above the bound (Ramer–Douglas–Peucker on rotations). A channel that never moves
    beyond the bound of its first frame keeps that one alone.

    Args:
        animation: what ``solve`` or ``as_additive`` returned.
        degrees: the bound, > 0.

    Returns:
        Ascending frame indices, one array per bone in the order of ``animation.channels()``.

    Raises:
        AqgtError: the bound is not above 0.
    """
    if not (np.isfinite(degrees) and degrees > 0):
        raise AqgtError(f"The bound of {degrees} degrees is no bound.", "Give 0.1 or more.", "bad-option")
    kept: dict[int, Indices] = {}
    channels, modes = animation.channels(), np.array(animation.rotation_modes)
    for mode in dict.fromkeys(animation.rotation_modes):
        places = np.flatnonzero(modes == mode)
        values = np.stack([channels[place].values for place in places], axis=1)
        lower = None
        if animation.base is not None and mode != "QUATERNION":
            lower = np.stack([animation.base[place] for place in places], axis=1)
        mask = _keyed(values, lower, mode, np.radians(degrees))
        kept.update({int(place): np.flatnonzero(mask[:, column]) for column, place in enumerate(places)})
    return tuple(kept[place] for place in range(len(channels)))


def _keyed(values: Floats, lower: Floats | None, mode: str, bound: float) -> NDArray[np.bool_]:
    """Which frames of curves `[T, N, C]` of one rotation mode are needed, `[T, N]`."""
    n_frames, n_bones = values.shape[:2]
    wanted = to_quaternions(values, lower, mode)
    still = _apart(wanted, wanted[:1]).max(axis=0) <= bound
    # One long row, bone after bone, so that all bones are halved at once.
    curves = _Row(values, lower, wanted, mode)
    keyed = np.zeros((n_bones, n_frames), dtype=bool)
    keyed[:, 0] = True
    keyed[~still, -1] = True
    row = keyed.reshape(-1)
    before = np.repeat(np.arange(n_bones) * n_frames, n_frames)
    after = before + n_frames - 1
    inner = ~keyed
    inner[still] = False
    frames = np.flatnonzero(inner)  # those whose segment may still be wrong
    while len(frames):
        error = curves.errors(frames, before[frames], after[frames])
        starts = np.flatnonzero(np.diff(before[frames], prepend=-1))
        segment = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(frames)))
        peak = np.maximum.reduceat(error, starts)
        wrong = peak > bound
        hits = np.flatnonzero((error == peak[segment]) & wrong[segment])
        _, first = np.unique(segment[hits], return_index=True)
        split = np.full(len(starts), -1)
        split[wrong] = frames[hits[first]]
        row[split[wrong]] = True
        frames, at = frames[wrong[segment]], split[segment][wrong[segment]]
        after[frames] = np.where(frames < at, at, after[frames])
        before[frames] = np.where(frames > at, at, before[frames])
        frames = frames[frames != at]
    return keyed.T


class _Row:
    """Curves of several bones in one row of ``N · T`` frames."""

    def __init__(self, values: Floats, lower: Floats | None, wanted: Floats, mode: str) -> None:
        self.values, self.wanted = (np.swapaxes(v, 0, 1).reshape(-1, v.shape[-1]) for v in (values, wanted))
        self.lower = None if lower is None else np.swapaxes(lower, 0, 1).reshape(-1, lower.shape[-1])
        self.mode = mode

    def errors(self, frames: Indices, before: Indices, after: Indices) -> Floats:
        """Radians by which frames between two keys are off, by slerp or as played, the larger one."""
        share = ((frames - before) / (after - before))[:, None]
        played = (1 - share) * self.values[before] + share * self.values[after]
        lower = None if self.lower is None else self.lower[frames]
        wanted = self.wanted[frames]
        by_slerp = _slerp(self.wanted[before], self.wanted[after], share)
        return np.maximum(_apart(to_quaternions(played, lower, self.mode), wanted), _apart(by_slerp, wanted))


def _apart(a: Floats, b: Floats) -> Floats:
    """Angle between unit quaternions `[..., 4]`; cheaper than ``rotations.angle_between``."""
    cosine = np.abs(np.einsum("...i,...i->...", a, b))
    return 2.0 * np.arccos(np.minimum(cosine, 1.0))


def _slerp(a: Floats, b: Floats, share: Floats) -> Floats:
    """``rotations.slerp`` of unit quaternions by weights instead of rotation vectors; share is `[..., 1]`."""
    cosine = np.einsum("...i,...i->...", a, b)[..., None]
    angle = np.arccos(np.minimum(np.abs(cosine), 1.0))
    sine = np.sin(angle)
    near = sine < 1e-6
    safe = np.where(near, 1.0, sine)
    first = np.where(near, 1 - share, np.sin((1 - share) * angle) / safe)
    second = np.where(near, share, np.sin(share * angle) / safe)
    return rotations.normalize(first * a + np.where(cosine < 0, -second, second) * b)
