# SPDX-License-Identifier: GPL-3.0-or-later
"""Generating in a real window: Blender's event loop, the modal operator, Esc, undo."""

from __future__ import annotations

import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    """The address of an engine, which runs outside of Blender's folder."""
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("aqgt")), "serve", "--port", "0", "--parent-pipe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "engine.log").open("w"),
        text=True,
    )
    assert process.stdout is not None
    try:
        mark, ready, address = process.stdout.readline().split()
        assert (mark, ready) == ("AQGT", "READY")
        yield address
    finally:
        process.kill()
        process.wait()


def shorten(source: Path, target: Path, seconds: float) -> None:
    """The first seconds of a WAV file."""
    with wave.open(str(source), "rb") as whole, wave.open(str(target), "wb") as part:
        part.setparams(whole.getparams())
        part.writeframes(whole.readframes(int(seconds * whole.getframerate())))


def test_generate_cancel_generate_undo(
    blender_window: Callable[[str], str], engine: str, checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "engine.txt").write_text(engine)
    shutil.copy(checkout / "rigs/characters/mh_mixamo_male.glb", tmp_path / "character.glb")
    for suffix in ("wav", "txt"):
        shutil.copy(checkout / f"examples/voice/sense_and_sensibility.{suffix}", tmp_path / f"voice.{suffix}")
    shorten(tmp_path / "voice.wav", tmp_path / "short.wav", 6.0)
    output = blender_window("generate")
    said = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    assert "Traceback" not in output, output
    assert said["ENGINE"] == "READY", output
    assert said["INVOKED"] == "{'RUNNING_MODAL'}"
    assert said["CANCELLED"] == "True 0", output
    assert said["TAKES"] == "1"
    assert said["UNDONE"] == "0"
    for name in ("progress", "take"):
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
