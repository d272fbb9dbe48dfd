# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus import`: recordings of motion, sound and words as a clip database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aqgt_training.corpora.cli_options import (
    ClipDatabase,
    FrameRate,
    Resume,
    Shares,
    Skeleton,
    SplitSeed,
    WithoutSound,
)
from aqgt_training.corpora.progress import naming_problems


def import_(
    source: Annotated[Path, typer.Argument(help="Folder with .bvh, .npz or .npy files, sound and words.")],
    output: ClipDatabase,
    skeleton: Skeleton = None,
    bone_map: Annotated[
        str, typer.Option(help="Bone map of BVH files: a name in rigs, a file, or auto.")
    ] = "auto",
    fps: FrameRate = None,
    keep_facing: Annotated[
        bool, typer.Option("--keep-facing", help="Don't turn the speakers to the viewer.")
    ] = False,
    language: Annotated[str | None, typer.Option(help="Language of the words.")] = None,
    tier: Annotated[str | None, typer.Option(help="Tier of the words in TextGrid and ELAN files.")] = None,
    speaker: Annotated[
        str | None, typer.Option(help="Pattern that finds the speaker in a name, e.g. '^([^_]+)'.")
    ] = None,
    split: Shares = None,
    seed: SplitSeed = 0,
    without_sound: WithoutSound = False,
    resume: Resume = False,
) -> None:
    """Import BVH, SMPL-X (BEAT2) or joint arrays, with sound and timed words of the same name."""
    from aqgt_training.corpora.cli_shards import shares_of
    from aqgt_training.corpora.import_motion import MotionOptions
    from aqgt_training.corpora.importing import ImportOptions, find_recordings, import_recordings
    from aqgt_training.corpora.joint_arrays import load_skeleton_map
    from aqgt_training.corpora.splits import SplitRule

    console = Console(stderr=True)
    options = ImportOptions(
        MotionOptions(load_skeleton_map(skeleton) if skeleton else None, bone_map, fps, not keep_facing),
        language,
        tier,
        speaker,
        SplitRule(shares_of(split), seed=seed),
        without_sound,
    )
    recordings = find_recordings(source)
    with naming_problems(console, "Recordings", len(recordings)) as progress:
        manifest = import_recordings(recordings, output, options, resume=resume, progress=progress)
    console.print(
        f"{manifest['clips']} clips ({manifest['seconds'] / 60:.1f} min, {manifest['speakers']} speakers) "
        f"in {output}; {len(manifest['info']['skipped'])} recordings were left out"
    )
