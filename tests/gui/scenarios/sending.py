# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: for how long Generate, pressed with a long voice, holds Blender, tick by tick.

The voice is a file, then a packed sound, then a retimed strip. Prints `HELD which ticks worst median`, in
milliseconds by the clock, then the same of this thread's processor time.
"""

import importlib
import statistics
import time
from collections import defaultdict
from pathlib import Path

import bpy
from plan import install, play

EXTENSION = "bl_ext.user_default.aqgt_gestures"
WAIT = 0.5
LOOKS = 240
took: dict[str, list[float]] = defaultdict(list)
worked: dict[str, list[float]] = defaultdict(list)
kind = "file"


def part(name: str):
    """A module of the extension."""
    return importlib.import_module(f"{EXTENSION}.{name}")


def watch(name: str) -> None:
    """Time each call of a method of what runs a job."""
    operator = part("generate.running").JobOperator
    method = getattr(operator, name)

    def timed(self, *arguments):
        begin, work = time.perf_counter(), time.thread_time()
        try:
            return method(self, *arguments)
        finally:
            worked[kind].append(1000 * (time.thread_time() - work))
            took[kind].append(1000 * (time.perf_counter() - begin))

    setattr(operator, name, timed)


def set_up() -> None:
    """A character, a voice as a file, and 2,000 words of it."""
    bpy.ops.import_scene.gltf(filepath="/shared/character.glb", disable_bone_shape=True)
    scene, words = bpy.context.scene, part("speech.words")
    scene.aqgt_generate.character = next(one for one in scene.objects if one.type == "ARMATURE")
    bpy.context.preferences.addons[EXTENSION].preferences.address = Path("/shared/engine.txt").read_text()
    scene.aqgt_speech.source, scene.aqgt_speech.filepath = "FILE", "/shared/voice.wav"
    many = [words.Word(f"word{at}", at * 0.3, at * 0.3 + 0.25) for at in range(2000)]
    words.write(words.list_of_sound(bpy.context), many, "Test", "", "/shared/voice.wav")
    for name in ("_read", "tick"):
        watch(name)


def pack() -> None:
    """The voice as a strip whose sound lies in the file."""
    global kind
    scene, kind = bpy.context.scene, "packed"
    strip = scene.sequence_editor_create().strips.new_sound("Voice", "/shared/voice.wav", 1, 1)
    strip.sound.pack()
    scene.aqgt_speech.source = "STRIP"


def retime() -> None:
    """The same strip, faster."""
    global kind
    scene, kind = bpy.context.scene, "retimed"
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "DOPESHEET_EDITOR")
    area.ui_type = "SEQUENCE_EDITOR"
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    strip = scene.sequence_editor.strips["Voice"]
    scene.sequence_editor.active_strip, strip.select = strip, True
    with bpy.context.temp_override(window=window, area=area, region=area.regions[-1]):
        bpy.ops.sequencer.retiming_segment_speed_set(speed=110.0)


def press() -> None:
    """As the button does."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        print("PRESSED", kind, bpy.ops.aqgt.generate("INVOKE_DEFAULT"), flush=True)


def follow():
    """Looks until the request has been sent, and cancels then."""
    generation = part("one_job").generation
    for _ in range(LOOKS):
        job = generation.running()
        if job is None or (hasattr(job, "request") and job.text == "Generating…"):
            break
        yield lambda: None, WAIT
    print("THEN", kind, getattr(job, "text", generation.current.error), flush=True)
    yield lambda: None, 3 * WAIT
    yield generation.abandon, WAIT


def finish() -> None:
    """Report and leave."""
    for name, times in took.items():
        found = max(times), statistics.median(times), max(worked[name]), statistics.median(worked[name])
        print("HELD", name, len(times), *(f"{number:.1f}" for number in found), flush=True)
    bpy.ops.wm.quit_blender()


def steps():
    """Each step, and the seconds Blender gets to draw after it."""
    yield set_up, 2.0
    for change in (None, pack, retime):
        if change is not None:
            yield change, 1.0
        yield press, WAIT
        yield from follow()
    yield finish, 1.0


install()
play(steps())
