# SPDX-License-Identifier: GPL-3.0-or-later
"""Generating in a real window: Blender's event loop, the modal operator, Esc, undo."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from pathlib import Path

REPEATS = 10
"""How often the voice is said in the run that is cancelled; with the engine's rests that is over a minute."""


def write_voices(checkout: Path, folder: Path) -> None:
    """A long `voice.wav` with its transcript, and `short.wav`, its first six seconds."""
    source = checkout / "examples" / "voice" / "sense_and_sensibility.wav"
    with wave.open(str(source), "rb") as whole:
        parameters, sound = whole.getparams(), whole.readframes(whole.getnframes())
    six_seconds = 6 * parameters.framerate * parameters.sampwidth
    for name, frames in (("voice", sound * REPEATS), ("short", sound[:six_seconds])):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams(parameters)
            file.writeframes(frames)
    text = source.with_suffix(".txt").read_text(encoding="utf-8")
    (folder / "voice.txt").write_text(text * REPEATS, encoding="utf-8")


def test_generate_cancel_generate_undo(
    blender_window: Callable[[str], str], engine: str, checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "engine.txt").write_text(engine)
    shutil.copy(checkout / "rigs/characters/mh_mixamo_male.glb", tmp_path / "character.glb")
    write_voices(checkout, tmp_path)
    output = blender_window("generate")
    said = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    assert "Traceback" not in output, output
    assert said["ENGINE"] == "READY", output
    assert said["INVOKED"] == "{'RUNNING_MODAL'}"
    assert said["PREVIEW"] == "True", output
    assert said["FIGURE"] == "0 None True", output
    assert said["CANCELLED"] == "True 0", output
    assert said["TAKES"] == "1"
    assert said["UNDONE"] == "0"
    for name in ("settings", "progress", "figure", "take"):
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
