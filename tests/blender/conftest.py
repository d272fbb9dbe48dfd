# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender as a module, with the built extension installed from its zip into a folder of this run alone."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# Blender reads this once, when it is imported.
USER = Path(tempfile.mkdtemp(prefix="aqgt-blender-tests-"))
os.environ["BLENDER_USER_RESOURCES"] = str(USER)

bpy = pytest.importorskip("bpy")

EXTENSION = "bl_ext.user_default.aqgt_gestures"
_status = 0


def _install() -> None:
    """Through Blender's own operator, from the zip built last; afterwards its wheels can be imported."""
    built = (Path(__file__).resolve().parents[2] / "dist").glob("aqgt_gestures-*.zip")
    found = sorted(built, key=lambda path: path.stat().st_mtime)
    if not found:
        raise pytest.UsageError("There is no extension in dist/. Build it: make extension")
    bpy.ops.extensions.package_install_files(
        filepath=str(found[-1]), repo="user_default", enable_on_install=True
    )
    if EXTENSION not in bpy.context.preferences.addons:
        raise pytest.UsageError(f"Blender did not enable the extension in {found[-1]}.")


# At once: test modules import aqgt, which must come from the extension's wheels.
_install()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the exit code for the end."""
    global _status
    _status = int(exitstatus)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: Blender 4.5 can hang or crash while Python shuts down."""
    shutil.rmtree(USER, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)


@pytest.fixture(scope="session")
def installed() -> str:
    """The full name of the extension, which is installed before any test is collected."""
    return EXTENSION


@pytest.fixture
def blender(installed: str) -> Any:
    """An empty file with the extension enabled; `bpy.context`."""
    bpy.ops.wm.read_factory_settings(use_empty=True)  # drops enabled add-ons, too
    bpy.ops.preferences.addon_enable(module=installed)
    return bpy.context


@pytest.fixture
def part(blender: Any) -> Callable[[str], ModuleType]:
    """A module of the extension: `part("scene.sound")`."""
    return lambda name: importlib.import_module(f"{EXTENSION}.{name}")


@pytest.fixture
def preferences(blender: Any) -> Iterator[Any]:
    """The extension's preferences; afterwards as they come, since some tests keep what they find."""
    yield blender.preferences.addons[EXTENSION].preferences
    if EXTENSION in bpy.context.preferences.addons:
        own = bpy.context.preferences.addons[EXTENSION].preferences
        for one in own.bl_rna.properties:
            if one.is_runtime:
                own.property_unset(one.identifier)


@pytest.fixture
def character(blender: Any, checkout: Path) -> Any:
    """The armature of the demo character, chosen in the panel."""
    bpy.ops.import_scene.gltf(
        filepath=str(checkout / "rigs/characters/mh_mixamo_male.glb"), disable_bone_shape=True
    )
    armature = next(one for one in blender.scene.objects if one.type == "ARMATURE")
    blender.scene.aqgt_generate.character = armature
    blender.scene.aqgt_generate.model = "debug"
    return armature


@pytest.fixture
def voice(blender: Any, checkout: Path) -> Any:
    """Four seconds of the demo voice as a strip, from frame 31 on at 30 frames per second."""
    scene = blender.scene
    scene.render.fps, scene.frame_end = 30, 250
    path = checkout / "examples/voice/sense_and_sensibility.wav"
    strip = scene.sequence_editor_create().strips.new_sound("Voice", str(path), 1, 31)
    strip.frame_final_duration = 120
    return strip


@pytest.fixture(scope="session")
def engine_python(checkout: Path) -> Path:
    """The Python of the engine's environment."""
    path = checkout / ".venv" / "bin" / "python"
    if not path.exists():
        pytest.skip(f"there is no engine at {path}: make setup")
    return path


@dataclass
class Engine:
    """A running engine."""

    process: subprocess.Popen[str]
    address: str


@pytest.fixture(scope="session")
def start_engine(engine_python: Path) -> Iterator[Callable[[], Engine]]:
    """Start engines as users do; they end with the tests."""
    started: list[subprocess.Popen[str]] = []

    def start() -> Engine:
        command = [str(engine_python.with_name("aqgt")), "serve", "--port", "0", "--parent-pipe"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline().split()
        assert line[:2] == ["AQGT", "READY"], line
        return Engine(process, line[2])

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def shared_engine(start_engine: Callable[[], Engine]) -> Engine:
    """One engine for all tests that leave it alive."""
    return start_engine()


@pytest.fixture
def engine(shared_engine: Engine, preferences: Any) -> Engine:
    """An engine, its address in the preferences."""
    preferences.address = shared_engine.address
    return shared_engine
