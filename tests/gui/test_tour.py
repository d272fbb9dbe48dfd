# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole piece of work in a real window, from the empty tab to the file that is opened again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.gui.window import run_scenario

SIZE = (1280, 1400)
PICTURES = ("tab", "dragging", "progress", "solo", "reopened")
SECTIONS = ("connection", "speech", "annotate", "generate", "takes", "retarget", "batch")


def keep_pictures(checkout: Path, folder: Path) -> None:
    """Pictures into out/gui/tour; those of sections without the empty place below."""
    kept = checkout / "out" / "gui" / "tour"
    kept.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.png"):
        picture = Image.open(path).convert("RGB")
        if path.stem.startswith("section-"):
            rows = np.asarray(picture, dtype=int)[:, 5:-25]
            drawn = np.flatnonzero(np.abs(rows - rows[:, :1]).max(axis=(1, 2)) > 12)
            picture = picture.crop((0, 0, picture.width, min(picture.height, int(drawn[-1]) + 10)))
        picture.save(kept / path.name)


@pytest.mark.timeout(450)  # half a minute of it are the pictures
def test_a_whole_piece_of_work(
    gui_root: Path, extension_zip: Path, engine: str, checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "engine.txt").write_text(engine)
    shutil.copy(checkout / "rigs/characters/mh_mixamo_male.glb", tmp_path / "character.glb")
    voice = checkout / "examples" / "voice" / "sense_and_sensibility.wav"
    shutil.copy(voice, tmp_path / "voice.wav")
    shutil.copy(voice.with_suffix(".txt"), tmp_path / "voice.txt")
    try:
        output = run_scenario(gui_root, extension_zip, tmp_path, "tour", SIZE)
    finally:
        keep_pictures(checkout, tmp_path)
    assert "Traceback" not in output, output
    said = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    words = str(len(voice.with_suffix(".txt").read_text(encoding="utf-8").split()))
    assert said["ENGINE"] == "READY", output
    assert said["ANNOTATED"].startswith(f"1 {words} G: iconic"), output
    assert said["INVOKED"] == "{'RUNNING_MODAL'}"
    assert said["CANCELLED"] == "True 0", output
    progress = [float(fraction) for fraction in said["PROGRESS"].split()]
    assert progress == sorted(progress), output
    assert len(progress) >= 3, output
    assert said["GENERATED"] == f"2 0 1 {words}", output
    assert said["SOLO"] == f"2 1 1 {words}", output
    assert said["UNDONE"] == said["GENERATED"], output
    assert said["REDONE"] == said["SOLO"], output
    assert said["REOPENED"] == f"True {said['REOPENED'].split()[1]} 2 1 1 {words}", output
    for name in (*PICTURES, *(f"section-{name}" for name in SECTIONS)):
        assert np.asarray(Image.open(tmp_path / f"{name}.png").convert("L"), dtype=float).std() > 1, name
    widths = {line.split()[2] for line in output.splitlines() if line.startswith("SECTION ")}
    assert len(widths) == 1, "every section was seen at the same width"


@pytest.mark.parametrize("name", SECTIONS)
def test_the_tour_shows_every_section(name: str, checkout: Path) -> None:
    picture = checkout / "docs" / "images" / f"tour-{name}.png"
    assert Image.open(picture).width < 400
    assert picture.name in (checkout / "docs" / "tour.md").read_text(encoding="utf-8")
