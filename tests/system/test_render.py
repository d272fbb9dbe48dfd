# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend as a video: killed and resumed, with every engine, and from a job file."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.system.conftest import environment, program
from tests.system.media import RATE, look, read_wav, write_wav
from tests.system.processes import descendants_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RIG = "rigs/characters/mh_mixamo_male.glb"


@pytest.fixture(scope="module")
def character_blend(tmp_path_factory: pytest.TempPathFactory, checkout: Path, voice: Path) -> Path:
    """Two seconds of gestures on the demo character, with its voice."""
    folder = tmp_path_factory.mktemp("render")
    write_wav(folder / "two.wav", read_wav(voice)[: 2 * RATE])
    job = {"audio": "two.wav", "model": "debug", "character": str(checkout / RIG), "outputs": ["blend"]}
    (folder / "jobs.yaml").write_text(yaml.safe_dump({"output": "out", "jobs": [job]}), encoding="utf-8")
    result = subprocess.run(
        [program("aqgt"), "batch", folder / "jobs.yaml"],
        env=render_environment(checkout, folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "out" / "two.blend"


def render_environment(checkout: Path, folder: Path) -> dict[str, str]:
    blender = checkout / ".venv-blender" / "bin" / "python"
    return {**environment(), "BLENDER": str(blender), "BLENDER_USER_RESOURCES": str(folder / "blender")}


def test_a_render_is_killed_and_resumed(character_blend: Path, checkout: Path) -> None:
    folder = character_blend.parent
    video = folder / "film.mp4"
    frames = folder / ".film.mp4.frames"
    command = [program("aqgt"), "render", character_blend, "-o", video, "--width", "160", "--height", "90"]
    command += ["--step", "2", "--processes", "2"]
    environment_ = render_environment(checkout, folder.parent)
    process = subprocess.Popen(
        list(map(str, command)), env=environment_, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 240
    while len(list(frames.glob("[0-9]*.png"))) < 5:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    below = descendants_of(process.pid)
    process.kill()
    process.communicate()
    while any(Path(f"/proc/{one}/cmdline").exists() for one in below):
        assert time.monotonic() < deadline, "Blender outlived its parent"
        time.sleep(0.05)
    assert not video.exists()
    made = {path.name: path.stat().st_mtime_ns for path in frames.glob("[0-9]*.png")}
    assert 5 <= len(made) < 30
    result = subprocess.run(
        list(map(str, command)), env=environment_, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert f"30 frames, {len(made)} of them rendered earlier, 2.0 s, with sound" in result.stderr
    assert not frames.exists()
    film = look(video)
    assert film.picture == pytest.approx(2.0, abs=0.01)
    assert film.sound == pytest.approx(2.0, abs=0.05)
    assert film.fps == 15
    assert film.loudness > 0.005
    assert film.movement > 0.005


@pytest.mark.parametrize("engine", ["eevee", "cycles"])
def test_other_engines_render_too(engine: str, character_blend: Path, checkout: Path) -> None:
    video = character_blend.parent / f"{engine}.mp4"
    command = [program("aqgt"), "render", character_blend, "-o", video, "--engine", engine]
    command += ["--width", "96", "--height", "54", "--samples", "1", "--first", "10", "--last", "12"]
    result = subprocess.run(
        list(map(str, command)),
        env=render_environment(checkout, character_blend.parent.parent),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    film = look(video)
    assert film.picture == pytest.approx(3 / 30, abs=0.001)


def test_a_job_file_is_rendered_from_what_its_batch_made(character_blend: Path, checkout: Path) -> None:
    folder = character_blend.parent.parent
    command = [
        program("aqgt"),
        "render",
        folder / "jobs.yaml",
        "--width",
        "64",
        "--height",
        "36",
        "--last",
        "6",
    ]
    result = subprocess.run(
        list(map(str, command)),
        env=render_environment(checkout, folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert look(folder / "out" / "two.mp4").picture == pytest.approx(6 / 30, abs=0.001)
