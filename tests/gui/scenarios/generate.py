# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: connect to an engine, generate, cancel with Esc, generate again, undo.

Prints one line per thing that happened; pictures and `engine.txt` lie in /shared.
"""

import importlib
import subprocess
import time
import traceback
from pathlib import Path

import bpy

EXTENSION = "bl_ext.user_default.aqgt_gestures"
SHARED = Path("/shared")
TICK = 0.05
PATIENCE = 100.0
slowest = 0.0


def picture(name: str) -> None:
    """Save what the screen shows."""
    subprocess.run(["import", "-window", "root", str(SHARED / f"{name}.png")], check=True)


def part(name: str):
    """A module of the extension."""
    return importlib.import_module(f"{EXTENSION}.{name}")


def scroll() -> None:
    """Turn the wheel over the sidebar until Generate is in view."""
    subprocess.run(["xdotool", "mousemove", "890", "550", "click", "--repeat", "14", "5"], check=True)


def viewport():
    """The 3D viewport."""
    window = bpy.context.window_manager.windows[0]
    return window, next(area for area in window.screen.areas if area.type == "VIEW_3D")


def in_viewport(operator, *arguments):
    """Call an operator as a click in the viewport would."""
    window, area = viewport()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        return operator(*arguments)


def set_up() -> None:
    """What the animator would choose in the panel."""
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    bpy.ops.import_scene.gltf(filepath=str(SHARED / "character.glb"), disable_bone_shape=True)
    scene = bpy.context.scene
    scene.aqgt_generate.character = next(one for one in scene.objects if one.type == "ARMATURE")
    scene.aqgt_generate.model = "debug"
    scene.aqgt_speech.source = "FILE"
    scene.aqgt_speech.filepath = str(SHARED / "voice.wav")
    scene.aqgt_speech.transcript = (SHARED / "voice.txt").read_text().replace("\n", " ")
    scene.timeline_markers.new("G: iconic right large", frame=40)
    scene.timeline_markers.new("G: icnic", frame=90)
    address = (SHARED / "engine.txt").read_text().strip()
    bpy.context.preferences.addons[EXTENSION].preferences.address = address
    in_viewport(bpy.ops.view3d.view_all)
    bpy.ops.ed.undo_push(message="Set up")


def until(condition):
    """Give Blender back its event loop until something is true."""
    global slowest
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            job = part("one_job").generation.current
            raise TimeoutError(
                f"it never came true: {job and (job.text, job.fraction, job.error, job.notes)}"
            )
        begin = time.monotonic()
        yield TICK
        slowest = max(slowest, time.monotonic() - begin - TICK)


def previews() -> list:
    """The Actions of a preview that lie in the file."""
    name = part("preview.character").NAME
    return [action.name for action in bpy.data.actions if action.name.startswith(name)]


def story():
    """What the animator does."""
    _, area = viewport()
    area.spaces.active.show_region_ui = True
    yield 1.0
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Gestures"
    set_up()
    session, generation = part("connection.session"), part("one_job").generation
    bpy.ops.aqgt.engine_check()
    yield from until(lambda: session.state() in (session.READY, session.FAILED))
    print("ENGINE", session.state(), flush=True)

    settings = bpy.context.scene.aqgt_generate
    scroll()
    yield 1.0
    picture("settings")
    settings.preview = "CHARACTER"
    bpy.context.scene.aqgt_speech.transcript = ""  # windows come at once, however long aligning would take
    print("INVOKED", in_viewport(bpy.ops.aqgt.generate, "INVOKE_DEFAULT"), flush=True)
    yield from until(
        lambda: settings.character.animation_data or getattr(generation.current, "finished", False)
    )
    print("PREVIEW", settings.character.animation_data is not None and len(previews()) == 1, flush=True)
    bpy.context.scene.frame_set(60)
    yield 1.0
    picture("progress")
    settings.preview = "FIGURE"
    yield from until(lambda: not previews())
    for _ in range(3):  # a redraw needs a turn of the event loop, however slow it is
        yield 0.3
    running = generation.running() is not None
    print("FIGURE", len(previews()), settings.character.animation_data, running, flush=True)
    picture("figure")
    subprocess.run(["xdotool", "mousemove", "400", "400", "key", "Escape"], check=True)
    yield from until(lambda: generation.running() is None)
    yield 0.5
    print("CANCELLED", generation.current.cancelled, len(bpy.data.actions), flush=True)

    # The long voice left time for Esc; the short one is soon done.
    bpy.context.scene.aqgt_speech.filepath = str(SHARED / "short.wav")
    settings.preview = "CHARACTER"
    in_viewport(bpy.ops.aqgt.generate, "INVOKE_DEFAULT")
    yield from until(lambda: generation.running() is None)
    yield 0.5  # the operator's next tick writes the action
    bpy.context.scene.frame_set(60)
    yield 1.0
    picture("take")
    print("TAKES", len(bpy.data.actions), flush=True)
    bpy.ops.ed.undo()
    yield 0.5
    print("UNDONE", len(bpy.data.actions), flush=True)
    print(f"SLOWEST {slowest:.3f}", flush=True)


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
    filepath=str(SHARED / "extension.zip"), repo="user_default", enable_on_install=True, overwrite=True
)
sequence = steps()
bpy.app.timers.register(lambda: next(sequence, None), first_interval=1.0)
