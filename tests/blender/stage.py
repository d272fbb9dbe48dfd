# SPDX-License-Identifier: GPL-3.0-or-later
"""A file in which every operator finds what it needs, and things beside that none of them may touch."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from tests.blender.rigs import without_fingers
from tests.blender.takes import lay, part

SECONDS = 4.0


def write_voice(path: Path) -> Path:
    """A sound file that is not silent."""
    noise = np.random.default_rng(0).standard_normal(int(16_000 * SECONDS)) * 3000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(noise.clip(-32767, 32767).astype("<i2").tobytes())
    return path


def build(folder: Path) -> Path:
    """Make the file out of the empty one that is open, with an engine that answers.

    Anna has two takes, one of them generated; Ben and Box move by themselves, and that is to stay so.
    """
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.001
    scene.frame_start, scene.frame_end = 1, 130
    scene.frame_preview_start, scene.frame_preview_end, scene.use_preview_range = 50, 90, True
    anna, ben = without_fingers(), without_fingers()
    anna.name, ben.name, ben.location.x = "Anna", "Ben", 1.0
    _dress(anna)
    strip = scene.sequence_editor_create().strips.new_sound(
        "Voice", str(write_voice(folder / "v.wav")), 1, 31
    )
    strip.sound.name = "Voice"
    lay(anna, seed=1)
    anna.pose.bones["Shin.L"].rotation_quaternion = (0.9, 0.3, 0.1, 0.1)
    _animate(ben, "Ben idle")
    box = bpy.data.objects.new("Box", bpy.data.meshes["Skin"].copy())
    scene.collection.objects.link(box)
    _animate(box, "Box idle")
    other = bpy.data.scenes.new("Other")
    other.timeline_markers.new("G: deictic", frame=7)
    _fill(scene, anna, folder)
    bpy.context.view_layer.objects.active = box
    for one in scene.objects:
        one.select_set(one in (ben, box))
    scene.frame_set(77, subframe=0.25)
    path = folder / "stage.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def _dress(armature: Any) -> None:
    """A small skin that the armature bends."""
    mesh = bpy.data.meshes.new("Skin")
    mesh.from_pydata([(0, 0, 1.4), (0.5, 0, 1.4), (0.3, 0, 1.5)], [], [(0, 1, 2)])
    skin = bpy.data.objects.new("Skin", mesh)
    bpy.context.scene.collection.objects.link(skin)
    skin.vertex_groups.new(name="UpperArm.L").add([0, 1, 2], 1.0, "REPLACE")
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    skin.parent = armature


def _animate(thing: Any, name: str) -> None:
    """An Action and an NLA track of its own."""
    for frame, value in ((1, 0.0), (40, 1.0)):
        thing.location.y = value
        thing.keyframe_insert("location", frame=frame)
    data = thing.animation_data
    data.action.name = name
    copy = data.action.copy()
    copy.name = f"{name} below"
    track = data.nla_tracks.new()
    track.name = copy.name
    track.strips.new(copy.name, 50, copy)


def _fill(scene: Any, anna: Any, folder: Path) -> None:
    """The panels, as somebody at work leaves them."""
    scene.aqgt_generate.character, scene.aqgt_generate.model = anna, "debug"
    anna.aqgt_takes.other = bpy.data.objects["Ben"]
    scene.aqgt_speech.transcript = "some words are said here"
    for name, frame in (("G: beat", 40), ("G: iconic right", 70), ("Cut", 60), ("Dawn", 95)):
        marker = scene.timeline_markers.new(name, frame=frame)
        marker.select = not name.startswith("G:")
    store = part("annotate.store")
    store.sync(scene)
    store.activate(scene, store.gesture_markers(scene)[0])
    words = part("speech.words")
    group = words.list_of_sound(bpy.context)
    said = [
        words.Word(text, 0.5 * at, 0.5 * at + 0.4) for at, text in enumerate(("some", "words", "are", "said"))
    ]
    words.write(group, said, "Aligned", scene.aqgt_speech.transcript)
    group.words[2].estimated = True
    bpy.ops.aqgt.auto_map()
    scene.aqgt_retarget.performer = bpy.data.objects["Ben"]
    bpy.ops.aqgt.preset_save(title="Mine")
    bpy.ops.aqgt.generate()
    scene.aqgt_batch.jobs = str(folder / "jobs.yaml")
    (folder / "jobs.yaml").write_text("jobs: []\n", encoding="utf-8")
