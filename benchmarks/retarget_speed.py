# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of 60 s of motion at 30 fps: solve, curves, fewer keys, way back; and writing them in Blender.

The solver on rigs of 52, 163 and 706 bones runs anywhere:   python benchmarks/retarget_speed.py
Where Blender is a module, writing is measured too, beside a keyframe_insert loop on the demo character:
PYTHONPATH=engine .venv-blender/bin/python benchmarks/retarget_speed.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from aqgt.retarget import Mapping, RigDescription, match, read, reduce_keys, solve  # noqa: E402
from tests.retarget.kinematics import posed_matrices  # noqa: E402
from tests.retarget.motions import FPS, load_rig, sample_motion  # noqa: E402

SECONDS = 60
LOOP_FRAMES = 150  # the loop is timed on these and scaled; it slows down with length, so this flatters it
RIGIFY_BONES = 706


def best_of(n_runs: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(n_runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def padded(rig: RigDescription, mapping: Mapping, n_bones: int) -> tuple[RigDescription, Mapping]:
    """The rig with as many bones as a full one: those left out of its description hang on its root."""
    bones = rig.to_json()["bones"]
    spare = {**bones[0], "parent": bones[0]["name"]}
    more = [{**spare, "name": f"spare {k}"} for k in range(n_bones - len(bones))]
    return RigDescription.from_bones([*bones, *more]), mapping


def solver_times() -> None:
    motion = sample_motion(0, round(SECONDS * FPS))
    print(f"{len(motion)} frames, numpy {np.__version__}; seconds, best of 5")
    for name, n_bones in (("mixamo", 52), ("makehuman", 163), ("rigify", RIGIFY_BONES)):
        rig = load_rig(name)
        rig, mapping = padded(rig, match(rig), n_bones)
        animation = solve(motion, rig, mapping)
        matching = best_of(1, lambda rig=rig: match(rig))
        solving = best_of(5, lambda rig=rig, mapping=mapping: solve(motion, rig, mapping).channels())
        reducing = best_of(2, lambda animation=animation: reduce_keys(animation, 1.0))
        n_keys = sum(map(len, reduce_keys(animation, 1.0)))
        pose = posed_matrices(rig, animation)
        reading = best_of(2, lambda rig=rig, mapping=mapping, pose=pose: read(rig, mapping, pose, FPS))
        print(f"{name}: {len(rig)} bones, {len(animation.bones)} move, match {matching:.3f}")
        print(f"  solve and curves {solving:.3f}, read {reading:.3f}, reduce to 1° {reducing:.3f}")
        print(f"  {n_keys} of {animation.quaternions[..., 0].size} keys are left")


def writing_times() -> None:
    import bpy

    from tests.blender.test_retarget_blender import describe, write

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
    print(f"demo character: solve {solving:.3f}, write {writing:.3f}, together {solving + writing:.3f}")
    print(f"writing by keyframe_insert, scaled from {LOOP_FRAMES} frames: {looping:.2f}")
    print(f"the loop takes {looping / (solving + writing):.0f} times as long as solve + write")


if __name__ == "__main__":
    solver_times()
    try:
        import bpy  # noqa: F401
    except ImportError:
        print("Blender is no module here: writing was not measured.")
    else:
        writing_times()
