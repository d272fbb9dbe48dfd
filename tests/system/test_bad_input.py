# SPDX-License-Identifier: GPL-3.0-or-later
"""What users get wrong: a sentence that names the next step, an exit code, no traceback, no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.system.conftest import Run
from tests.system.media import RATE, read_wav, write_wav

ADDRESS = (
    "Four score and seven years ago our fathers brought forth, upon this continent, a new nation, "
    "conceived in liberty, and dedicated to the proposition that all men are created equal.\n"
)
# What the command is given, and a word of the next step.
CASES = {
    "no file": (["missing.wav"], "Check the path"),
    "an empty file": (["empty.wav"], ""),
    "silence": (["silent.wav"], ""),
    "0.2 s of sound": (["short.wav"], ""),
    "a text that calls itself a recording": (["letter.wav"], ""),
    "a transcript that does not fit": (["voice.wav", "--text", "other.txt"], "transcript"),
    "a model that is not there": (["voice.wav", "--model", "none-such"], "Use one of"),
    "an engine that is not running": (["voice.wav", "--engine", "tcp://127.0.0.1:9"], "aqgt serve"),
}


@pytest.fixture
def files(tmp_path: Path, voice: Path) -> list[str]:
    """Puts the recordings of the cases into the test's folder; returns all names in it."""
    samples = read_wav(voice)
    write_wav(tmp_path / "voice.wav", samples[round(7.9 * RATE) : round(10.9 * RATE)])
    write_wav(tmp_path / "short.wav", samples[RATE : RATE + RATE // 5])
    write_wav(tmp_path / "silent.wav", np.zeros(3 * RATE))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "letter.wav").write_text("This is no sound.\n")
    (tmp_path / "other.txt").write_text(ADDRESS)
    return sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "step"), CASES.values(), ids=CASES.keys())
def test_a_sentence_and_the_next_step(
    run: Run, files: list[str], arguments: list[str], step: str, tmp_path: Path
) -> None:
    model = [] if "--model" in arguments else ["--model", "debug"]
    result = run("aqgt", "generate", *arguments, *model, "-o", "a.npz")
    assert result.returncode not in (0, 1), "1 is what a crash ends with"
    said = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(said) >= 2, result.stderr
    assert "Traceback" not in result.stderr
    assert step.lower() in result.stderr.lower()
    assert sorted(path.name for path in tmp_path.iterdir()) == files
