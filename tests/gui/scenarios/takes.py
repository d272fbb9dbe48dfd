# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: the section Takes with three takes; compare two by clicks, merge them, undo.

Prints `SHOWN …` after each click on Flip, and `RESTORED …` at the end. Pictures lie in /shared.
"""

import importlib
import subprocess
import traceback

import bpy
import numpy as np

EXTENSION = "bl_ext.user_default.aqgt_gestures"
hidden: list[type] = []


def part(name: str):
    """A module of the extension."""
    return importlib.import_module(f"{EXTENSION}.{name}")


def viewport():
    """The 3D viewport."""
    window = bpy.context.window_manager.windows[0]
    return window, next(area for area in window.screen.areas if area.type == "VIEW_3D")


def in_viewport(operator, *arguments, **options):
    """Call an operator as a click in the viewport would."""
    window, area = viewport()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        return operator(*arguments, **options)


def picture(name: str) -> None:
    """Save what the screen shows."""
    subprocess.run(["import", "-window", "root", f"/shared/{name}.png"], check=True)


def alone() -> None:
    """Leave the section alone in the tab, with what it tells of the chosen take."""
    ours = "AQGT_PT_take"
    for panel in bpy.types.Panel.__subclasses__():
        if getattr(panel, "bl_category", "") == "Gestures" and panel.__name__.startswith("AQGT_PT"):
            if panel.__name__.startswith(ours):
                closed = panel.__name__.endswith(("_merge", "_to"))
                panel.bl_options = {"DEFAULT_CLOSED"} if closed else set()
            bpy.utils.unregister_class(panel)
            hidden.append(panel)
    for panel in hidden:
        if panel.__name__.startswith(ours):
            bpy.utils.register_class(panel)


def set_up() -> None:
    """A character with three takes."""
    from aqgt import skeleton
    from aqgt.motion import Motion
    from aqgt.protocol.messages import Provenance
    from aqgt.words import spread

    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    bpy.ops.import_scene.gltf(filepath="/shared/character.glb", disable_bone_shape=True)
    scene = bpy.context.scene
    armature = next(one for one in scene.objects if one.type == "ARMATURE")
    scene.aqgt_generate.character = armature
    rest = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)
    said = tuple(spread("And Mr. John Dashwood had then leisure to consider", 0.2, 3.8))
    for seed in range(3):
        vectors = np.repeat(rest[None], 60, axis=0)
        vectors[:, :, 0] *= 1.0 + 0.2 * seed * np.sin(np.arange(60) / 6)[:, None]
        origin = Provenance("compact", "ab" * 32, "GPL-3.0-or-later", True, seed, engine_version="0.1.0")
        take = part("takes.provenance").Take(Motion(15.0, vectors.astype(np.float32)), said, (), origin, 1.0)
        part("takes.apply").apply_take(scene, armature, take)
    in_viewport(bpy.ops.view3d.view_all)


def story():
    """What the animator does."""
    _, area = viewport()
    area.spaces.active.show_region_ui = True
    yield 1.0
    set_up()
    alone()
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Gestures"
    yield 2.0
    picture("takes")
    armature = bpy.context.scene.aqgt_generate.character
    first = armature.aqgt_takes.chosen_take().name
    other = [action.name for _, action in part("takes.provenance").takes_of(armature)][1]
    print("COMPARE", in_viewport(bpy.ops.aqgt.take_compare, "EXEC_DEFAULT", True, other=other), flush=True)
    yield 1.5
    picture("compared")
    for _ in range(2):
        in_viewport(bpy.ops.aqgt.take_show, "INVOKE_DEFAULT", True)
        print("SHOWN", *part("takes.compare").playing(armature), flush=True)
        yield 0.5
    in_viewport(bpy.ops.aqgt.take_compare_end, "EXEC_DEFAULT", True)
    print("RESTORED", [track.mute for track in armature.animation_data.nla_tracks], flush=True)
    armature.aqgt_takes.into = other
    in_viewport(bpy.ops.aqgt.take_merge, "EXEC_DEFAULT", True, first=40, last=60)
    yield 1.5
    picture("merged")
    print("TAKES", len(bpy.data.actions), first, flush=True)
    bpy.ops.ed.undo()
    yield 0.5
    print("UNDONE", len(bpy.data.actions), flush=True)
    for panel in hidden:
        if not panel.is_registered:
            bpy.utils.register_class(panel)


def steps():
    """The story, ended by leaving Blender whatever happens."""
    try:
        yield from story()
    except Exception:
        traceback.print_exc()
        print("STORY FAILED", flush=True)
    bpy.ops.wm.quit_blender()
    yield None


bpy.context.preferences.view.show_splash = False
bpy.context.preferences.view.use_save_prompt = False
bpy.ops.extensions.package_install_files(
    filepath="/shared/extension.zip", repo="user_default", enable_on_install=True, overwrite=True
)
sequence = steps()
bpy.app.timers.register(lambda: next(sequence, None), first_interval=1.0)
