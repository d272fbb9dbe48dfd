# SPDX-License-Identifier: GPL-3.0-or-later
"""What every metric asks of its input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqgt.errors import AqgtError


def finite(values: ArrayLike, name: str, shape: str, ndim: int, *, last: int | None = None) -> NDArray[Any]:
    """``values`` as a float array of ``ndim`` axes.

    Args:
        name: what the values are, for the error.
        shape: how the axes are called, for the error.
        last: length of the last axis, where it is fixed.

    Raises:
        AqgtError: another shape, no values at all, or values that are NaN or infinite.
    """
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    if array.ndim != ndim or (last is not None and array.shape[-1] != last):
        raise AqgtError(
            f"The {name} have the shape {list(array.shape)}.", f"Give an array {shape}.", "bad-shape"
        )
    if array.size == 0:
        raise AqgtError(f"The {name} are empty: {list(array.shape)}.", "Give at least one of each.", "empty")
    if not np.isfinite(array).all():
        raise AqgtError(
            f"The {name} hold NaN or infinite values.", "Check where they were made.", "not-finite"
        )
    return array


def same_shape(generated: NDArray[Any], reference: NDArray[Any]) -> None:
    """Refuses a pair of different shapes."""
    if generated.shape != reference.shape:
        raise AqgtError(
            f"Generated and reference differ in shape: {list(generated.shape)} and {list(reference.shape)}.",
            "Cut both to the same frames and joints.",
            "shapes-differ",
        )


def sequences_of(
    sequences: Iterable[ArrayLike], name: str, *, min_frames: int, joints: bool = True
) -> list[NDArray[Any]]:
    """A list of sequences `[T, J, 3]` in double precision; without ``joints`` they may be `[T, D]`."""
    found = []
    for sequence in sequences:
        array = np.asarray(sequence, dtype=np.float64)
        if not joints and array.ndim == 2:
            array = array[..., None]
        wanted = "[T, J, 3]" if joints else "[T, D] or [T, J, 3]"
        array = finite(array, name, wanted, 3, last=3 if joints else None)
        if len(array) < min_frames:
            raise AqgtError(
                f"One of the {name} has {len(array)} frames; {min_frames} are needed.",
                "Leave it out.",
                "too-short",
            )
        found.append(array)
    if not found:
        raise AqgtError(f"There are no {name}.", "Give at least one.", "empty")
    return found
