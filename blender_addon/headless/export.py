# SPDX-License-Identifier: GPL-3.0-or-later
"""Job kind “export”: what a character in a .blend plays, or one take of it, in a format of the Export menu.

Keys: ``blend``, ``output``; and, where given, ``armature`` (name), ``take`` (name of its Action), ``format``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from ..takes.export import export
from ..takes.provenance import take_named
from . import characters
from .files import whole_file
from .retarget import format_of, write


def run(job: Mapping[str, Any], progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Open and write.

    Returns:
        ``output`` (path).

    Raises:
        AqgtError: the .blend lacks what was named, or the file can't be written.
    """
    armature = characters.load(Path(job["blend"]), job.get("armature"), 30.0)
    progress(0.5, "file opened")
    output = Path(job["output"])
    kind = str(job.get("format") or format_of(output))
    with whole_file(output) as unfinished:
        if job.get("take"):
            export(bpy.context, armature, unfinished, kind, take_named(str(job["take"])))
        else:
            write(armature, unfinished, kind, None)
    return {"output": str(output)}
