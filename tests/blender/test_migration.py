# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of older and newer files."""

from __future__ import annotations

import bpy


def test_settings_of_an_older_file_are_migrated(preferences, part, tmp_path):
    migration = part("migration")
    scene, other = bpy.context.scene, bpy.data.scenes.new("Other")
    other.aqgt_generate.model = "aqgt"
    for one in (scene, other):
        one.aqgt_speech.language = "de_DE "
    path = tmp_path / "old.blend"
    handler = migration.on_save_pre
    bpy.app.handlers.save_pre.remove(handler)  # an older extension stamped nothing
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
    finally:
        bpy.app.handlers.save_pre.append(handler)
    preferences.default_model = "debug"
    assert scene.aqgt_settings.version == 0
    bpy.ops.wm.open_mainfile(filepath=str(path))
    found = {one.name: one for one in bpy.data.scenes}
    assert {one.aqgt_settings.version for one in found.values()} == {migration.VERSION}
    assert {one.aqgt_speech.language for one in found.values()} == {"de-DE"}
    assert found["Other"].aqgt_generate.model == "aqgt", "what was chosen stays"
    assert found["Scene"].aqgt_generate.model == "debug"


def test_a_file_of_a_newer_extension_stays_as_it_is(blender, part, tmp_path):
    migration = part("migration")
    scene = bpy.context.scene
    scene.aqgt_settings.version, scene.aqgt_speech.language = migration.VERSION + 1, "de_DE"
    path = tmp_path / "new.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    assert bpy.context.scene.aqgt_speech.language == "de_DE"
    assert migration.is_newer(bpy.context.scene)


def test_every_version_runs_each_later_step_once(blender, part, monkeypatch):
    migration = part("migration")
    ran = []
    steps = tuple(lambda scene, at=at: ran.append(at) for at in range(3))
    monkeypatch.setattr(migration, "STEPS", steps)
    monkeypatch.setattr(migration, "VERSION", 3)
    scene = bpy.context.scene
    scene.aqgt_settings.version = 1
    assert migration.migrate(scene)
    assert migration.migrate(scene)
    assert ran == [1, 2]
    assert scene.aqgt_settings.version == 3
