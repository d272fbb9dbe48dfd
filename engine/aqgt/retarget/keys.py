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
    keyed = np.zeros((n_frames, n_bones), dtype=bool)
    keyed[0] = True
    still = rotations.angle_between(wanted, wanted[:1]).max(axis=0) <= bound
    keyed[-1] = ~still | (n_frames == 1)
    open_bones = np.flatnonzero(~still)
    while len(open_bones):
        mask = keyed[:, open_bones]
        error = _errors(
            values[:, open_bones],
            None if lower is None else lower[:, open_bones],
            wanted[:, open_bones],
            mask,
            mode,
        )
        worst = _worst_of_segments(error, mask, bound)
        keyed[:, open_bones] |= worst
        open_bones = open_bones[worst.any(axis=0)]
    return keyed


def _errors(
    values: Floats, lower: Floats | None, wanted: Floats, keyed: NDArray[np.bool_], mode: str
) -> Floats:
    """Radians `[T, N]` by which rotations between the keys are off, by slerp or as played, the larger one."""
    frames = np.arange(len(values))[:, None]
    before = np.maximum.accumulate(np.where(keyed, frames, 0), axis=0)
    after = np.minimum.accumulate(np.where(keyed, frames, len(values) - 1)[::-1], axis=0)[::-1]
    share = (frames - before) / np.maximum(after - before, 1)
    ends = [np.take_along_axis(values, at[..., None], axis=0) for at in (before, after)]
    played = (1 - share[..., None]) * ends[0] + share[..., None] * ends[1]
    first, last = (np.take_along_axis(wanted, at[..., None], axis=0) for at in (before, after))
    between = rotations.slerp(first, last, share)
    return np.maximum(
        rotations.angle_between(to_quaternions(played, lower, mode), wanted),
        rotations.angle_between(between, wanted),
    )


def _worst_of_segments(error: Floats, keyed: NDArray[np.bool_], bound: float) -> NDArray[np.bool_]:
    """The worst frame between each two keys, where it is above the bound, `[T, N]`."""
    # One long row, bone after bone; each key opens a segment, each bone's first frame is a key.
    row, opens = error.T.ravel(), keyed.T.ravel()
    starts = np.flatnonzero(opens)
    segment = np.cumsum(opens) - 1
    peak = np.maximum.reduceat(row, starts)
    hits = np.flatnonzero((row == peak[segment]) & (row > bound))
    _, first = np.unique(segment[hits], return_index=True)
    worst = np.zeros(row.shape, dtype=bool)
    worst[hits[first]] = True
    return worst.reshape(error.T.shape).T
