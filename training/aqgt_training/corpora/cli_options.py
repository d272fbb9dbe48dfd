# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several commands of `aqgt-train corpus` have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ClipDatabase = Annotated[Path, typer.Option("-o", "--output", help="Folder for the clip database.")]
Skeleton = Annotated[
    str | None,
    typer.Option(help="Map of joint arrays: a name in configs/corpora/skeletons, or a TOML file."),
]
FrameRate = Annotated[float | None, typer.Option(help="Frame rate of motions that do not say.")]
Shares = Annotated[str | None, typer.Option(help="Shares, e.g. train=0.9,val=0.05,test=0.05.")]
SplitSeed = Annotated[int, typer.Option(min=0, help="Seed of the split.")]
WithoutSound = Annotated[bool, typer.Option("--without-sound", help="Take recordings that have no sound.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")]
