# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt` from the shell: a recording becomes words, annotations, motion and video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.formats.bvh import read_bvh
from aqgt.formats.npz import read_npz
from aqgt.formats.words_json import read_words
from tests.system.conftest import Run
from tests.system.media import look, seconds_of, write_stereo_mp3


def test_help_loads_nothing_that_only_commands_need(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    result = run("aqgt", "--help")
    assert result.returncode == 0
    assert "generate" in result.stdout
    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "aqgt.cli.app" in loaded
    assert not loaded & {"torch", "scipy", "numba", "librosa", "transformers", "av", "pocketsphinx"}


@pytest.mark.slow
def test_align_times_the_words_of_the_recording(
    run: Run, voice: Path, transcript: Path, tmp_path: Path
) -> None:
    result = run("aqgt", "align", voice, transcript, "-o", "words.json")
    assert result.returncode == 0, result.stderr
    words = read_words(tmp_path / "words.json")
    assert len(words) == len(transcript.read_text().split())
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert words[-1].end <= seconds_of(voice) + 0.01


@pytest.mark.slow
def test_annotate_prints_markers_that_generate_obeys(
    run: Run, voice: Path, transcript: Path, tmp_path: Path
) -> None:
    result = run("aqgt", "annotate", voice, "--text", transcript)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.strip().splitlines()
    assert len(lines) >= 5
    assert all(line.split()[1] == "G:" for line in lines)
    (tmp_path / "mine.txt").write_text("\n".join(lines[:3]) + "\n")
    options = ["--annotations", "mine.txt", "--annotate", "none", "--model", "debug", "-o", "a.npz"]
    result = run("aqgt", "generate", voice, *options)
    assert result.returncode == 0, result.stderr
    spans = read_npz(tmp_path / "a.npz").spans
    assert [span.start for span in spans] == pytest.approx([float(line.split()[0]) for line in lines[:3]])


@pytest.mark.slow
def test_generate_writes_motion_and_a_video_as_long_as_the_recording(
    run: Run, voice: Path, transcript: Path, tmp_path: Path
) -> None:
    _generate_everything(run, "debug", voice, transcript, tmp_path)


@pytest.mark.slow
def test_so_does_the_default_model(
    run: Run, voice: Path, transcript: Path, compact: str, tmp_path: Path
) -> None:
    _generate_everything(run, compact, voice, transcript, tmp_path)


def _generate_everything(run: Run, model: str, voice: Path, transcript: Path, folder: Path) -> None:
    outputs = ["-o", "x.npz", "-o", "x.bvh", "-o", "x.mp4"]
    result = run("aqgt", "generate", voice, "--text", transcript, "--model", model, *outputs, timeout=280)
    assert result.returncode == 0, result.stderr
    seconds = seconds_of(voice)
    record = read_npz(folder / "x.npz")
    assert record.motion.duration == pytest.approx(seconds, abs=1 / 15)
    assert np.isfinite(record.motion.bone_vectors).all()
    assert record.provenance["model"] == model
    assert record.spans, "the planner annotates unless told otherwise"
    skeleton = read_bvh(folder / "x.bvh")
    assert skeleton.duration == pytest.approx(seconds, abs=1 / 15)
    film = look(folder / "x.mp4")
    assert film.picture == pytest.approx(seconds, abs=0.1)
    assert film.sound == pytest.approx(seconds, abs=0.1)
    assert film.loudness > 0.005
    assert film.movement > 0.01


@pytest.mark.slow
def test_a_stereo_mp3_needs_no_conversion(run: Run, voice: Path, tmp_path: Path) -> None:
    write_stereo_mp3(tmp_path / "voice.mp3", voice)
    result = run("aqgt", "generate", "voice.mp3", "--model", "debug", "-o", "a.npz")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("sound alone") == 1, "no transcript is said in one sentence"
    assert read_npz(tmp_path / "a.npz").motion.duration == pytest.approx(seconds_of(voice), abs=0.15)
