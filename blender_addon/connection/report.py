# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for whoever is asked for help: versions, settings and the last error; no words, keys or names."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from aqgt import __version__
from aqgt.errors import AqgtError

from .. import preferences, unforeseen
from ..one_job import generation, wording
from ..scene.context import blender_version
from ..ui import show_text
from . import engine_process, session
from .panel import is_here

_GROUPS = ("aqgt_speech", "aqgt_annotate", "aqgt_generate", "aqgt_retarget")
_QUOTED = re.compile(r"“[^”]*”")


class AQGT_OT_report(bpy.types.Operator):
    """Copy versions, settings and the last error, to be sent to whoever helps you; without words or keys"""

    bl_idname = "aqgt.report"
    bl_label = "Report"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """To the clipboard, and into a text that is shown."""
        text = report_text(context)
        context.window_manager.clipboard = text
        show_text("Gestures Report", text)
        self.report({"INFO"}, "The report is in the clipboard, and a text: read it before you send it")
        return {"FINISHED"}


def report_text(context: bpy.types.Context) -> str:
    """The report, one `name: value` a line."""
    lines = ["# Speech Gestures (AQ-GT)", *_versions(), "", "# Engine", *_engine(context)]
    lines += ["", "# Settings", *_settings(context.scene), "", "# Last errors", *_errors()]
    return _private("\n".join(lines) + "\n", preferences.get(context))


def _private(text: str, own: preferences.AQGT_Preferences) -> str:
    """The text without the user's folder, the key's place and another machine's address."""
    hidden = {str(Path.home()): "~"}
    if own.key_file:
        hidden = {own.key_file: "KEY FILE", bpy.path.abspath(own.key_file): "KEY FILE", **hidden}
    if own.address and not is_here(own.address):
        hidden[own.address] = "ADDRESS"
    for secret, shown in hidden.items():
        text = text.replace(secret, shown)
    return text


def _versions() -> Iterator[str]:
    yield f"extension: {__version__}"
    yield f"Blender: {blender_version()}"
    yield f"Python: {platform.python_version()}"
    yield f"system: {platform.platform()}"


def _engine(context: bpy.types.Context) -> Iterator[str]:
    own, hello = preferences.get(context), session.hello()
    yield f"started here: {engine_process.running()}"
    yield f"Engine Python: {'named' if own.engine_python else engine_process.find_on_path() or 'not found'}"
    yield f"address: {own.address if is_here(own.address) else 'another machine'}"
    yield f"key file: {'chosen' if own.key_file else 'none'}"
    yield f"Whisper models: {'named' if own.whisper_folder else 'none named'}"
    yield f"state: {session.state()}"
    if hello is not None:
        yield f"version: {hello.engine_version}, protocol {hello.protocol}"
        yield f"device: {hello.device}"
        yield f"models: {', '.join(model.name for model in hello.models)}"


def _settings(scene: Any) -> Iterator[str]:
    """Numbers and choices; texts, names and files may say who somebody is or what is said."""
    for group_name in _GROUPS:
        group = getattr(scene, group_name)
        for prop in group.bl_rna.properties:
            if prop.type in ("BOOLEAN", "INT", "FLOAT", "ENUM") and not prop.is_hidden:
                value = getattr(group, prop.identifier)
                shown = f"{value:.4g}" if isinstance(value, float) else value
                yield f"{group_name[5:]}.{prop.identifier}: {shown}"
    yield f"model: {scene.aqgt_generate.model}"
    yield f"language: {scene.aqgt_speech.language or 'to be detected'}"
    yield f"frame rate: {scene.render.fps} / {scene.render.fps_base:g}"


def _errors() -> Iterator[str]:
    found = {
        "engine": session.error(),
        "speech": getattr(wording.current, "error", None),
        "generate": getattr(generation.current, "error", None),
    }
    for where, error in found.items():
        if isinstance(error, AqgtError):
            # What stands in quotes may be a word of the transcript, a name or a path.
            yield f"{where}: {error.code}: {_QUOTED.sub('“…”', f'{error.sentence} {error.next_step}')}"
    if not any(found.values()):
        yield "none"
    for number, line in enumerate(unforeseen.last()):
        yield f"unforeseen: {line}" if number == 0 else f"  {line}"
