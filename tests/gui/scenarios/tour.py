# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window, a whole afternoon's work: from the empty tab to a saved file that is opened again.

Prints one line per thing that happened. Pictures of the window and, at the end, one of each section of the
tab at its default width lie in /shared. The mouse that drags, Esc, undo and redo are real events.
"""

import importlib
import subprocess
import time
import traceback
from pathlib import Path

import bpy

EXTENSION = "bl_ext.user_default.aqgt_gestures"
SHARED = Path("/shared")
FILE = str(SHARED / "story.blend")
TICK = 0.05
PATIENCE = 150.0
HEIGHT = 1400
SECTIONS = ("connection", "speech", "annotate", "generate", "takes", "retarget", "batch")


def part(name: str):
    """A module of the extension."""
    return importlib.import_module(f"{EXTENSION}.{name}")


def window():
    """The only one; another after a file was opened."""
    return bpy.context.window_manager.windows[0]


def region(area_type: str, region_type: str):
    """The area of a kind, and its largest region of a kind."""
    area = next(area for area in window().screen.areas if area.type == area_type)
    regions = [region for region in area.regions if region.type == region_type]
    return area, max(regions, key=lambda one: one.width * one.height)


def in_viewport(operator, *arguments, **options):
    """Call an operator as a click in the viewport would."""
    area, viewport = region("VIEW_3D", "WINDOW")
    with bpy.context.temp_override(window=window(), area=area, region=viewport):
        return operator(*arguments, **options)


def picture(name: str, *crop: str) -> None:
    """Save what the screen shows."""
    subprocess.run(["import", "-window", "root", *crop, "+repage", str(SHARED / f"{name}.png")], check=True)


def hands(*commands: object) -> None:
    """Real mouse and keyboard."""
    subprocess.run(["xdotool", *map(str, commands)], check=True)


def keys(*names: str) -> None:
    """Press keys with the mouse over the viewport."""
    _, viewport = region("VIEW_3D", "WINDOW")
    hands("mousemove", viewport.x + viewport.width // 3, HEIGHT - viewport.y - viewport.height // 2)
    for name in names:
        hands("key", name)


def until(condition):
    """Give Blender back its event loop until something is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            job = part("one_job").generation.current
            raise TimeoutError(f"it never came true: {job and (job.text, job.fraction, job.error)}")
        yield TICK


def told(what: str, *values: object) -> None:
    """One line for the test."""
    print(what, *values, flush=True)


def show_tab() -> None:
    """The tab in the viewport's sidebar."""
    area, sidebar = region("VIEW_3D", "UI")
    sidebar.active_panel_category = "Gestures"
    area.tag_redraw()


def choose() -> None:
    """A character, a voice, what is said: what the fields of the panel hold."""
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    bpy.ops.import_scene.gltf(filepath=str(SHARED / "character.glb"), disable_bone_shape=True)
    scene = bpy.context.scene
    scene.aqgt_generate.character = next(one for one in scene.objects if one.type == "ARMATURE")
    scene.aqgt_speech.source = "FILE"
    scene.aqgt_speech.filepath = str(SHARED / "voice.wav")
    scene.aqgt_speech.transcript = (SHARED / "voice.txt").read_text().replace("\n", " ").strip()
    address = (SHARED / "engine.txt").read_text().strip()
    bpy.context.preferences.addons[EXTENSION].preferences.address = address
    in_viewport(bpy.ops.view3d.view_all)
    bpy.ops.ed.undo_push(message="Choose")


