# SPDX-License-Identifier: GPL-3.0-or-later
"""Every button that is greyed says why."""

from __future__ import annotations

import ast
from typing import Any

import bpy

NO_REASON = "poll() failed, context is incorrect"


def _operators() -> list[Any]:
    return [
        getattr(bpy.types, name)
        for name in dir(bpy.types)
        if name.startswith("AQGT_OT_") and hasattr(getattr(bpy.types, name), "poll")
    ]


def _refusal(operator: Any) -> str | None:
    """What Blender tells of an operator that may not run; None where it may."""
    namespace, name = operator.bl_idname.split(".")
    function = getattr(getattr(bpy.ops, namespace), name)
    if function.poll():
        return None
    try:
        function()
    except RuntimeError as error:
        return str(error)
    raise AssertionError(f"{operator.bl_idname} ran although its poll refused")


def test_every_operator_that_refuses_in_an_empty_scene_says_why(blender, part):
    part("connection.engine_process").log_file().unlink(missing_ok=True)
    said = {operator.bl_idname: _refusal(operator) for operator in _operators()}
    refused = {name: text for name, text in said.items() if text is not None}
    assert {"aqgt.align", "aqgt.transcribe", "aqgt.suggest", "aqgt.preset_apply", "aqgt.engine_stop"} <= set(
        refused
    )
    assert {name: text for name, text in refused.items() if NO_REASON in text} == {}
    assert {name: text for name, text in refused.items() if len(text.partition("poll()")[2]) < 15} == {}


def test_every_error_of_the_extension_names_the_next_step(checkout):
    silent = []
    for path in sorted((checkout / "blender_addon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "AqgtError":
                continue
            step = node.args[1] if len(node.args) > 1 else None
            if step is None or (isinstance(step, ast.Constant) and not step.value):
                silent.append(f"{path.name}:{node.lineno}")
    assert silent == []


def test_every_operator_has_a_tooltip_that_says_what_it_does(blender):
    lacking = [
        name
        for name in dir(bpy.types)
        if name.startswith("AQGT_OT_") and len((getattr(bpy.types, name).__doc__ or "").strip()) < 15
    ]
    assert lacking == []
