# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus saga`: recordings annotated in ELAN as SaGA is."""

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


def saga(
    source: Annotated[
        Path, typer.Argument(help="Folder with .eaf files, motion and sound of the same name.")
    ],
    output: ClipDatabase,
    language: Annotated[
        str, typer.Option(help="de: the words of the ELAN file; en: those of its translation beside it.")
    ] = "de",
    skeleton: Skeleton = None,
    fps: FrameRate = None,
    split: Shares = None,
    seed: SplitSeed = 0,
    without_sound: WithoutSound = False,
    resume: Resume = False,
) -> None:
    """Import recordings with the ELAN tiers of SaGA as clips with the 17 annotation channels."""
    from aqgt_training.corpora.cli_shards import shares_of
    from aqgt_training.corpora.import_motion import MotionOptions
    from aqgt_training.corpora.importing import ImportOptions
    from aqgt_training.corpora.joint_arrays import load_skeleton_map
    from aqgt_training.corpora.saga_corpus import annotated_recordings, import_saga
    from aqgt_training.corpora.splits import SplitRule

    console = Console(stderr=True)
    options = ImportOptions(
        MotionOptions(load_skeleton_map(skeleton) if skeleton else None, fps=fps),
        language,
        splits=SplitRule(shares_of(split), seed=seed),
        without_sound=without_sound,
    )
    recordings = annotated_recordings(source)
    with naming_problems(console, "Recordings", len(recordings)) as progress:
        manifest = import_saga(recordings, output, options, resume=resume, progress=progress)
    info = manifest["info"]
    console.print(
        f"{manifest['clips']} clips ({manifest['seconds'] / 60:.1f} min) in {output}; "
        f"{len(info['skipped'])} recordings were left out"
    )
    for label, count in sorted(info["labels_without_number"].items()):
        console.print(f"no number for {label} ({count} times): written as 0", style="yellow", markup=False)
