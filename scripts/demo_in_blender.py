# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's part inside Blender: install the extension from its zip, then do what an animator would do.

scripts/demo.py runs it with the Python of .venv-blender and a fresh user folder. It prints one line
`STEP seconds name` per step.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
from demo_stage import dress

EXTENSION = "bl_ext.user_default.aqgt_gestures"
FPS = 30
SOUND_STARTS = 1
"""Frame at which the voice begins."""
MARKERS = ((2.35, "G: iconic right large"), (21.4, "G: deictic both position=in-front"))
"""Seconds of the voice, and what the marker there says."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Time a step and say so."""
    begin = time.perf_counter()
    yield
    print(f"STEP {time.perf_counter() - begin:.2f} {name}", flush=True)


def install(zip_file: Path, engine_python: Path) -> None:
    """Install through Blender's own operator, and make sure that the zip's wheels are what runs."""
    bpy.ops.extensions.package_install_files(
        filepath=str(zip_file), repo="user_default", enable_on_install=True
    )
    if EXTENSION not in bpy.context.preferences.addons:
        raise SystemExit(f"Blender did not enable the extension in {zip_file}.")
    wheels = Path(os.environ["BLENDER_USER_RESOURCES"]).resolve() / "extensions" / ".local"
    for name in ("aqgt", "zmq", "msgpack"):
        file = Path(importlib.import_module(name).__file__ or "").resolve()
        if not file.is_relative_to(wheels):
            raise SystemExit(f"{name} runs from {file}, not from the extension's wheels in {wheels}.")
    bpy.context.preferences.addons[EXTENSION].preferences.engine_python = str(engine_python)


def import_character(path: Path) -> bpy.types.Object:
    """The only armature of a glTF file, in a scene with nothing else."""
    bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
    return next(one for one in bpy.context.scene.objects if one.type == "ARMATURE")


def add_voice(path: Path) -> None:
    """The voice as a packed strip of the sequencer; the scene lasts as long."""
    scene = bpy.context.scene
    strip = scene.sequence_editor_create().strips.new_sound("Voice", str(path), 1, SOUND_STARTS)
    strip.sound.pack()
    scene.frame_start = SOUND_STARTS
    scene.frame_end = int(strip.frame_final_end) - 1


def set_markers() -> None:
    """Two annotations, as an animator types them."""
    for seconds, name in MARKERS:
        bpy.context.scene.timeline_markers.new(name, frame=round(SOUND_STARTS + seconds * FPS))


def call(operator: object, **arguments: object) -> None:
    """Call an operator; one that refuses ends the demo with its own words."""
    try:
        result = operator(**arguments)  # type: ignore[operator]
    except RuntimeError as error:
        raise SystemExit(str(error)) from None
    if "FINISHED" not in result:
        raise SystemExit(f"{operator} ended with {result}.")


def main() -> None:
    """Every step in the order of the sidebar."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("zip", "engine-python", "character", "voice", "text", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    with step("install the extension"):
        install(arguments.zip, arguments.engine_python)
    with step("set up the scene"):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.preferences.addon_enable(module=EXTENSION)
        bpy.context.preferences.addons[EXTENSION].preferences.engine_python = str(arguments.engine_python)
        scene = bpy.context.scene
        scene.render.fps = FPS
        character = import_character(arguments.character)
        add_voice(arguments.voice)
        set_markers()
        scene.aqgt_speech.text = bpy.data.texts.load(str(arguments.text), internal=True)
        scene.aqgt_generate.character = character
        scene.aqgt_generate.model = arguments.model
        scene.aqgt_generate.seed = arguments.seed
    with step("start the engine"):
        call(bpy.ops.aqgt.engine_start)
    with step("generate and retarget"):
        call(bpy.ops.aqgt.generate)
    with step("write motion and scene"):
        call(bpy.ops.aqgt.take_export, filepath=str(arguments.out / "gestures.npz"))
        call(bpy.ops.aqgt.take_export, filepath=str(arguments.out / "gestures.bvh"))
        dress(scene, character)
        bpy.ops.wm.save_as_mainfile(filepath=str(arguments.out / "character.blend"), compress=True)
    call(bpy.ops.aqgt.engine_stop)
    bpy.ops.preferences.addon_disable(module=EXTENSION)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # Blender 4.5 can hang while Python shuts down; everything is written by now.
    os._exit(0)
