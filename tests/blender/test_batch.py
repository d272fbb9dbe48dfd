# SPDX-License-Identifier: GPL-3.0-or-later
"""The section Batch and `blender --command aqgt`: job files run by the engine's own processes."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.test_registration import Layout

JOBS = """
output: out
defaults: {model: debug}
jobs:
  - audio: voice.wav
    outputs: [npz]
  - {name: gone, audio: gone.wav}
"""


@pytest.fixture
def jobs(tmp_path: Path, checkout: Path) -> Path:
    """A job file with a good and a broken job."""
    shutil.copyfile(checkout / "examples/voice/sense_and_sensibility.wav", tmp_path / "voice.wav")
    path = tmp_path / "jobs.yaml"
    path.write_text(JOBS, encoding="utf-8")
    return path


@pytest.fixture
def engine(preferences: Any, engine_python: Path) -> None:
    """The engine's Python in the preferences."""
    preferences.engine_python = str(engine_python)


def panel() -> str:
    layout = Layout()
    bpy.types.AQGT_PT_batch.draw(SimpleNamespace(layout=layout), bpy.context)
    return " | ".join(layout.seen)


def test_the_operator_runs_a_job_file_and_the_panel_says_how_it_ended(engine, blender, jobs, part):
    blender.scene.aqgt_batch.jobs = str(jobs)
    assert not bpy.ops.aqgt.batch_report.poll() or part("batch.process").current is not None
    assert bpy.ops.aqgt.batch_run() == {"FINISHED"}
    batch = part("batch.process").current
    assert batch.report == jobs.parent / "out" / "report.html"
    rows = json.loads(batch.report.with_suffix(".json").read_text(encoding="utf-8"))["tasks"]
    assert [row["state"] for row in rows] == ["done", "failed"]
    assert (jobs.parent / "out" / "voice.npz").is_file()
    assert "2 of 2, 1 failed" in panel()
    assert bpy.ops.aqgt.batch_report.poll()


def test_without_a_job_file_it_says_so(engine, blender, tmp_path):
    with pytest.raises(RuntimeError, match="No job file is chosen"):
        bpy.ops.aqgt.batch_run()
    blender.scene.aqgt_batch.jobs = str(tmp_path / "none.yaml")
    with pytest.raises(RuntimeError, match="There is no job file"):
        bpy.ops.aqgt.batch_run()


def test_a_mistake_in_the_job_file_is_reported_with_its_line(engine, blender, jobs):
    jobs.write_text("jobs:\n  - audio: voice.wav\n    sped: 2\n", encoding="utf-8")
    blender.scene.aqgt_batch.jobs = str(jobs)
    with pytest.raises(RuntimeError, match="line 3: there is no key “sped”"):
        bpy.ops.aqgt.batch_run()
    assert "sped" in panel()


def test_cancel_ends_it_and_keeps_what_is_done(engine, blender, jobs, part):
    process = part("batch.process")
    jobs.write_text(JOBS.replace("outputs: [npz]", "seeds: [1]\n    variants: 400"), encoding="utf-8")
    batch = process.start(str(jobs), 1)
    deadline = time.monotonic() + 120
    while batch.said.get("done", 0) < 1:
        assert batch.running, batch.tail
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not bpy.ops.aqgt.batch_run.poll()
    assert "of 401" in panel()
    assert bpy.ops.aqgt.batch_cancel() == {"FINISHED"}
    assert not batch.running
    assert batch.error is None
    assert "Cancelled" in panel()
    assert 1 <= len(list((jobs.parent / "out").glob("voice-seed*.npz"))) < 400


def test_disabling_the_extension_ends_the_batch(engine, blender, jobs, part, installed):
    jobs.write_text(JOBS.replace("outputs: [npz]", "seeds: [1]\n    variants: 400"), encoding="utf-8")
    batch = part("batch.process").start(str(jobs), 1)
    bpy.ops.preferences.addon_disable(module=installed)
    assert not batch.running
    bpy.ops.preferences.addon_enable(module=installed)


def test_the_command_line_of_blender_runs_the_engines(engine, blender, jobs, part, capfd):
    command = part("headless.command")
    assert command.run(["batch", str(jobs), "--dry-run"]) == 0
    assert "voice.npz" in capfd.readouterr().out
    assert command.run(["batch", str(jobs.with_name("none.yaml"))]) == 2
    assert "none.yaml" in capfd.readouterr().err


def test_the_command_line_says_what_is_missing_without_an_engine(preferences, part, capfd):
    preferences.engine_python = "/nowhere/python"
    assert part("headless.command").run(["batch", "jobs.yaml"]) == 2
    assert "There is no Python" in capfd.readouterr().err
