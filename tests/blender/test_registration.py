# SPDX-License-Identifier: GPL-3.0-or-later
"""Enabling and disabling, where the code comes from, and panels that draw."""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.conftest import EXTENSION, USER

SEQUENCER_PANELS = (
    "AQGT_PT_speech_sequencer",
    "AQGT_PT_annotate_sequencer",
    "AQGT_PT_presets_sequencer",
    "AQGT_PT_suggest_sequencer",
)
PANELS = (
    *SEQUENCER_PANELS,
    "AQGT_PT_connection",
    "AQGT_PT_speech",
    "AQGT_PT_annotate",
    "AQGT_PT_presets",
    "AQGT_PT_suggest",
    "AQGT_PT_generate",
    "AQGT_PT_takes",
    "AQGT_PT_retarget",
    "AQGT_PT_bones",
    "AQGT_PT_laying",
    "AQGT_PT_batch",
)


def _modules() -> list[tuple[str, Any]]:
    return [(name, module) for name, module in list(sys.modules.items()) if name.startswith(f"{EXTENSION}.")]


def _drawing(name: str) -> list[Any]:
    """Draw handlers that a module of the extension still holds."""
    modules = [module for path, module in _modules() if path.endswith(name)]
    kept = [getattr(module, "_handles", None) or getattr(module, "_handle", None) for module in modules]
    return [one for one in kept if one]


def _left_behind() -> dict[str, Any]:
    timers = [
        (f"{path}.{name}", function)
        for path, module in _modules()
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == path
    ]
    handlers = [
        function
        for name in dir(bpy.app.handlers)
        if isinstance(getattr(bpy.app.handlers, name), list)
        for function in getattr(bpy.app.handlers, name)
        if getattr(function, "__module__", "").startswith(EXTENSION)
    ]
    return {
        "classes": [name for name in dir(bpy.types) if name.startswith("AQGT_")],
        "operators": dir(bpy.ops.aqgt),
        "handlers": handlers,
        "properties": [
            name
            for owner in (*bpy.types.ID.__subclasses__(), bpy.types.TimelineMarker)
            for name in dir(owner)
            if name.startswith("aqgt")
        ],
        "timers": [name for name, function in timers if bpy.app.timers.is_registered(function)],
        "menus": [
            function
            for name in dir(bpy.types)
            if any(kind in name for kind in ("_MT_", "_HT_", "_PT_"))
            for function in getattr(getattr(bpy.types, name).draw, "_draw_funcs", ())
            if getattr(function, "__module__", "").startswith(EXTENSION)
        ],
        "keymaps": [
            item.idname
            for configuration in bpy.context.window_manager.keyconfigs
            for keymap in configuration.keymaps
            for item in keymap.keymap_items
            if item.idname.startswith("aqgt.")
        ],
        "commands": importlib.import_module(f"{EXTENSION}.registration")._commands,
        "draw handlers": [part for name in ("overlay", "drawn_range") for part in _drawing(name)],
        "threads": [thread.name for thread in threading.enumerate() if thread.name.startswith("aqgt")],
    }


@pytest.mark.parametrize("name", ["aqgt", "zmq", "msgpack"])
def test_the_wheels_of_the_zip_are_what_runs(installed, name):
    module = importlib.import_module(name)
    assert str(module.__file__).startswith(str(USER / "extensions" / ".local"))


def _busy() -> None:
    """Timers, draw handlers, a thread and jobs, as in the middle of work."""
    session = importlib.import_module(f"{EXTENSION}.connection.session")
    session.begin(start_local=False)
    session.run_timer()
    bpy.app.timers.register(importlib.import_module(f"{EXTENSION}.migration").migrate_all)
    bpy.context.scene.timeline_markers.new("G: beat", frame=3)
    held = _left_behind()
    assert held["timers"], held
    assert held["menus"], held
    assert held["draw handlers"], held


