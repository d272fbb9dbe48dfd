# SPDX-License-Identifier: GPL-3.0-or-later
"""Features beside a corpus, which several processes of one training may want to write at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray


def write_cache(path: Path, arrays: Mapping[str, NDArray]) -> None:
    """Writes an .npz that is whole or not there; of several writers the last one's stays.

    Every writer has an unfinished file of its own: with one name for all, the first would take away what the
    second is still writing, and readers would find half a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.stem}.{uuid4().hex}.part.npz")
    try:
        np.savez(unfinished, **arrays)  # type: ignore[arg-type]
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_cache(path: Path) -> dict[str, NDArray]:
    """The arrays of such a file."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
