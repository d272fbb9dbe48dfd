# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be wrong with a file, or odd about it, when an operator is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.protocol.messages import EngineError
from tests.blender.takes import part


def _anna() -> Any:
    return bpy.data.objects["Anna"]


def _mode(name: str, mode: str) -> None:
    thing = bpy.data.objects[name]
    bpy.context.view_layer.objects.active = thing
    thing.select_set(True)
    bpy.ops.object.mode_set(mode=mode)


def _removed() -> None:
    bpy.data.objects.remove(_anna())


def _elsewhere() -> None:
    bpy.context.scene.collection.objects.unlink(_anna())


def _excluded() -> None:
    """Anna in a collection that the view layer leaves out."""
    aside = bpy.data.collections.new("Aside")
    bpy.context.scene.collection.children.link(aside)
    for name in ("Anna", "Skin"):
        bpy.context.scene.collection.objects.unlink(bpy.data.objects[name])
        aside.objects.link(bpy.data.objects[name])
    bpy.context.view_layer.layer_collection.children["Aside"].exclude = True


def _hidden() -> None:
    for name in ("Anna", "Skin"):
        bpy.data.objects[name].hide_set(True)


def _disabled() -> None:
    for name in ("Anna", "Skin"):
        bpy.data.objects[name].hide_viewport = True


def _linked() -> None:
    """Anna of another file in the place of our own."""
    path = Path(bpy.data.filepath)
    copy = str(path.with_name("library.blend"))
    if not Path(copy).exists():
        bpy.ops.wm.save_as_mainfile(filepath=copy, copy=True)
    for name in ("Anna", "Skin"):
        bpy.data.objects.remove(bpy.data.objects[name])
    libraries: Any = bpy.data.libraries
    with libraries.load(copy, link=True) as (_, wanted):
        wanted.objects = ["Anna", "Skin"]
    for one in wanted.objects:
        bpy.context.scene.collection.objects.link(one)
    bpy.context.scene.aqgt_generate.character = wanted.objects[0]


def _tweaked() -> None:
    data = _anna().animation_data
    track = data.nla_tracks[0]
    data.nla_tracks.active = track
    track.select = track.strips[0].select = True
    data.use_tweak_mode = True


def _renamed_bones() -> None:
    for number, bone in enumerate(_anna().data.bones):
        bone.name = f"b{number}"


def _no_strips() -> None:
    bpy.context.scene.sequence_editor_clear()


def _sound(name: str, content: bytes | None) -> None:
    """A sound file instead of the strip; None: there is none of that name."""
    path = Path(bpy.data.filepath).with_name(name)
    if content is not None:
        path.write_bytes(content)
    speech = bpy.context.scene.aqgt_speech
    speech.source, speech.filepath = "FILE", str(path)


def _strip_without_file() -> None:
    bpy.data.sounds["Voice"].filepath = "//gone.wav"


def _locked() -> None:
    part("annotate.store").active(bpy.context.scene).aqgt.locked = True


def _no_markers() -> None:
    bpy.context.scene.timeline_markers.clear()


def _typed_wrongly() -> None:
    store = part("annotate.store")
    scene = bpy.context.scene
    store.active(scene).name = "G: icnic"
    store.sync(scene)


def _no_takes() -> None:
    _anna().animation_data_clear()


def _take_without_motion() -> None:
    for action in bpy.data.actions:
        for key in ("aqgt_motion", "aqgt_recipe"):
            if key in action.keys():  # noqa: SIM118 -- an Action is no mapping
                action[key] = b"\0\1\2" if key == "aqgt_motion" else "no recipe"


def _everything_chosen() -> None:
    """Settings that go other ways through the code."""
    settings = bpy.context.scene.aqgt_generate
    settings.start_from, settings.extent, settings.variants = "POSE", "PREVIEW", 2
    retarget = bpy.context.scene.aqgt_retarget
    retarget.source, retarget.additive, retarget.split = "ARMATURE", True, True
    retarget.look_at, retarget.hold_legs = bpy.data.objects["Box"], True
    bpy.context.scene.aqgt_annotate.addressed = True


def _no_parts() -> None:
    settings = bpy.context.scene.aqgt_retarget
    for part_name in part("retarget.props").PARTS:
        setattr(settings, f"use_{part_name}", False)


def _no_engine(engine: Any) -> None:
    engine.refusal = AqgtError("No engine listens.", "Start it.", "no-engine")


def _engine_breaks(engine: Any) -> None:
    engine.refusal = MemoryError("nothing left")


def _engine_refuses(engine: Any) -> None:
    engine.error = EngineError("busy", "The engine has no place.", "Try again later.")


FINE: dict[str, Any] = {
    "as it should be": lambda _: None,
    "another object in edit mode": lambda _: _mode("Box", "EDIT"),
    "Anna in pose mode": lambda _: _mode("Anna", "POSE"),
    "Anna in edit mode": lambda _: _mode("Anna", "EDIT"),
    "her skin in weight paint": lambda _: _mode("Skin", "WEIGHT_PAINT"),
    "Anna is hidden": lambda _: _hidden(),
    "Anna is disabled": lambda _: _disabled(),
    "other settings": lambda _: _everything_chosen(),
}
"""States in which an operator may succeed; what it is given is right."""

TROUBLES: dict[str, Any] = {
    "Anna is gone": lambda _: _removed(),
    "Anna is not in the scene": lambda _: _elsewhere(),
    "Anna is left out of the view layer": lambda _: _excluded(),
    "Anna is linked": lambda _: _linked(),
    "Anna is being tweaked": lambda _: _tweaked(),
    "no bone is known": lambda _: _renamed_bones(),
    "no strip": lambda _: _no_strips(),
    "no sound file": lambda _: _sound("gone.wav", None),
    "a sound file that is none": lambda _: _sound("broken.wav", b"RIFF and no more"),
    "an empty sound file": lambda _: _sound("empty.wav", b""),
    "a strip whose file is gone": lambda _: _strip_without_file(),
    "the annotation is locked": lambda _: _locked(),
    "no markers": lambda _: _no_markers(),
    "a marker that can't be read": lambda _: _typed_wrongly(),
    "no takes": lambda _: _no_takes(),
    "takes that lost their motion": lambda _: _take_without_motion(),
    "every part left out": lambda _: _no_parts(),
    "no engine": _no_engine,
    "packing fails": _engine_breaks,
    "the engine refuses": _engine_refuses,
}
"""States in which many an operator has to refuse."""
