# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine that Blender starts: it answers, it can be stopped, and it ends with Blender."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from tests.blender.conftest import EXTENSION, USER
from tests.blender.helpers import refused, wait_until

START_AND_DIE = f"""
import os, signal, bpy
bpy.ops.preferences.addon_enable(module="{EXTENSION}")
bpy.context.preferences.addons["{EXTENSION}"].preferences.engine_python = os.environ["ENGINE_PYTHON"]
bpy.ops.aqgt.engine_start()
from {EXTENSION}.connection import engine_process
print("ENGINE", engine_process._local.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_start_check_stop(preferences, part, engine_python):
    preferences.engine_python = str(engine_python)
    assert bpy.ops.aqgt.engine_start() == {"FINISHED"}
    session, process = part("connection.session"), part("connection.engine_process")
    pid = process._local.process.pid
    assert session.state() == session.READY
    assert "debug" in [model.name for model in session.hello().models]
    assert not bpy.ops.aqgt.engine_start.poll()
    assert bpy.ops.aqgt.engine_check() == {"FINISHED"}
    assert bpy.ops.aqgt.engine_stop() == {"FINISHED"}
    assert not alive(pid)
    assert session.state() == session.OFF


def test_disabling_the_extension_ends_its_engine(preferences, part, engine_python):
    preferences.engine_python = str(engine_python)
    bpy.ops.aqgt.engine_start()
    pid = part("connection.engine_process")._local.process.pid
    bpy.ops.preferences.addon_disable(module=EXTENSION)
    try:
        assert not alive(pid)
    finally:
        bpy.ops.preferences.addon_enable(module=EXTENSION)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_engine_ends_where_blender_is_killed(installed, engine_python):
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(USER), "ENGINE_PYTHON": str(engine_python)}
    done = subprocess.run(
        [sys.executable, "-c", START_AND_DIE], env=environment, capture_output=True, text=True, timeout=200
    )
    pid = next(int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("ENGINE "))
    wait_until(lambda: not alive(pid))


def test_a_python_that_is_not_there(preferences, part):
    preferences.engine_python = "/nowhere/python"
    message = refused(bpy.ops.aqgt.engine_start)
    assert "/nowhere/python" in message
    assert "preferences" in message
    assert part("connection.session").state() == "FAILED"


def test_a_python_without_the_engine(preferences, part):
    preferences.engine_python = sys.executable  # Blender's own environment: bpy and nothing of the engine
    message = refused(bpy.ops.aqgt.engine_start)
    assert "log" in message
    log = part("connection.engine_process").log_path()
    assert log is None or "No module named" in log.read_text()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://10.1.2.3:5757", "nonsense"])
def test_an_address_that_does_not_answer(preferences, address):
    preferences.address = address
    assert address in refused(bpy.ops.aqgt.engine_check)


def test_an_engine_is_reached_without_online_access(engine, part):
    assert not bpy.app.online_access
    assert bpy.ops.aqgt.engine_check() == {"FINISHED"}
    assert part("connection.session").state() == "READY"
