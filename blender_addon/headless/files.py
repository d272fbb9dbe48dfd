# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens and writes files for the jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from aqgt.errors import AqgtError


def open_blend(path: Path) -> None:
    """Open a .blend; scripts inside it are not run.

    Raises:
        AqgtError: it is missing or no .blend of this or an earlier Blender.
    """
    if not path.is_file():
        raise AqgtError(f"There is no file “{path}”.", "Check the path and its spelling.", "no-file")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise AqgtError(
            f"Blender cannot open “{path.name}” ({str(error).strip()}).",
            "Give a .blend saved by this or an earlier version of Blender.",
            "bad-blend",
        ) from None


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A path with the target's suffix to write to; it becomes the target at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
