# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus saga`: recordings annotated in ELAN as SaGA is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aqgt_training.corpora.progress import corpus_progress


def saga(
    source: Annotated[
        Path, typer.Argument(help="Folder with .eaf files, motion and sound of the same name.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for the clip database.")],
    language: Annotated[
        str, typer.Option(help="de: the words of the ELAN file; en: those of its translation beside it.")
    ] = "de",
    skeleton: Annotated[str | None, typer.Option(help="Map of joint arrays, see `corpus import`.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frame rate of motions that do not say.")] = None,
    split: Annotated[str | None, typer.Option(help="Shares, e.g. train=0.9,val=0.1.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split.")] = 0,
    without_sound: Annotated[
        bool, typer.Option("--without-sound", help="Take recordings that have no sound.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
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
    with corpus_progress(console) as bar:
        task = bar.add_task("Recordings", total=len(recordings))

        def progress(name: str, problem: str | None) -> None:
            if problem:
                bar.console.print(f"{name}: {problem}", style="yellow", markup=False)
            bar.advance(task)

        manifest = import_saga(recordings, output, options, resume=resume, progress=progress)
    info = manifest["info"]
    console.print(
        f"{manifest['clips']} clips ({manifest['seconds'] / 60:.1f} min) in {output}; "
        f"{len(info['skipped'])} recordings were left out"
    )
    for label, count in sorted(info["labels_without_number"].items()):
        console.print(f"no number for {label} ({count} times): written as 0", style="yellow", markup=False)
