# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: 2,000 words and some markers over timeline and sequencer, shown and hidden; the list.

Prints `TIMES editor view draws fastest p50 p95 slowest`, in milliseconds by the clock, then the same of this
thread's processor time, and `YARDSTICK milliseconds`; pictures lie in /shared. In the views “near” and “far”
nothing changes from draw to draw; in “moving” the view moves each time.
"""

import importlib
import time
from collections import defaultdict

import bpy
from plan import install, picture, play

EXTENSION = "bl_ext.user_default.aqgt_gestures"
DRAWS = 40
NEAR, FAR = 120, 14000
"""Frames in view: some twenty words, all of them."""
took: dict[tuple[str, str], list[float]] = defaultdict(list)
worked: dict[tuple[str, str], list[float]] = defaultdict(list)
view = "start"


def part(name: str):
    """A module of the extension."""
    return importlib.import_module(f"{EXTENSION}.{name}")


def editors() -> list:
    """The areas that show words."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    return [area for area in areas if area.type in ("DOPESHEET_EDITOR", "SEQUENCE_EDITOR")]


def watch() -> None:
    """Have every draw timed."""
    overlay = part("speech.overlay")
    draw = overlay.draw

    def timed() -> None:
        begin, work = time.perf_counter(), time.thread_time()
        draw()
        worked[bpy.context.area.type, view].append(1000 * (time.thread_time() - work))
        took[bpy.context.area.type, view].append(1000 * (time.perf_counter() - begin))

    overlay.remove()
    overlay.draw = timed
    overlay.add()


def set_up() -> None:
    """Words, markers, and a sequencer where the viewport was."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    next(area for area in areas if area.type == "VIEW_3D").ui_type = "SEQUENCE_EDITOR"
    scene, words = bpy.context.scene, part("speech.words")
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    next(area for area in areas if area.type == "PROPERTIES").ui_type = "TIMELINE"
    strip = scene.sequence_editor_create().strips.new_sound("Voice", "/shared/voice.wav", 1, 1)
    assert strip.sound is not None
    many = [words.Word(f"word{i}", i * 0.3, i * 0.3 + 0.25, estimated=i % 3 == 0) for i in range(2000)]
    words.write(words.list_of_sound(bpy.context), many, "Test", "")
    for frame in (30, 60, 100):
        scene.timeline_markers.new("G: iconic right large", frame=frame)
    watch()


def show(name: str, last: int) -> None:
    """Frames 0 to `last` over the width of every editor."""
    global view
    scene, view = bpy.context.scene, name
    scene.frame_start, scene.frame_end = 0, last
    scene.sequence_editor.strips_all["Voice"].frame_final_duration = last  # words are drawn where it is heard
    for area in editors():
        region = next(region for region in area.regions if region.type == "WINDOW")
        with bpy.context.temp_override(area=area, region=region):
            if area.type == "SEQUENCE_EDITOR":
                bpy.ops.sequencer.view_all()
            else:
                bpy.ops.action.view_all()


def redraw() -> None:
    """One more draw."""
    part("speech.changes").redraw()


def move(number: int) -> None:
    """A slightly other view, drawn once."""
    show("moving", 10_000 + 100 * number)


def numbers(times: list[float]) -> str:
    """Fastest, median, 95th percentile and slowest."""
    ordered = sorted(times)
    places = (0, len(ordered) // 2, int(0.95 * (len(ordered) - 1)), -1)
    return " ".join(f"{ordered[place]:.3f}" for place in places)


def yardstick() -> float:
    """Milliseconds of this thread's processor time for a loop of plain Python, at its fastest."""
    taken = []
    for _ in range(DRAWS):
        begin = time.thread_time()
        sum(number * number for number in range(20_000))
        taken.append(time.thread_time() - begin)
    return 1000 * min(taken)


def finish() -> None:
    """Report and leave."""
    print("YARDSTICK", f"{yardstick():.3f}", flush=True)
    for key, times in sorted(took.items()):
        print("TIMES", *key, len(times), numbers(times), "·", numbers(worked[key]), flush=True)
    bpy.ops.wm.quit_blender()


def open_list() -> None:
    """The viewport again, with the list in its sidebar."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    area = next(area for area in areas if area.type == "SEQUENCE_EDITOR")
    area.ui_type = "VIEW_3D"
    area.spaces.active.show_region_ui = True


def pick_tab() -> None:
    """Bring the extension's tab to the front."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    area = next(area for area in areas if area.type == "VIEW_3D")
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Gestures"
    area.tag_redraw()


def hide() -> None:
    """Switch the words off."""
    bpy.context.scene.aqgt_speech.show_words = False


def steps():
    """Each step, and the seconds Blender gets to draw after it."""
    plan: list = [
        (lambda: None, 3.0)
    ]  # the extension loads the rest of itself, as it has when words are there
    plan += [(set_up, 1.0), (lambda: show("near", NEAR), 1.0), (lambda: picture("near"), 0.1)]
    plan += [(redraw, 0.05)] * DRAWS
    plan += [(lambda: show("far", FAR), 1.0), (lambda: picture("far"), 0.1)]
    plan += [(redraw, 0.05)] * DRAWS
    plan += [(lambda number=number: move(number), 0.1) for number in range(DRAWS)]
    plan += [(lambda: show("last", NEAR), 1.0), (hide, 1.0), (lambda: picture("hidden"), 0.1)]
    plan += [(open_list, 1.0), (pick_tab, 1.0), (lambda: picture("list"), 0.1), (finish, 1.0)]
    return plan


install()
play(steps())
