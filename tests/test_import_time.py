# SPDX-License-Identifier: GPL-3.0-or-later
"""What importing a part of the project drags in: Blender must not pay for what only the engine needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(name for name in loaded - set(sys.stdlib_module_names) if not name.startswith("_"))))
"""


def third_party(module: str) -> set[str]:
    """The top-level packages beyond the standard library that a fresh process loads for `module`."""
    command = [sys.executable, "-c", SCRIPT, module]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return set(json.loads(answer.stdout)) - {"aqgt"}


def test_the_package_itself_needs_numpy_at_most() -> None:
    assert third_party("aqgt") <= {"numpy"}


@pytest.mark.parametrize(
    "module",
    ["annotations", "errors", "motion", "resources", "rotations", "skeleton", "words", "formats", "retarget"],
)
def test_vocabulary_formats_and_retargeting_need_numpy_at_most(module: str) -> None:
    assert third_party(f"aqgt.{module}") <= {"numpy"}


def test_the_protocol_needs_what_the_extension_carries() -> None:
    assert third_party("aqgt.protocol") <= {"numpy", "msgpack", "zmq"}


def test_the_command_line_starts_without_torch() -> None:
    heavy = {"torch", "librosa", "numba", "scipy", "pocketsphinx"}
    assert not third_party("aqgt.cli.app") & heavy, "`aqgt --help` would take seconds"
