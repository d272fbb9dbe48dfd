# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what commands make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.protocol.messages import GenerateResult

MOTION_SUFFIXES = (".npz", ".bvh", ".mp4")


def require_suffix(path: Path, allowed: Sequence[str]) -> None:
    """Check an output path before any work is done for it.

    Raises:
        AqgtError: the suffix is not allowed, or the folder does not exist.
    """
    if path.suffix.lower() not in allowed:
        raise AqgtError(
            f"“{path}” has no known ending.", f"Let it end in {' or '.join(allowed)}.", "bad-output"
        )
    if not path.parent.is_dir():
        raise AqgtError(f"There is no folder “{path.parent}”.", "Make it, or write elsewhere.", "bad-output")


def named_after(path: Path, preset: str) -> Path:
    """The path of one preset's result: `name-preset.npz`."""
    return path.with_name(f"{path.stem}-{preset}{path.suffix}")


def numbered(path: Path, variant: int, variants: int) -> Path:
    """The path of one variant: unchanged where there is one, else `name-1.npz`, `name-2.npz`, …"""
    return path if variants == 1 else path.with_name(f"{path.stem}-{variant + 1}{path.suffix}")


def write_result(
    path: Path, result: GenerateResult, words: Sequence, audio: NDArray[np.float32], variant: int
) -> Path:
    """Write one variant in the format of the path's suffix and return where it went."""
    target = numbered(path, variant, len(result.motions))
    motion, spans = result.motions[variant], result.spans[variant]
    suffix = path.suffix.lower()
    if suffix == ".npz":
        from dataclasses import asdict

        from aqgt.formats.npz import write_npz

        write_npz(target, motion, words=words, spans=spans, provenance=asdict(result.provenance[variant]))
    elif suffix == ".bvh":
        from aqgt.formats.bvh import write_bvh

        write_bvh(target, motion)
    else:
        from aqgt.cli.progress import stages
        from aqgt.preview import write_preview

        with stages(f"Drawing {target.name}") as advance:
            write_preview(target, motion, audio, words=words, spans=spans, progress=advance)
    return target
