# SPDX-License-Identifier: GPL-3.0-or-later
"""Render some frames of a .blend to numbered pictures: demo_render.py BLEND FOLDER FIRST LAST STEP.

Runs with the Python of .venv-blender; scripts/demo.py starts several, each with its share of the frames.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bpy


def main() -> None:
    """Open, render, leave."""
    blend, folder = Path(sys.argv[1]), Path(sys.argv[2])
    first, last, step = (int(value) for value in sys.argv[3:6])
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    scene = bpy.context.scene
    scene.render.use_sequencer = False  # it holds the sound alone
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.image_settings.compression = 10
    for frame in range(first, last + 1, step):
        scene.frame_set(frame)
        scene.render.filepath = str(folder / f"{frame:06d}.png")
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
    os._exit(0)
