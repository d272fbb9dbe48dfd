# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of 60 s of motion at 30 fps on the demo character: solve, solve + curves, and a keyframe_insert loop.

Run it where Blender is a module:  PYTHONPATH=engine .venv-blender/bin/python benchmarks/retarget_speed.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from aqgt.retarget import match, solve  # noqa: E402
from tests.blender.test_retarget_blender import describe, write  # noqa: E402
from tests.retarget.motions import FPS, sample_motion  # noqa: E402

SECONDS = 60
LOOP_FRAMES = 150  # the loop is timed on these and scaled; it slows down with length, so this flatters it


def best_of(n_runs: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(n_runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    character = CHECKOUT / "rigs" / "characters" / "mh_mixamo_male.glb"
    bpy.ops.import_scene.gltf(filepath=str(character), disable_bone_shape=True)
    armature = next(found for found in bpy.data.objects if found.type == "ARMATURE")
    rig = describe(armature)
    mapping = match(rig)
    motion = sample_motion(0, round(SECONDS * FPS))
    animation = solve(motion, rig, mapping)
    solving = best_of(5, lambda: solve(motion, rig, mapping))
    writing = best_of(3, lambda: write(armature, animation, FPS))

    def loop() -> None:
        for frame in range(LOOP_FRAMES):
            for place, name in enumerate(animation.bones):
                bone = armature.pose.bones[name]
                bone.rotation_quaternion = animation.quaternions[frame, place]
                bone.keyframe_insert("rotation_quaternion", frame=frame)

    armature.animation_data_clear()
    looping = best_of(1, loop) * len(motion) / LOOP_FRAMES
    print(f"{len(motion)} frames, {len(animation.bones)} bones, numpy {np.__version__}")
    print(f"solve {solving:.3f} s, write {writing:.3f} s, together {solving + writing:.3f} s")
    print(f"writing by keyframe_insert, scaled from {LOOP_FRAMES} frames: {looping:.2f} s")
    print(f"the loop takes {looping / (solving + writing):.0f} times as long as solve + write")


if __name__ == "__main__":
    main()
