# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus gestures`: the gesture clips from SmartBody's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aqgt_training.corpora.progress import corpus_progress


def gestures(
    smartbody: Annotated[Path, typer.Argument(help="A checkout of github.com/worldforge/smartbody.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the arrays, to be named in a corpus config.")
    ],
) -> None:
    """Rebuild the gesture clips that composing needs from the public SmartBody repository."""
    from aqgt_training.corpora.gesture_clips import read_gesture_clips
    from aqgt_training.corpora.smartbody_clips import find_motions, write_clips

    console = Console(stderr=True)
    places = find_motions(smartbody)
    with corpus_progress(console) as bar:
        manifest = write_clips(smartbody, output, bar.track(places, description="Motions"))
    usable = read_gesture_clips(output, mirror=False)
    kinds = len({clip.kind for clip in usable})
    console.print(
        f"{manifest['clips']} motions ({manifest['seconds'] / 60:.1f} min) in {output}; "
        f"{len(usable)} are gestures, of {kinds} kinds"
    )
