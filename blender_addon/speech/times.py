# SPDX-License-Identifier: GPL-3.0-or-later
"""The times of a word list as arrays, read once for each change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import changes

Times = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]

_cached_times: tuple[Any, Times] | None = None


def read_times(group: Any) -> Times:
    """Starts, ends and estimated marks of a word list, each `[N]`; read again where one changed."""
    global _cached_times
    count = len(group.words)
    key = (group.as_pointer(), count, changes.revision)
    if _cached_times is not None and _cached_times[0] == key:
        return _cached_times[1]
    starts, ends = np.empty(count, np.float32), np.empty(count, np.float32)
    estimated = np.empty(count, np.bool_)
    group.words.foreach_get("start", starts)
    group.words.foreach_get("end", ends)
    group.words.foreach_get("estimated", estimated)
    _cached_times = key, (starts, ends, estimated)
    return _cached_times[1]
