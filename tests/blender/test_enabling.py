# SPDX-License-Identifier: GPL-3.0-or-later
"""What enabling loads, and what it leaves to the moment of use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.blender.conftest import EXTENSION, USER

SCRIPT = """
import importlib, json, os, sys
import addon_utils, bpy
addon_utils.enable(sys.argv[1], default_set=True)
enabled = sorted(sys.modules)
late = importlib.import_module(sys.argv[1] + ".warm_up")
late.load()
print("MODULES", json.dumps([enabled, sorted(sys.modules), list(late.LATE)]), flush=True)
os._exit(0)
"""
HEAVY = (
    "zmq",
    "msgpack",
    "xml.etree.ElementTree",
    "aqgt.formats.bvh",
    "aqgt.formats.elan",
    "aqgt.protocol.client",
    "aqgt.protocol.messages",
    "aqgt.retarget.auto_map",
    "aqgt.retarget.solver",
)
"""What only running operators need."""


@pytest.fixture(scope="module")
def loaded(installed: str) -> tuple[set[str], set[str], list[str]]:
    """The modules of a fresh Blender with the extension enabled; after warming up; what that is to load."""
    command = [sys.executable, "-c", "import bpy" + SCRIPT, installed]
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(USER)}
    answer = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, env=environment
    ).stdout
    line = next(line for line in answer.splitlines() if line.startswith("MODULES "))
    enabled, warm, late = json.loads(line.removeprefix("MODULES "))
    return set(enabled), set(warm), late


def _own(names: set[str]) -> set[str]:
    return {name.removeprefix(EXTENSION) for name in names if name.startswith(f"{EXTENSION}.")}


def test_enabling_loads_nothing_that_only_operators_need(loaded):
    enabled, _, late = loaded
    assert f"{EXTENSION}.registration" in enabled
    own = {EXTENSION + name if name.startswith(".") else name for name in late}
    assert not (own | set(HEAVY)) & enabled


def test_warming_up_leaves_nothing_to_the_first_use(loaded, checkout):
    _, warm, _ = loaded
    assert set(HEAVY) <= warm
    root = checkout / "blender_addon"
    modules = {
        "." + ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.rglob("*.py")
        if path.name != "__init__.py"
    }
    # `headless` and what it renders with belong to `aqgt` in a shell, tables of languages to who speaks them.
    elsewhere = (".headless.", ".translations.german")
    left = {name for name in modules - _own(warm) if not name.startswith(elsewhere)}
    assert left <= {".scene.rendering"}


def test_the_wheel_holds_what_blender_needs_and_nothing_of_the_engine(loaded):
    """What is unpacked while the extension is being enabled; the other packages need what no Blender has."""
    _, warm, _ = loaded
    import aqgt

    folder = Path(aqgt.__file__).parent
    packages = {path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert packages == {"_data", "formats", "planner", "protocol", "retarget"}
    assert not list((folder / "planner").rglob("*.py")), "its vocabulary alone"
    assert not (folder.parent / "aqgt_training").exists()
    used = {name.split(".")[1] for name in warm if name.startswith("aqgt.")}
    assert used <= packages | {path.stem for path in folder.glob("*.py")}
    (record,) = folder.parent.glob("aqgt-*.dist-info/RECORD")
    listed = {line.split(",")[0] for line in record.read_text(encoding="utf-8").splitlines()}
    there = {path.relative_to(folder.parent).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {name for name in there if not name.endswith(".pyc")} == {
        name for name in listed if name.startswith("aqgt/")
    }