def annotate():
    """Drag a gesture over the timeline, by mouse."""
    _, timeline = region("DOPESHEET_EDITOR", "WINDOW")
    in_viewport(bpy.ops.aqgt.marker_drag, "INVOKE_DEFAULT", phrase="iconic")
    yield 0.5
    places = [
        (round(timeline.x + share * timeline.width), HEIGHT - timeline.y - timeline.height // 2)
        for share in (0.2, 0.3, 0.35)
    ]
    hands("mousemove", *places[0], "mousedown", 1)
    yield 0.5
    hands("mousemove", *places[1])
    yield 0.2
    hands("mousemove", *places[2])
    yield 0.5
    picture("dragging")
    hands("mouseup", 1)
    yield from until(lambda: len(bpy.context.scene.timeline_markers) == 1)
    yield 0.2


def state() -> tuple:
    """What the file holds of our work."""
    scene = bpy.context.scene
    character = scene.aqgt_generate.character
    takes = [action.name for _, action in part("takes.provenance").takes_of(character)]
    data = character.animation_data
    solo = sum(track.is_solo for track in data.nla_tracks) if data is not None else 0
    return len(takes), solo, len(scene.timeline_markers), len(part("speech.words").stored(bpy.context).words)


def generate():
    """Cancel once, then to the end, twice over."""
    jobs, settings = part("one_job").generation, bpy.context.scene.aqgt_generate
    settings.variants = 16
    told("INVOKED", in_viewport(bpy.ops.aqgt.generate, "INVOKE_DEFAULT"))
    yield from until(lambda: jobs.current.fraction > 0 or getattr(jobs.current, "finished", False))
    picture("progress")
    keys("Escape")
    yield from until(lambda: jobs.running() is None)
    yield 0.5
    told("CANCELLED", jobs.current.cancelled, len(bpy.data.actions))

    settings.variants = 2
    in_viewport(bpy.ops.aqgt.generate, "INVOKE_DEFAULT")
    seen = [0.0]
    while jobs.running() is not None:
        if jobs.current.fraction != seen[-1]:
            seen.append(jobs.current.fraction)
        yield TICK
    yield from until(lambda: len(bpy.data.actions) >= 2 or jobs.current.error)
    yield 1.0
    told("PROGRESS", *(f"{fraction:.3f}" for fraction in seen))
    told("GENERATED", *state())


def story():
    """What the animator does."""
    area, _ = region("VIEW_3D", "WINDOW")
    area.spaces.active.show_region_ui = True
    yield 1.0
    show_tab()
    yield 1.0
    picture("tab")
    choose()
    session, wording = part("connection.session"), part("one_job").wording
    bpy.ops.aqgt.engine_check()
    yield from until(lambda: session.state() in (session.READY, session.FAILED))
    told("ENGINE", session.state())
    in_viewport(bpy.ops.aqgt.align, "INVOKE_DEFAULT")
    yield from until(lambda: wording.current is not None and wording.running() is None)
    yield 0.5
    yield from annotate()
    told("ANNOTATED", *state()[2:], bpy.context.scene.timeline_markers[0].name)
    yield from generate()

    bpy.context.scene.frame_set(60)
    bpy.ops.ed.undo_push(message="Generate")
    generated = state()
    in_viewport(bpy.ops.aqgt.take_solo, "EXEC_DEFAULT", True)
    yield 0.7
    solo = state()
    told("SOLO", *solo)
    picture("solo")
    for what, key, wanted in (("UNDONE", "ctrl+z", generated), ("REDONE", "ctrl+shift+z", solo)):
        keys(key)
        yield from until(lambda wanted=wanted: state() == wanted)
        told(what, *state())
    before = state()
    bpy.ops.wm.save_as_mainfile(filepath=FILE)
    bpy.ops.wm.read_homefile(app_template="")
    yield 1.0
    bpy.ops.wm.open_mainfile(filepath=FILE)
    yield 1.5
    told("REOPENED", state() == before, bpy.context.scene.aqgt_generate.character.name, *state())
    picture("reopened")
    yield from pictures_of_sections()


def alone(section: str) -> None:
    """Leave one section in the tab, opened. Under other names: Blender keeps which panels were closed."""
    classes = part("registration").CLASSES
    panels = [one for one in classes if getattr(one, "bl_category", "") == "Gestures"]
    panels = [one for one in panels if one.bl_space_type == "VIEW_3D"]
    for panel in reversed(panels):
        if panel.is_registered:
            bpy.utils.unregister_class(panel)
    for panel in panels:
        if f".{section}." in panel.__module__ and not panel.__name__.endswith(("_merge", "_to")):
            panel.bl_options = set()
            panel.bl_idname = f"{panel.__name__}_seen"
            if getattr(panel, "bl_parent_id", ""):
                panel.bl_parent_id = f"{panel.bl_parent_id}_seen"
            bpy.utils.register_class(panel)


def pictures_of_sections():
    """Each section by itself, as wide as the sidebar is by default."""
    bpy.context.preferences.system.use_region_overlap = False  # nothing of the scene behind the panels
    area, _ = region("VIEW_3D", "WINDOW")
    area.spaces.active.show_region_ui = True
    bpy.ops.aqgt.engine_check()
    session = part("connection.session")
    yield from until(lambda: session.state() in (session.READY, session.FAILED))
    bpy.context.scene.aqgt_annotate.active = 0
    for section in SECTIONS:
        alone(section)
        show_tab()
        yield 1.2
        show_tab()
        yield 0.8
        _, sidebar = region("VIEW_3D", "UI")
        top = HEIGHT - sidebar.y - sidebar.height
        picture(f"section-{section}", "-crop", f"{sidebar.width}x{sidebar.height}+{sidebar.x}+{top}")
        told("SECTION", section, sidebar.width)
    alone("")
    for panel in part("registration").CLASSES:
        if not panel.is_registered:  # the extension takes all of them down when Blender quits
            panel.bl_idname = panel.bl_idname.removesuffix("_seen")
            if getattr(panel, "bl_parent_id", ""):
                panel.bl_parent_id = panel.bl_parent_id.removesuffix("_seen")
            bpy.utils.register_class(panel)


def steps():
    """The story, ended by leaving Blender whatever happens."""
    try:
        yield from story()
    except Exception:
        traceback.print_exc()
        picture("failed")
        print("STORY FAILED", flush=True)
    bpy.ops.wm.quit_blender()
    yield None


bpy.context.preferences.view.show_splash = False
bpy.context.preferences.view.use_save_prompt = False
bpy.ops.extensions.package_install_files(
    filepath=str(SHARED / "extension.zip"), repo="user_default", enable_on_install=True, overwrite=True
)
sequence = steps()
bpy.app.timers.register(lambda: next(sequence, None), first_interval=1.0, persistent=True)
