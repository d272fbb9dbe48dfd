# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: a sentence, what to do next, exit code 2, no traceback, no half-written file."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import write_wav

Run = Callable[..., Any]


def speechlike(seconds: float) -> np.ndarray:
    times = np.arange(round(seconds * 16_000)) / 16_000
    return 0.3 * np.sin(2 * np.pi * 180 * times) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * times))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    write_wav(tmp_path / "silent.wav", np.zeros(32_000))
    write_wav(tmp_path / "short.wav", speechlike(0.2))
    write_wav(tmp_path / "nothing.wav", np.zeros(0))
    write_wav(tmp_path / "good.wav", speechlike(2.0))
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("this is no sound")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "latin1.txt").write_bytes("Größe".encode("latin-1"))
    (tmp_path / "marks.txt").write_text("1.0 G: iconic\nlater G: beat\n")
    (tmp_path / "label.txt").write_text("1.0 G: wiggle right\n")
    (tmp_path / "latin1-marks.txt").write_bytes("1.0 G: größe=groß".encode("latin-1"))
    (tmp_path / "spans.json").write_text("{")
    (tmp_path / "words.json").write_text('{"words": 3}')
    (tmp_path / "config.yaml").write_text("adress: tcp://127.0.0.1:0\n")
    names = [path.name for path in tmp_path.iterdir()]
    return {name: tmp_path / name for name in names} | {"missing.wav": tmp_path / "missing.wav"}


CASES = {
    "no file": ["generate", "missing.wav"],
    "an empty file": ["generate", "empty.wav"],
    "no samples": ["generate", "nothing.wav"],
    "silence": ["generate", "silent.wav"],
    "0.2 s": ["generate", "short.wav"],
    "no sound file": ["generate", "text.wav"],
    "an empty transcript": ["generate", "good.wav", "--text", "empty.txt"],
    "a transcript in another encoding": ["generate", "good.wav", "--text", "latin1.txt"],
    "no transcript there": ["generate", "good.wav", "--text", "missing.wav"],
    "text and words": ["generate", "good.wav", "--text", "marks.txt", "--words", "words.json"],
    "words that are none": ["generate", "good.wav", "--words", "words.json"],
    "an annotation without time": ["generate", "good.wav", "--annotations", "marks.txt"],
    "an unknown label": ["generate", "good.wav", "--annotations", "label.txt"],
    "annotations in another encoding": ["generate", "good.wav", "--annotations", "latin1-marks.txt"],
    "broken spans": ["generate", "good.wav", "--annotations", "spans.json"],
    "an unknown model": ["generate", "good.wav", "--model", "none-such"],
    "an unknown preset": ["generate", "good.wav", "--model", "debug", "--preset", "none-such"],
    "an unknown speaker": ["generate", "good.wav", "--model", "debug", "--speaker", "999"],
    "an unknown ending": ["generate", "good.wav", "-o", "a.gif"],
    "no such folder": ["generate", "good.wav", "-o", "nowhere/a.npz"],
    "an unknown way to annotate": ["generate", "good.wav", "--annotate", "perhaps"],
    "an engine elsewhere": ["generate", "good.wav", "--engine", "tcp://192.168.0.9:5757"],
    "annotating silence": ["annotate", "silent.wav"],
    "aligning no text": ["align", "good.wav", "empty.txt", "-o", "w.json"],
    "previewing no motion": ["preview", "good.wav", "-o", "a.mp4"],
    "showing no model": ["models", "show", "none-such"],
    "serving to the network": ["serve", "--address", "tcp://0.0.0.0:5757"],
    "a mistyped configuration": ["serve", "--config", "config.yaml"],
    "no such device": ["serve", "--device", "tpu"],
}


@pytest.mark.parametrize("arguments", CASES.values(), ids=CASES.keys())
def test_a_sentence_a_next_step_and_no_file(
    aqgt: Run, files: dict[str, Path], arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    outcome = aqgt(*(files.get(argument, argument) for argument in arguments))
    assert outcome.code == 2, outcome
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    assert len(lines) >= 2, "a sentence and the next step"
    assert lines[-1].rstrip().endswith((".", ")")), outcome.err
    assert "Traceback" not in outcome.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_annotation_that_cannot_be_read_is_named_by_its_line(aqgt: Run, files: dict[str, Path]) -> None:
    files["label.txt"].write_text("# mine\n1.0 G: iconic\n2.0 G: beat rihgt\n")
    outcome = aqgt("generate", files["good.wav"], "--annotations", files["label.txt"])
    assert outcome.err.splitlines() == [
        f"Line 3 of “{files['label.txt']}”: “rihgt” is no word of a gesture marker.",
        "Did you mean “right”?",
    ]


def test_a_transcript_that_does_not_fit(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    text = tmp_path / "other.txt"
    text.write_text(
        "Four score and seven years ago our fathers brought forth, upon this continent, a new nation, "
        "conceived in liberty, and dedicated to the proposition that all men are created equal."
    )
    outcome = aqgt("generate", voice, "--text", text, "--model", "debug", "-o", tmp_path / "a.npz")
    assert outcome.code == 2
    assert "transcript" in outcome.err.lower()
    assert not (tmp_path / "a.npz").exists()


def test_an_engine_that_is_not_running(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    outcome = aqgt("generate", voice, "--engine", address, "-o", tmp_path / "a.npz")
    assert outcome.code == 2
    assert "aqgt serve" in outcome.err


def test_debug_shows_the_traceback() -> None:
    command = [sys.executable, "-m", "aqgt.cli", "generate", "missing.wav", "--debug"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "missing.wav" in result.stderr
