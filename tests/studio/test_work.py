# SPDX-License-Identifier: GPL-3.0-or-later
"""One task from recording to files, and what makes it be done again."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.formats.npz import read_npz
from aqgt.studio import keys
from aqgt.studio.batch import Options, run_batch
from aqgt.studio.jobfile import read_job_file
from aqgt.studio.jobs import Task, expand
from aqgt.studio.journal import read_receipt
from aqgt.studio.work import Conditions, Workshop


def quiet(share: float, text: str) -> None:
    """Nobody watches."""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A second of a voice-like sound."""
    t = np.arange(16_000) / 16_000
    sound = 0.4 * np.sin(2 * np.pi * 140 * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return path


def task_of(folder: Path, text: str) -> Task:
    path = folder / "jobs.yaml"
    path.write_text(f"output: out\ndefaults: {{model: debug}}\njobs:\n  - {{audio: voice.wav, {text}}}\n")
    (task,) = expand(read_job_file(path))
    return task


def test_a_task_leaves_its_files_a_strip_and_a_receipt(recording: Path, tmp_path: Path) -> None:
    task = task_of(tmp_path, "outputs: [npz, bvh, mp4], seeds: 3")
    state = tmp_path / "state"
    shares: list[float] = []
    receipt = Workshop(Conditions(state)).do(task, "w", lambda share, text: shares.append(share))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "voice.bvh",
        "voice.mp4",
        "voice.npz",
    ]
    record = read_npz(task.outputs["npz"])
    assert receipt.figures["frames"] == len(record.motion) == 15
    assert receipt.figures["seed"] == record.provenance["seed"] == 3
    assert receipt.figures["wrist_speed_max"] >= receipt.figures["wrist_speed_mean"] > 0
    assert receipt.thumbnail is not None
    assert Path(receipt.thumbnail).stat().st_size > 500
    assert read_receipt(state, keys.task_key(task, "w")) == receipt
    assert shares == sorted(shares)


def test_a_motion_is_not_generated_again_for_another_output(recording: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    Workshop(Conditions(state)).do(task_of(tmp_path, "outputs: npz"), "w", quiet)
    (motion,) = (state / "motions").iterdir()
    before = motion.stat().st_mtime_ns
    workshop = Workshop(Conditions(state))
    workshop.do(task_of(tmp_path, "outputs: bvh"), "w", quiet)
    assert motion.stat().st_mtime_ns == before
    assert workshop._models == {}, "not even the model was loaded"


def test_the_key_follows_all_that_counts_and_nothing_else(recording: Path, tmp_path: Path) -> None:
    annotations = tmp_path / "a.txt"
    annotations.write_text("0.2 G: beat right")
    base = task_of(tmp_path, "annotations: a.txt")
    key = keys.task_key(base, "w")
    assert key == keys.task_key(task_of(tmp_path, "annotations: a.txt, timeout: 5"), "w")
    others = ["seeds: 1", "presets: always-beat", "density: 0.5", "outputs: bvh", "language: de", "idle: 0"]
    found = {keys.task_key(task_of(tmp_path, f"annotations: a.txt, {text}"), "w") for text in others}
    found |= {keys.task_key(base, "other weights"), keys.task_key(task_of(tmp_path, "seeds: 0"), "w")}
    annotations.write_text("0.2 G: beat left")
    found.add(keys.task_key(base, "w"))
    recording.write_bytes(recording.read_bytes()[:-2000])
    found.add(keys.task_key(base, "w"))
    assert len(found) == len(others) + 4
    assert key not in found
    still = task_of(tmp_path, "outputs: npz")
    assert keys.motion_key(still, "w") == keys.motion_key(task_of(tmp_path, "render: {width: 64}"), "w")


def test_the_report_shows_every_state_and_escapes_what_it_shows(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "jobs.yaml"
    path.write_text(
        "output: out\ndefaults: {model: debug}\n"
        "jobs:\n  - audio: voice.wav\n  - {name: bad, audio: '<b>&.wav'}\n"
    )
    result = run_batch(read_job_file(path), Options(workers=1))
    assert [outcome.state for outcome in result.outcomes] == ["done", "failed"]
    page = result.report.read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;.wav" in page
    assert "<b>&" not in page
    assert "data:image/jpeg;base64," in page
    assert 'href="voice.npz"' in page
    raw = json.loads(result.report.with_suffix(".json").read_text(encoding="utf-8"))
    assert raw["counts"] == {"done": 1, "kept": 0, "failed": 1}
    assert raw["tasks"][0]["figures"]["licence"]
    assert raw["tasks"][1]["error"]["code"] == "no-file"
    again = run_batch(read_job_file(path), Options(workers=1))
    assert [outcome.state for outcome in again.outcomes] == ["kept", "failed"]


def test_a_missing_character_is_said_before_blender_is_started(recording: Path, tmp_path: Path) -> None:
    task = task_of(tmp_path, "character: none.glb, outputs: blend")
    workshop = Workshop(replace(Conditions(tmp_path / "state"), blender="/nowhere"))
    with pytest.raises(AqgtError, match=r"There is no character “.*none\.glb”"):
        workshop.do(task, "w", quiet)
