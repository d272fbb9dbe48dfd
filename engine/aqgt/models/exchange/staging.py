# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aqgt.errors import AqgtError


@contextlib.contextmanager
def staged(root: Path, name: str, *, keep: bool) -> Iterator[Path]:
    """A folder to write into, which takes the model's place when the block ends well.

    It lies one level deeper than a model's folder, so that nobody takes it for one before.
    """
    target = root / name
    stage = _make_stage(root, name)
    folder = stage / name
    try:
        if keep:
            shutil.copytree(target, folder, copy_function=_link)
        else:
            folder.mkdir()
        yield folder
        if target.exists():
            os.replace(target, stage / "before")
        try:
            os.replace(folder, target)
        except OSError:
            if (stage / "before").exists():
                os.replace(stage / "before", target)
            raise
    except OSError as problem:
        raise AqgtError(
            f"The folder “{target}” can't be written ({problem.strerror}).",
            "Check the space and the permissions, or choose another one.",
            "no-file",
        ) from problem
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _make_stage(root: Path, name: str) -> Path:
    try:
        root.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root))
    except OSError as problem:
        raise AqgtError(
            f"The folder “{root}” can't be written ({problem.strerror}).",
            "Choose another one.",
            "no-file",
        ) from problem


def _link(source: str, target: str) -> None:
    """Files are never written in place, so that a second name for them is as good as a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
