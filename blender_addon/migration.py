# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings in older files are brought to what this version of the extension means by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from . import preferences

Step = Callable[[Any], None]


class AQGT_PG_settings(bpy.types.PropertyGroup):
    """What is known of a scene's settings."""

    version: bpy.props.IntProperty(options={"HIDDEN"})


def _to_1(scene: Any) -> None:
    """Language codes were free text; a model that was never chosen was “compact”."""
    speech = scene.aqgt_speech
    code = speech.language.strip().replace("_", "-")
    if code != speech.language:
        speech.language = code
    generate, wanted = scene.aqgt_generate, preferences.get().default_model
    if wanted and not generate.is_property_set("model"):
        generate.model = wanted


STEPS: tuple[Step, ...] = (_to_1,)
"""In order; step n takes a scene from version n to n + 1. A fresh scene, of version 0, takes all of them."""
VERSION = len(STEPS)


def migrate(scene: Any) -> bool:
    """Bring a scene's settings up to date; False where a newer extension wrote them, and they stay."""
    group = scene.aqgt_settings
    if group.version > VERSION:
        return False
    for step in STEPS[group.version :]:
        step(scene)
    if group.version != VERSION:
        group.version = VERSION
    return True


def is_newer(scene: Any) -> bool:
    """Whether a newer extension wrote a scene's settings."""
    return bool(scene.aqgt_settings.version > VERSION)


def migrate_all() -> None:
    """Every scene of the file that may be changed."""
    for scene in bpy.data.scenes:
        if scene.is_editable:
            migrate(scene)


@bpy.app.handlers.persistent
def on_load_post(*_arguments: Any) -> None:
    """A file was opened."""
    migrate_all()


@bpy.app.handlers.persistent
def on_save_pre(*_arguments: Any) -> None:
    """Scenes made since then are of this version, too."""
    migrate_all()


def begin() -> None:
    """The add-on is being enabled: the file that is open follows as soon as Blender lets it be changed."""
    if not bpy.app.background:
        bpy.app.timers.register(migrate_all, first_interval=0.0)


def stop() -> None:
    """The add-on is being disabled."""
    if bpy.app.timers.is_registered(migrate_all):
        bpy.app.timers.unregister(migrate_all)