def test_disabling_leaves_nothing_behind_ten_times(installed):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for _ in range(10):
        bpy.ops.preferences.addon_enable(module=installed)
        assert hasattr(bpy.types, "AQGT_PT_generate")
        _busy()
        bpy.ops.preferences.addon_disable(module=installed)
        assert not any(_left_behind().values()), _left_behind()
    bpy.ops.preferences.addon_enable(module=installed)


class Layout:
    """Takes every call of a panel and notes the texts and operators it is given."""

    def __init__(self, seen: list[str] | None = None) -> None:
        self.seen = [] if seen is None else seen

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if name in ("prop", "prop_search"):
                owner, prop = arguments[:2]
                assert prop in owner.bl_rna.properties, (owner, prop)
            if name == "operator":
                namespace, verb = arguments[0].split(".")
                assert verb in dir(getattr(bpy.ops, namespace)), arguments
            self.seen.append(str(options.get("text", arguments[0] if arguments else "")))
            return Layout(self.seen)

        return call


def _draw(name: str) -> list[str]:
    layout = Layout()
    panel = getattr(bpy.types, name)
    assert panel.bl_category == "Gestures"
    assert panel.bl_space_type == ("SEQUENCE_EDITOR" if name in SEQUENCER_PANELS else "VIEW_3D")
    panel.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout.seen


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_draws_in_an_empty_scene(blender, name):
    assert _draw(name)


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_draws_in_a_scene_that_is_set_up(character, voice, name):
    bpy.context.scene.timeline_markers.new("G: beat", frame=40)
    assert _draw(name)


def test_the_licence_of_the_chosen_model_is_shown(blender, monkeypatch):
    session = importlib.import_module(f"{EXTENSION}.connection.session")
    models = [
        SimpleNamespace(name="free", licence="GPL-3.0-or-later", commercial_use=True),
        SimpleNamespace(name="bound", licence="CC-BY-NC-3.0", commercial_use=False),
    ]
    settings = blender.scene.aqgt_generate
    settings.model = "bound"
    assert not any("Licence" in text for text in _draw("AQGT_PT_generate")), "the engine was not asked yet"
    monkeypatch.setattr(session, "hello", lambda: SimpleNamespace(models=models))
    drawn = {name: [] for name in ("free", "bound", "unknown")}
    for name in drawn:
        settings.model = name
        drawn[name] = [text for text in _draw("AQGT_PT_generate") if "icence" in text or "commercial" in text]
    assert drawn == {
        "free": ["Licence: GPL-3.0-or-later"],
        "bound": ["Licence: CC-BY-NC-3.0", "Not for commercial use"],
        "unknown": [],
    }


def test_an_unreadable_marker_is_shown_with_the_reason(blender):
    blender.scene.timeline_markers.new("G: icnic", frame=40)
    assert any("icnic" in text for text in _draw("AQGT_PT_annotate"))
    assert any("iconic" in text for text in _draw("AQGT_PT_annotate"))


def test_a_row_of_bones_draws_with_its_reason_as_tooltip(character):
    bpy.ops.aqgt.auto_map()
    row = bpy.context.scene.aqgt_retarget.rows[0]
    row.status, row.reason = "DOUBTFUL", "It looks like a tail"
    layout = Layout()
    bpy.types.AQGT_UL_bones.draw_item(None, bpy.context, layout, None, row, 0, None, "")
    assert row.title in layout.seen
    operator = bpy.types.AQGT_OT_bone_status
    assert operator.description(bpy.context, SimpleNamespace(text=row.reason)) == "It looks like a tail"


@pytest.mark.parametrize("menu", ["AQGT_MT_take_export", "AQGT_MT_played_export"])
def test_the_export_menus_list_every_format(blender, menu):
    layout = Layout()
    getattr(bpy.types, menu).draw(SimpleNamespace(layout=layout), bpy.context)
    assert {"BVH (skeleton)", "FBX", "VRM animation", "SMPL-X NPZ"} <= set(layout.seen)
