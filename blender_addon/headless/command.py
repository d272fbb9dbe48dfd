# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender --command aqgt …`: the engine's command line, with this Blender for characters and videos.

blender --command aqgt batch jobs.yaml
blender --command aqgt render scene.blend
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from aqgt.errors import AqgtError

from ..batch.process import engine_command, this_blender

NAME = "aqgt"
_USES_BLENDER = ("batch", "render")


def run(arguments: Sequence[str]) -> int:
    """Run `aqgt` with these arguments and return its exit code; 2 where there is no engine."""
    try:
        command = [*engine_command(), *arguments]
    except AqgtError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments and arguments[0] in _USES_BLENDER and "--blender" not in arguments:
        command += ["--blender", this_blender()]
    if arguments and arguments[0] == "batch":
        command.append("--parent-pipe")
    # The pipe closes with this Blender, and the batch ends with it.
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        return process.wait()
