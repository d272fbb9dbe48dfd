# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of 60 s of motion onto rigs: ours (solve and keys) against Blender's own way (constraints and a bake).

    make extension && .venv-blender/bin/python benchmarks/retarget_blender_speed.py

Blender's way is Copy Rotation on each bone from an armature that already plays the motion, baked by
``nla.bake`` with rotation channels alone: the quickest of its own. Everything is timed in one run, best of
several; compare ratios, not seconds. Rigs beside the demo character come from the shared folder
($AQGT_SHARED, else ../shared beside the checkout) and are left out where it is not there.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

# It installs the built extension into a folder of this run, before Blender is imported.
installed = importlib.import_module("tests.blender.conftest")
EXTENSION, USER = installed.EXTENSION, installed.USER

import bpy  # noqa: E402
import numpy as np  # noqa: E402

from aqgt.retarget import match, solve  # noqa: E402
from tests.blender import rigs  # noqa: E402
from tests.retarget.motions import FPS, sample_motion  # noqa: E402

SECONDS = 60


def best_of(n_runs: int, work: Callable[[], object]) -> float:
    """Seconds of the quickest run."""
    times = []
    for _ in range(n_runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(armature: Any, motion: Any, n_runs: int = 7) -> dict[str, float]:
    """Seconds of each step: describing the rig, finding its bones, solving, writing curves and strip."""
    scene_armature = importlib.import_module(f"{EXTENSION}.scene.armature")
    write = importlib.import_module(f"{EXTENSION}.takes.write")
    provenance = importlib.import_module(f"{EXTENSION}.takes.provenance")
    source = importlib.import_module(f"{EXTENSION}.retarget.source")
    rig = scene_armature.describe(armature)
    mapping = match(rig)
    frames = np.arange(1.0, len(motion) + 1)
    animation = solve(motion, rig, mapping)
    take = provenance.Take(motion, (), (), source._unknown("bench"), 0.0)

    def lay() -> None:
        write.write_take(
            bpy.context.scene, armature, "Bench", animation, frames, mapping, write.Writing(), take
        )

    def clear() -> None:
        armature.animation_data_clear()
        for action in list(bpy.data.actions):
            bpy.data.actions.remove(action)

    def timed_lay() -> float:
        clear()
        return best_of(1, lay)

    return {
        "bones of the rig": float(len(rig)),
        "bones that move": float(len(animation.bones)),
        "describe": best_of(n_runs, lambda: scene_armature.describe(armature)),
        "match": best_of(n_runs, lambda: match(rig)),
        "solve": best_of(n_runs, lambda: solve(motion, rig, mapping)),
        "write": min(timed_lay() for _ in range(n_runs)),
    }


def blenders_own(armature: Any, bones: list[str], n_frames: int, n_runs: int = 3) -> float:
    """Seconds of Copy Rotation constraints and a bake of rotations, from a copy that plays the take."""
    performer = armature.copy()
    performer.data = armature.data.copy()
    bpy.context.scene.collection.objects.link(performer)
    armature.animation_data_clear()

    def bake() -> None:
        for name in bones:
            constraint = armature.pose.bones[name].constraints.new("COPY_ROTATION")
            constraint.target, constraint.subtarget = performer, name
        bpy.ops.nla.bake(
            frame_start=1,
            frame_end=n_frames,
            only_selected=True,
            visual_keying=True,
            clear_constraints=True,
            bake_types={"POSE"},
            channel_types={"ROTATION"},
        )

    for one in bpy.context.view_layer.objects:
        one.select_set(one == armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    for bone in armature.pose.bones:
        _select(bone, bone.name in bones)
    times = []
    for _ in range(n_runs):
        times.append(best_of(1, bake))
        armature.animation_data_clear()
    bpy.ops.object.mode_set(mode="OBJECT")
    return min(times)


def _select(bone: Any, selected: bool) -> None:
    owner = bone if hasattr(bone, "select") else bone.bone
    owner.select = selected


def files() -> list[Path]:
    """The rigs there are: 52 bones, and from the shared folder 163 and 706."""
    shared = Path(os.environ.get("AQGT_SHARED", CHECKOUT.parent / "shared")) / "rigs"
    found = [CHECKOUT / "rigs" / "characters" / rigs.RIGS["mixamo"]]
    return found + [path for name in ("makehuman", "rigify") if (path := shared / rigs.RIGS[name]).is_file()]


def main() -> None:
    """Print a line per rig, and the ratio on the demo character."""
    motion = sample_motion(0, round(SECONDS * FPS))
    print(f"{len(motion)} frames, Blender {bpy.app.version_string}, numpy {np.__version__}")
    for path in files():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.preferences.addon_enable(module=EXTENSION)
        bpy.context.scene.render.fps = round(FPS)
        armature = rigs.load(path, USER)
        times = ours(armature, motion)
        together = times["solve"] + times["write"]
        print(
            f"{int(times['bones of the rig'])} bones, {int(times['bones that move'])} move: describe "
            f"{times['describe']:.3f}, match {times['match']:.3f}, solve {times['solve']:.3f}, "
            f"write {times['write']:.3f} s; solve + write {together:.3f} s"
        )
        if path.suffix == ".glb":
            keyed = {c.data_path.split('"')[1] for a in bpy.data.actions for c in _curves(a)}
            baking = blenders_own(armature, sorted(keyed), len(motion))
            print(f"    Copy Rotation + bake: {baking:.2f} s, {baking / together:.1f} times as long")


def _curves(action: Any) -> list[Any]:
    bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
    return [curve for bag in bags for curve in bag.fcurves]


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    finally:
        shutil.rmtree(USER, ignore_errors=True)
    os._exit(0)
