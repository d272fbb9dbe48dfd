# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: how long enabling the extension takes, and each drawing of its tab.

Prints `ENABLED how seconds processor`, `HELD when looks p50 p95 max` (milliseconds by which a timer is
late while the rest is loaded in a thread, and afterwards), `PANEL name p50 p95 max` and `TAB p50 p95 max`, in
milliseconds by the clock, then of the processor.
"""

import importlib
import itertools
import statistics
import sys
import time
from collections import defaultdict

import addon_utils
import bpy
from plan import install, play

EXTENSION = "bl_ext.user_default.aqgt_gestures"
DRAWS = 60
LOOK, LOADING = 0.005, 2.5
gaps: list[list[float]] = []
took: dict[str, list[float]] = defaultdict(list)
worked: dict[str, list[float]] = defaultdict(list)


def area_of_tab():
    """The 3D viewport."""
    return next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")


def enable(how: str) -> None:
    """With all modules imported anew; just after installing, Python compiles them, too."""
    begin, work = time.perf_counter(), time.process_time()
    addon_utils.enable(EXTENSION, default_set=True)
    seconds = time.perf_counter() - begin, time.process_time() - work
    print("ENABLED", how, *(f"{number:.3f}" for number in seconds), flush=True)
    area_of_tab().spaces.active.show_region_ui = True


def look() -> float | None:
    """Called as often as Blender can."""
    gaps[-1].append(time.perf_counter())
    return LOOK if len(gaps) < 3 else None


def begin_looking() -> None:
    """While the thread that loads the rest begins and ends."""
    warm_up().begin()
    gaps.append([])
    bpy.app.timers.register(look)


def warm_up():
    """The module of the extension."""
    return importlib.import_module(f"{EXTENSION}.warm_up")


def report_looks() -> None:
    """How long Blender was held, with the thread and without it."""
    gaps.append([])
    assert f"{EXTENSION}.generate.gather" in sys.modules
    for when, looks in zip(("loading", "afterwards"), gaps, strict=False):
        found = [1000 * (after - before - LOOK) for before, after in itertools.pairwise(looks)]
        print("HELD", when, len(found), numbers(found), flush=True)


def disable() -> None:
    """Forget the modules, too."""
    addon_utils.disable(EXTENSION)
    for name in [name for name in sys.modules if name.startswith(("aqgt", EXTENSION))]:
        del sys.modules[name]


def watch(panel: type) -> None:
    """Time each drawing of a panel."""
    draw = panel.draw

    def timed(self, context):
        begin, work = time.perf_counter(), time.thread_time()
        draw(self, context)
        worked[panel.__name__].append(1000 * (time.thread_time() - work))
        took[panel.__name__].append(1000 * (time.perf_counter() - begin))

    panel.draw = timed


def fill() -> None:
    """Words and annotations as in real work, and a tall tab."""
    scene = bpy.context.scene
    words = importlib.import_module(f"{EXTENSION}.speech.words")
    scene.aqgt_speech.source, scene.aqgt_speech.filepath = "FILE", "/shared/voice.wav"
    many = [words.Word(f"word{at}", at * 0.3, at * 0.3 + 0.25) for at in range(2000)]
    words.write(words.list_of_sound(bpy.context), many, "Test", "", "/shared/voice.wav")
    for frame in range(0, 3000, 30):
        scene.timeline_markers.new("G: iconic right large", frame=frame)
    area = area_of_tab()
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Gestures"
    for panel in bpy.types.Panel.__subclasses__():
        if getattr(panel, "bl_category", "") == "Gestures":
            watch(panel)
    area.tag_redraw()


def redraw() -> None:
    """Once more."""
    area_of_tab().tag_redraw()


def numbers(times: list[float]) -> str:
    """Median, 95th percentile and maximum."""
    ordered = sorted(times)
    found = statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], ordered[-1]
    return " ".join(f"{number:.3f}" for number in found)


def finish() -> None:
    """Report and leave."""
    draws = min(len(times) for times in took.values())
    for name in sorted(took):
        print("PANEL", name, numbers(took[name]), "·", numbers(worked[name]), flush=True)
    totals = [
        numbers([sum(times[at] for times in kind.values()) for at in range(draws)]) for kind in (took, worked)
    ]
    print("TAB", " · ".join(totals), flush=True)
    bpy.ops.wm.quit_blender()


def steps():
    """Each step, and the seconds Blender gets to draw after it."""
    plan = [
        (lambda: enable("installed"), 0.5),
        (lambda: warm_up().stop(), 3.0),  # until Blender has drawn its window anew
        (begin_looking, LOADING),
        (lambda: gaps.append([]), LOADING),
        (report_looks, 0.5),
        (disable, 0.5),
        (lambda: enable("again"), 1.0),
        (fill, 1.0),
        *[(redraw, 0.05)] * DRAWS,
        (finish, 1.0),
    ]
    return plan


install(enable=False)
play(steps())
