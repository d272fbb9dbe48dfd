# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt preview`: a motion as a stick-figure video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def preview(
    motion: Annotated[Path, typer.Argument(help="Motion as `aqgt generate` writes it (NPZ), or a BVH file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the video goes (MP4).")],
    audio: Annotated[Path | None, typer.Argument(help="Its sound.")] = None,
    fps: Annotated[float, typer.Option(min=1, max=60, help="Pictures per second.")] = 30.0,
) -> None:
    """Draw a motion as a stick figure, with its sound."""
    from aqgt.cli.inputs import read_sound, require_file
    from aqgt.cli.outputs import require_suffix
    from aqgt.cli.progress import note, stages
    from aqgt.errors import AqgtError
    from aqgt.preview import write_preview

    require_suffix(output, (".mp4",))
    require_file(motion, "motion")
    words: tuple = ()
    spans: tuple = ()
    if motion.suffix.lower() == ".bvh":
        from aqgt.formats.bvh import read_bvh

        moved = read_bvh(motion)
    elif motion.suffix.lower() == ".npz":
        from aqgt.formats.npz import read_npz

        record = read_npz(motion)
        moved, words, spans = record.motion, tuple(record.words), tuple(record.spans)
    else:
        raise AqgtError(f"“{motion}” is no motion.", "Give an NPZ or a BVH file.", "bad-motion")
    sound = read_sound(audio) if audio is not None else None
    with stages(f"Drawing {output.name}") as advance:
        write_preview(output, moved, sound, words=words, spans=spans, fps=fps, progress=advance)
    note(f"{output}: {moved.duration:.1f} s.")
