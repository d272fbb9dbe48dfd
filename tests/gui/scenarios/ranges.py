# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: the sections in the sequencer's sidebar, and a gesture dragged over a range there.

Prints `MARKERS what number` after each step and `LENGTH seconds` of the one that was dragged.
"""

import subprocess

import bpy
from plan import install, picture, tell, until

PRESSED, RELEASED = 0.3, 0.6
"""Where the mouse is pressed and released, as parts of the editor's width."""


def window():
    """The only one."""
    return bpy.context.window_manager.windows[0]


def sequencer() -> tuple:
    """The sequencer and the region with its strips."""
    area = next(area for area in window().screen.areas if area.type == "SEQUENCE_EDITOR")
    regions = [region for region in area.regions if region.type == "WINDOW" and region.width > 1]
    return area, max(regions, key=lambda region: region.width * region.height)


def mouse(*commands: object) -> None:
    """Real events, as a person causes them."""
    subprocess.run(["xdotool", *map(str, commands)], check=True)


def point(part: float) -> tuple[int, int]:
    """A place in the editor, counted from the upper left corner of the screen."""
    _, region = sequencer()
    return round(region.x + part * region.width), round(800 - region.y - region.height / 2)


def set_up() -> None:
    """A sequencer with a voice, and its sidebar."""
    areas = window().screen.areas
    area = next(area for area in areas if area.type == "VIEW_3D")
    area.ui_type = "SEQUENCE_EDITOR"
    scene = bpy.context.scene
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    scene.sequence_editor_create().strips.new_sound("Voice", "/shared/voice.wav", 1, 1)
    scene.aqgt_speech.strip = "Voice"
    area.spaces.active.show_region_ui = True
    bpy.ops.ed.undo_push(message="set up")


def pick_tab() -> None:
    """Bring the tab to the front."""
    area, _ = sequencer()
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Gestures"
    area.tag_redraw()


def begin() -> None:
    """As the button does."""
    area, region = sequencer()
    with bpy.context.temp_override(window=window(), area=area, region=region):
        print("BEGUN", bpy.ops.aqgt.marker_drag("INVOKE_DEFAULT", phrase="iconic"), flush=True)


def press() -> None:
    """Press where the range begins."""
    mouse("mousemove", *point(PRESSED), "mousedown", 1)


def drag() -> None:
    """Drag to where it ends."""
    mouse("mousemove", *point((PRESSED + RELEASED) / 2))
    mouse("mousemove", *point(RELEASED))


def release() -> None:
    """Let go."""
    mouse("mouseup", 1)


def count(what: str) -> None:
    """How many markers there are."""
    print("MARKERS", what, len(bpy.context.scene.timeline_markers), flush=True)


def length() -> None:
    """How long the dragged gesture is, and how long the range was."""
    _, region = sequencer()
    view = region.view2d
    frames = [view.region_to_view(part * region.width, 0)[0] for part in (PRESSED, RELEASED)]
    print("RANGE", (frames[1] - frames[0]) / 24, flush=True)
    print("LENGTH", bpy.context.scene.timeline_markers[0].aqgt.length, flush=True)


def undo() -> None:
    """One step back."""
    with bpy.context.temp_override(window=window()):
        bpy.ops.ed.undo()


def escape() -> None:
    """Give up in the middle."""
    mouse("key", "Escape", "mouseup", 1)


def modal() -> bool:
    """Whether the mouse still drags."""
    return any("marker_drag" in one.bl_idname.lower() for one in window().modal_operators)


def held():
    """From the button to the mouse in the middle of the range."""
    begin()
    yield 0.5
    press()
    yield 0.5
    drag()
    yield 0.5


def story():
    """What the animator does, and the time Blender gets to draw after each step."""
    markers = bpy.context.scene.timeline_markers
    set_up()
    yield 1.0
    pick_tab()
    yield 1.0
    picture("sidebar")
    yield from held()
    picture("dragging")
    release()
    yield from until(lambda: len(markers) > 0)
    yield 0.5
    count("dragged")
    length()
    picture("dragged")
    undo()
    yield 0.5
    count("undone")
    yield from held()
    escape()
    yield from until(lambda: not modal())
    yield 0.5
    count("escaped")
    picture("escaped")
    bpy.ops.wm.quit_blender()
    yield 1.0


install()
tell(story())
