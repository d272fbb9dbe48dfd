# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: type markers by hand, look at the section Annotate, have the playhead follow a click.

Prints `FILLED …` (what a hand-typed name filled in) and `PLAYHEAD …` (frames before and after the click).
"""

import bpy
from plan import install, picture, tell, until

hidden: list[type] = []


def alone() -> None:
    """Leave the section Annotate alone in the tab, so that a picture shows all of it."""
    for panel in bpy.types.Panel.__subclasses__():
        ours = panel.__name__.startswith(("AQGT_PT_annot", "AQGT_PT_suggest"))
        if getattr(panel, "bl_category", "") == "Gestures" and not ours:
            bpy.utils.unregister_class(panel)
            hidden.append(panel)


def open_tab() -> None:
    """Show the tab."""
    area = next(area for area in bpy.context.window.screen.areas if area.type == "VIEW_3D")
    area.spaces.active.show_region_ui = True


def pick_tab() -> None:
    """Bring the tab to the front, with markers as people type them."""
    alone()
    area = next(area for area in bpy.context.window.screen.areas if area.type == "VIEW_3D")
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Gestures"
    markers = bpy.context.scene.timeline_markers
    for name, frame in (("G: iconic right large", 30), ("G: icnic", 50), ("Camera", 10), ("G@Ann: beat", 80)):
        markers.new(name, frame=frame)
    area.tag_redraw()


def look() -> None:
    """What drawing has brought about."""
    scene = bpy.context.scene
    group = scene.timeline_markers[0].aqgt
    print("FILLED", group.side, group.phrase_right, group.extent_right, flush=True)
    before = scene.frame_current
    scene.aqgt_annotate.active = 0
    print("PLAYHEAD", before, scene.frame_current, flush=True)


def finish() -> None:
    """Take a picture and leave."""
    picture("annotate")
    for panel in hidden:
        bpy.utils.register_class(panel)
    bpy.ops.wm.quit_blender()


def story():
    """Each step, and the time Blender gets to draw after it."""
    open_tab()
    yield 1.0
    pick_tab()
    yield 2.0
    # The name is read when Blender gets to it.
    yield from until(lambda: bpy.context.scene.timeline_markers[0].aqgt.extent_right == "large")
    look()
    yield 1.5
    finish()
    yield 1.0


install()
tell(story())
