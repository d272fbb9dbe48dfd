# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of state: an operator changes what it is there for, and where it fails, nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.blender import stage
from tests.blender.fake_engine import FakeEngine
from tests.blender.helpers import empty_file
from tests.blender.law_table import LAWS, Law
from tests.blender.law_troubles import FINE, TROUBLES
from tests.blender.state import capture, changes
from tests.blender.takes import part

OPERATORS = sorted(dir(bpy.ops.aqgt))

_ENGINE = """#!/bin/sh
case "$*" in
  *serve*) echo "AQGT READY tcp://127.0.0.1:9"; exec cat ;;
  *"--workers 7"*) exec cat ;;
  *) echo 'AQGT-PROGRESS {"total": 1, "done": 1, "report": "REPORT"}' ;;
esac
"""


class World:
    """The stage, and an engine that says what a test wants."""

    def __init__(self, folder: Path, extension: str) -> None:
        self.folder, self.extension, self.engine = folder, extension, FakeEngine()
        self._file: Path | None = None

    def open(self) -> None:
        """The stage as it was made; a job, an engine or a batch of before is over."""
        for stop in ("one_job.abandon_all", "connection.session.close", "connection.engine_process.stop"):
            module, _, function = stop.rpartition(".")
            getattr(part(module), function)()
        part("batch.process").stop()
        part("batch.process").current = None
        part("connection.engine_process").log_file().unlink(missing_ok=True)
        self.engine.__init__()  # type: ignore[misc]
        if self._file is None:
            empty_file(self.extension)
            self._file = stage.build(self.folder)
        bpy.ops.wm.open_mainfile(filepath=str(self._file))
        bpy.context.view_layer.update()
        bpy.ops.aqgt.preset_save(title="Mine")  # an operator before may have deleted it


@pytest.fixture(scope="module")
def world(installed: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests of this module; what is temporary goes to a folder of its own."""
    folder = tmp_path_factory.mktemp("law")
    world = World(folder, installed)
    empty_file(installed)
    own = bpy.context.preferences.addons[installed].preferences
    kept = own.presets_folder, own.engine_python
    report = folder / "report.html"
    report.write_text("<p>done</p>", encoding="utf-8")
    program = folder / "engine.sh"
    program.write_text(_ENGINE.replace("REPORT", str(report)), encoding="utf-8")
    program.chmod(0o755)
    scratch = folder / "scratch"
    scratch.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aqgt.protocol.client.EngineClient", lambda *_, **__: world.engine)
        patch.setattr(tempfile, "tempdir", str(scratch))
        # Nothing here is worth waiting for.
        patch.setattr(part("connection.session"), "_PUMP_SECONDS", 0.005)
        patch.setattr(part("generate.running"), "_TICK_SECONDS", 0.005)
        patch.setattr(part("batch.ops"), "_TICK_SECONDS", 0.05)
        patch.setattr("webbrowser.open", lambda *_, **__: True)
        own.presets_folder, own.engine_python = str(folder / "presets"), str(program)
        yield world
        world.open()
        own.presets_folder, own.engine_python = kept
        empty_file(installed)


class Outcome:
    """How a call ended, and what it changed."""

    def __init__(self, name: str, arguments: dict[str, Any]) -> None:
        operator = getattr(bpy.ops.aqgt, name)
        bpy.context.view_layer.update()
        before = capture()
        self.allowed = operator.poll()
        self.said = ""
        try:
            self.done = operator(**arguments) == {"FINISHED"}
        except RuntimeError as error:
            self.done, self.said = False, str(error)
        bpy.context.view_layer.update()
        self.changed = changes(before, capture())

    def breaks(self, law: Law) -> set[str]:
        """What it did against the law."""
        if "Traceback" in self.said:
            return {self.said}
        if not self.allowed and self.done:
            return {"it ran although its poll refused"}
        if not self.done:
            return self.changed
        return {one for one in self.changed if not any(fnmatchcase(one, may) for may in law.may)}


def _wrong_files(arguments: dict[str, Any], folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """The same call with a file that is missing, empty, broken, or a folder."""
    if "filepath" not in arguments:
        return []
    suffix = Path(arguments["filepath"]).suffix
    (folder / f"broken{suffix}").write_bytes(b'{"\xff\xfe\0')
    (folder / f"empty{suffix}").write_bytes(b"")
    (folder / f"folder{suffix}").mkdir(exist_ok=True)
    wrong = {
        "no such folder": folder / "nowhere" / f"file{suffix}",
        "a broken file": folder / f"broken{suffix}",
        "an empty file": folder / f"empty{suffix}",
        "a folder": folder / f"folder{suffix}",
        "no suffix": folder / "file",
    }
    return [(what, {**arguments, "filepath": str(path)}) for what, path in wrong.items()]


def test_the_law_knows_every_operator(world):
    registered = {
        cls.bl_idname.removeprefix("aqgt.")
        for cls in part("registration").CLASSES
        if issubclass(cls, bpy.types.Operator)
    }
    assert set(OPERATORS) == registered == set(LAWS)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_keeps_the_law(world, name):
    law, broken, said, ended = LAWS[name], [], set(), {True: 0, False: 0}

    def prepare(make: Callable[[Any], None]) -> list[dict[str, Any]]:
        """The stage with its oddity; with what arguments the operator is called."""
        world.open()
        calls = law.calls(world.folder)
        if law.before is not None:
            law.before()
        make(world.engine)
        return calls

    def attempt(what: str, arguments: dict[str, Any]) -> bool:
        outcome = Outcome(name, arguments)
        ended[outcome.done] += 1
        said.add(outcome.said.strip())
        wrong = outcome.breaks(law)
        if wrong:
            broken.append(f"{what}, {arguments}: {sorted(wrong)} {outcome.said.strip()}")
        return bool(outcome.changed)

    for what, make in FINE.items():
        most = None if what == "as it should be" else 1
        for number in range(len(prepare(make)[:most])):
            attempt(what, prepare(make)[number])
    for what, make in TROUBLES.items():
        attempt(what, prepare(make)[0])
    fresh = False
    wrong = [("wrong", arguments) for arguments in law.wrong]
    for what, arguments in [
        ("defaults", {}),
        *wrong,
        *_wrong_files(prepare(FINE["as it should be"])[0], world.folder),
    ]:
        if not fresh:
            prepare(FINE["as it should be"])
        fresh = not attempt(what, arguments)
    world.open()
    calls = law.calls(world.folder)
    empty_file(world.extension)
    attempt("an empty file", calls[0])
    assert not broken, "\n".join(broken)
    assert ended[True] or law.needs_window, f"it never succeeded: {said}"
    assert ended[False] or law.never_fails, "nothing made it fail"
