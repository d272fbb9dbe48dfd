# SPDX-License-Identifier: GPL-3.0-or-later
"""Check, log, report, keys, and the engine that is found by itself."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import bpy
import pytest

from aqgt.protocol.keys import new_keys
from aqgt.protocol.messages import EngineStatus, Hello
from tests.blender.helpers import refused, wait_until


def test_a_check_makes_a_second_of_motion(engine, part):
    bpy.context.scene.aqgt_generate.model = "debug"
    assert bpy.ops.aqgt.engine_check() == {"FINISHED"}
    session = part("connection.session")
    assert session.state() == session.READY
    model, seconds = session.tried()
    assert model == "debug"
    assert seconds > 0


def test_a_model_that_is_not_there_is_named_with_those_that_are(engine, part):
    bpy.context.scene.aqgt_generate.model = "nosuch"
    message = refused(bpy.ops.aqgt.engine_check)
    assert "nosuch" in message
    assert "debug" in message


def test_one_line_says_what_the_engine_is(blender, part):
    panel = part("connection.panel")
    hello = Hello(1, "9.9.9", "cpu", (), 600.0, 16)
    assert (
        panel.line(hello, EngineStatus(0, 3, 0, 1.0), "compact") == "no “compact” · cpu · 3 waiting · 9.9.9"
    )
    assert panel.mismatch(hello).count(".") >= 1
    assert "9.9.9" in panel.mismatch(hello)
    same = Hello(1, importlib.import_module("aqgt").__version__, "cpu", (), 600.0, 16)
    assert panel.mismatch(same) == ""


def test_an_engine_with_keys_wants_the_key_file(preferences, part, engine_python, tmp_path):
    key = new_keys(tmp_path / "keys", "anna")
    command = [str(engine_python.with_name("aqgt")), "serve", "--port", "0", "--keys", str(tmp_path / "keys")]
    process = subprocess.Popen(
        [*command, "--parent-pipe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        preferences.address = process.stdout.readline().split()[2]
        bpy.context.scene.aqgt_generate.model = "debug"
        assert "Key File" in refused(bpy.ops.aqgt.engine_check)
        preferences.key_file = str(tmp_path / "nowhere.key")
        assert "Key File" in refused(bpy.ops.aqgt.engine_check)
        preferences.key_file = str(key)
        assert bpy.ops.aqgt.engine_check() == {"FINISHED"}
    finally:
        part("connection.session").close()
        process.kill()
        process.wait()


def test_another_machine_wants_a_key(preferences):
    preferences.address = "tcp://10.1.2.3:5757"
    assert "Key File" in refused(bpy.ops.aqgt.engine_check)


def test_an_engine_that_dies_is_noticed(preferences, part, start_engine, monkeypatch):
    session = part("connection.session")
    engine = start_engine()
    preferences.address = engine.address
    bpy.context.scene.aqgt_generate.model = "debug"
    bpy.ops.aqgt.engine_check()
    monkeypatch.setattr(session, "_is_shown", lambda: True)
    session._watch()
    wait_until(lambda: session._watch() or session.status() is not None, 20.0)
    assert session.status().queued == 0
    engine.process.kill()
    wait_until(lambda: session._watch() or session.state() == session.FAILED, 20.0)
    # What is said depends on whether a question was under way; both say what to do.
    assert session.error().code in ("engine-gone", "no-engine")
    assert "Start" in session.error().next_step


@pytest.mark.skipif(os.name == "nt", reason="makes a command by a mode bit")
def test_the_command_is_found_on_the_path_and_where_installers_put_it(part, tmp_path, monkeypatch):
    process = part("connection.engine_process")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert "Install it" in _no_command(process)
    for folder in (tmp_path / ".local" / "bin", tmp_path / "bin"):
        folder.mkdir(parents=True)
        (folder / "aqgt").write_text("#!/bin/sh\n")
        (folder / "aqgt").chmod(0o755)
        assert process.command("") == [str(folder / "aqgt")]
    environment = tmp_path / "venv" / "bin"
    environment.mkdir(parents=True)
    (environment / "python").write_text("")
    assert process.command(str(tmp_path / "venv"))[0] == str(environment / "python")


def _no_command(process) -> str:
    with pytest.raises(Exception, match="No engine") as caught:
        process.command("")
    return str(caught.value)


def test_the_log_becomes_a_text(blender, part):
    log = part("connection.engine_process").log_file()
    log.unlink(missing_ok=True)
    assert not bpy.ops.aqgt.engine_log.poll()
    log.write_text("the engine said this\n")
    assert bpy.ops.aqgt.engine_log() == {"FINISHED"}
    assert "the engine said this" in bpy.data.texts["Engine Log"].as_string()
    assert bpy.ops.aqgt.engine_log() == {"FINISHED"}
    assert len(bpy.data.texts) == 1


def test_the_report_holds_versions_settings_and_errors_but_no_words(preferences, part, character):
    scene = bpy.context.scene
    scene.aqgt_speech.transcript = "Verschwiegenes"
    scene.aqgt_speech.filepath = "/voices/Geheim.wav"
    preferences.address = "tcp://studio.example:5757"
    character.name = "Anna"
    scene.timeline_markers.new("G@Anna: beat", frame=3)
    assert "studio" in refused(bpy.ops.aqgt.engine_check)
    assert "bad-address" in part("connection.report").report_text(bpy.context)
    preferences.key_file = "/home/anna/anna.key"
    assert "anna" in refused(bpy.ops.aqgt.engine_check)
    text = part("connection.report").report_text(bpy.context)
    for secret in ("Verschwiegenes", "Geheim", "anna", "Anna", "studio", str(Path.home())):
        assert secret not in text, text
    for wanted in ("Blender: ", "extension: ", "generate.seed: ", "no-keys", "another machine"):
        assert wanted in text, text
    assert bpy.ops.aqgt.report() == {"FINISHED"}
    assert bpy.data.texts["Gestures Report"].as_string() == text
